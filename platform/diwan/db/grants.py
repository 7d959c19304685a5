"""What a grant says, and the compiled grants of an actor: permission, reach over records, reach over fields.

It must not know which permissions, scopes or fields exist; it reads texts such as `crm.lead.read:own-budget`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

GRANT = re.compile(
    r"(?:\*|[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)*\.\*"
    r"|[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)*(?::[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)?(?:[+-][a-z][a-z0-9_]*)*)"
)
"""`*`, `crm.*`, or one permission, which may be narrowed: `key`, `key:scope`, `key:scope-field+field`."""

ALL = "all"
NARROWED = re.compile(r"(?P<key>[^:+-]+)(?::(?P<scope>[^+-]+))?(?P<fields>.*)")
FIELD = re.compile(r"([+-])([a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant. `scope` says on which records: all, own, team, or one that a plugin adds (`crm.territory`).

    `without`: fields that it does not reach. `with_`: sensitive fields that it reaches; a wildcard reaches them all.
    """

    permission: str
    scope: str = ALL
    without: frozenset[str] = frozenset()
    with_: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Grant:
        """Read a grant's text. Raises ValueError where it is none."""
        if not GRANT.fullmatch(text):
            raise ValueError(text)
        if text.endswith("*"):
            return cls(text)
        key, scope, written = NARROWED.fullmatch(text).groups()  # type: ignore[union-attr] # GRANT says that it matches
        fields = FIELD.findall(written)
        return cls(
            key,
            scope or ALL,
            frozenset(name for sign, name in fields if sign == "-"),
            frozenset(name for sign, name in fields if sign == "+"),
        )

    @property
    def is_wildcard(self) -> bool:
        return self.permission.endswith("*")

    def __str__(self) -> str:
        scope = "" if self.scope == ALL else f":{self.scope}"
        fields = [f"-{name}" for name in sorted(self.without)] + [f"+{name}" for name in sorted(self.with_)]
        return self.permission + scope + "".join(fields)

    def covers(self, wanted: Grant) -> bool:
        """Return whether this grant allows all that `wanted` allows."""
        if self.is_wildcard:
            return wanted.permission.removesuffix("*").startswith(self.permission[:-1])
        return (
            self.permission == wanted.permission
            and narrower(self.scope, wanted.scope) == wanted.scope
            and self.without <= wanted.without
            and wanted.with_ <= self.with_
        )

    def meet(self, other: Grant) -> Grant | None:
        """Return what both grants allow, as one grant; None where that is nothing, or cannot be said."""
        if self.is_wildcard or other.is_wildcard:
            return other if self.covers(other) else self if other.covers(self) else None
        scope = narrower(self.scope, other.scope)
        if self.permission != other.permission or scope is None:
            return None
        return Grant(self.permission, scope, self.without | other.without, self.with_ & other.with_)


def narrower(one: str, other: str) -> str | None:
    """Return the scope that lies within the other: own within team, each within all. None for two that do not nest."""
    order = {ALL: 0, "team": 1, "own": 2}
    if other in (one, ALL):
        return one
    if one == ALL:
        return other
    if one in order and other in order:
        return one if order[one] > order[other] else other
    return None


EVERYTHING: tuple[Grant, ...] = (Grant("*"),)


@dataclass(frozen=True, slots=True, eq=False)
class Grants:
    """The permissions of an actor. `keys` are exact, `prefixes` come of wildcards (`contacts.` of `contacts.*`).

    Equal texts give one and the same object, so that what is worked out for it is found again by it.
    """

    keys: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Grants:
        """Compile role grants. Texts that are no grants allow nothing."""
        # What comes as a tuple comes from the database, in order and each once.
        return _compile(texts if isinstance(texts, tuple) else tuple(sorted(set(texts))))

    def __contains__(self, permission: str) -> bool:
        return permission in self.keys or (bool(self.prefixes) and permission.startswith(self.prefixes))

    @property
    def everything(self) -> bool:
        """Whether nothing is out of reach."""
        return "" in self.prefixes

    def reaching(self, permission: str) -> tuple[Grant, ...]:
        """Return the grants that give a permission: a wildcard alone where there is one, for it reaches everything."""
        if self.prefixes and permission.startswith(self.prefixes):
            return EVERYTHING
        return self.keys.get(permission, ())


@lru_cache(maxsize=5_000)
def _compile(texts: tuple[str, ...]) -> Grants:
    keys: dict[str, list[Grant]] = {}
    prefixes = []
    for text in texts:
        if not GRANT.fullmatch(text):
            continue
        grant = Grant.parse(text)
        if grant.is_wildcard:
            prefixes.append(text[:-1])
        else:
            keys.setdefault(grant.permission, []).append(grant)
    return Grants({key: tuple(found) for key, found in keys.items()}, tuple(prefixes))
