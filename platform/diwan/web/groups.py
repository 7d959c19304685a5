"""The values by which records are grouped, as people read them: badges of choices, names of records, months.

It must ask for the names of all values at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.resources.aggregate import Dimension
from diwan.resources.search import titles
from diwan.web.cells import choice_badges

Label = dict[str, Any]


def labels(subject: Dimension, values: Iterable[Any]) -> dict[Any, Label]:
    """Return for each value of a dimension its {text, tone}; None means records without a value."""
    wanted = list(dict.fromkeys(values))
    names = titles(subject.field.reference, wanted) if subject.field.reference else {}
    badges = choice_badges(subject.field) if subject.field.choices else {}
    return {value: _label(subject, value, badges, names) for value in wanted}


def _label(subject: Dimension, value: Any, badges: dict[str, Label], names: dict[Any, str]) -> Label:
    kind = subject.field.kind.name
    if value is None:
        return {"text": str(_("Not set")), "tone": "mute"}
    if value in badges:
        return badges[value]
    if kind in ("reference", "references"):
        text = names.get(value) or str(_("Unavailable"))
    elif kind == "boolean":
        text = str(_("Yes") if value else _("No"))
    elif kind == "country":
        text = formats.country(value)
    elif subject.span:
        text = formats.span(value, subject.span)
    else:
        text = str(value)
    return {"text": text, "tone": "mute"}
