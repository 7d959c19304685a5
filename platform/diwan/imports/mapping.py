"""Guesses which column of a file goes to which field, from names in English and Arabic and from the values themselves.

It must not touch the database nor decide alone: every guess says how sure it is and why, and the person corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diwan.imports.synonyms import CONCEPTS, KINDS
from diwan.imports.table import Text, plain
from diwan.kit.countries import recognise
from diwan.kit.i18n import _
from diwan.kit.phones import looks_like_phone
from diwan.kit.text import fold

EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]{2,}")
URL = re.compile(
    r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|info|biz|[a-z]{2})(?:/\S*)?", re.IGNORECASE
)
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d.*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
NUMBER = re.compile(r"[-+]?\d[\d ,.٬٫']*")
YES_NO = frozenset({"yes", "no", "true", "false", "y", "n", "0", "1", "نعم", "لا"})
WORD = re.compile(r"[^\W_]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LEAST = 0.5  # below this a column is left for the person


@dataclass(frozen=True, slots=True)
class Target:
    """A place that a column can go to. `multi` takes several columns; `required` is only shown."""

    name: str
    label: str
    synonyms: tuple[str, ...] = ()
    kind: str = "text"
    multi: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """Where a column probably goes (None: nowhere), how sure that is (0 to 1), and why, for the person to read."""

    column: str
    target: str | None
    confidence: float
    why: Text


def guess(headers: Sequence[str], samples: Sequence[Sequence[str]], targets: Sequence[Target]) -> list[Guess]:
    """Return one guess per header, in order. `samples` are some rows; each target is used once unless multi."""
    names = [normal(header) for header in headers]
    values = [_column_values(samples, index) for index in range(len(headers))]
    accepted = {target.name: _accepted(target) for target in targets}
    scored = [
        (score, -column, -rank, target, why)
        for column, name in enumerate(names)
        for rank, target in enumerate(targets)
        for score, why in [_score(name, values[column], target, accepted[target.name])]
        if score >= LEAST
    ]
    chosen: dict[int, Guess] = {}
    taken = set[str]()
    for score, column, _rank, target, why in sorted(scored, key=lambda entry: entry[:3], reverse=True):
        if -column in chosen or (target.name in taken and not target.multi):
            continue
        chosen[-column] = Guess(headers[-column], target.name, round(score, 2), why)
        taken.add(target.name)
    nothing = _("No matching field")
    return [chosen.get(index) or Guess(header, None, 0.0, nothing) for index, header in enumerate(headers)]


def normal(name: str) -> str:
    """Return a header or label as folded words: "Company_Name", "companyName" and "COMPANY NAME " are the same."""
    words = WORD.findall(fold(CAMEL.sub(" ", plain(name))))
    return " ".join(word.removeprefix("ال") if len(word) > 4 else word for word in words)


def _accepted(target: Target) -> dict[str, float]:
    """Every name that means this target, with how surely it does."""
    own = [normal(target.name), normal(target.label), *map(normal, target.synonyms)]
    accepted: dict[str, float] = {}
    for concept, names in CONCEPTS.items():
        meanings = [normal(name) for name in (concept, *names)]
        if normal(concept) in own or any(name in own for name in meanings[1:4]):
            accepted.update(dict.fromkeys(meanings, 0.9))
    for name in KINDS.get(target.kind, ()):
        accepted.setdefault(normal(name), 0.8)
    accepted.update(dict.fromkeys(own, 1.0))
    accepted.pop("", None)
    return accepted


def _score(name: str, values: list[str], target: Target, accepted: dict[str, float]) -> tuple[float, Text]:
    by_name = _by_name(name, accepted)
    test = EVIDENCE.get(target.kind)
    share = _share(values, test) if test else None
    if share is None:
        return by_name, _("The name of the column")
    if by_name:
        # Values of the wrong kind weigh against a name; those of the right kind confirm it.
        return min(1.0, by_name * (0.6 + 0.4 * share) + 0.05 * share), _("The name and the values of the column")
    if target.kind in TELLING and share >= 0.8 and len(values) >= 2:
        return 0.5 + 0.2 * share, _("The values of the column")
    return 0.0, ""


def _by_name(name: str, accepted: dict[str, float]) -> float:
    if name in accepted:
        return accepted[name]
    words, best = set(name.split()), 0.0
    if not words:
        return 0.0
    for other, worth in accepted.items():
        parts = set(other.split())
        common = len(words & parts)
        if common and (parts <= words or words <= parts):
            best = max(best, worth * 0.85 * common / max(len(words), len(parts)) + 0.1)
    return min(best, 0.85)


def _column_values(samples: Sequence[Sequence[str]], index: int) -> list[str]:
    return [text for row in samples if index < len(row) and (text := plain(row[index]))]


def _share(values: list[str], test: Callable[[str], bool]) -> float | None:
    return sum(map(test, values)) / len(values) if values else None


def _is(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


EVIDENCE: dict[str, Callable[[str], bool]] = {
    "email": _is(EMAIL),
    "phone": looks_like_phone,
    "url": _is(URL),
    "country": lambda text: recognise(text) is not None,
    "date": _is(DATE),
    "datetime": _is(DATE),
    "integer": _is(NUMBER),
    "decimal": _is(NUMBER),
    "money": _is(NUMBER),
    "boolean": lambda text: fold(text) in YES_NO,
}
TELLING = frozenset({"email", "phone", "url", "country"})  # kinds that values alone can show
