"""Kinds whose values are lists: several choices, tags, several records.

A list is never NULL: the empty one says that there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from diwan.kit.i18n import _, listed
from diwan.kit.text import clean, fold
from diwan.resources.kinds.chosen import ID, read_choice, read_id
from diwan.resources.kinds.kind import LIST_OPERATORS, STRING, Kind

if TYPE_CHECKING:
    from diwan.resources.fields import Field

COMMAS = re.compile(r"[,;|،\n]")
MOST = 100
LONGEST_TAG = 40


def _items(raw: Any, message: object) -> list[Any]:
    """The items of a list, or of a text with commas between them."""
    if isinstance(raw, str):
        raw = [part for part in COMMAS.split(raw) if part.strip()]
    if not isinstance(raw, list | tuple):
        raise ValueError(message)
    if len(raw) > MOST:
        raise ValueError(_("At most %(most)s values.", most=MOST))
    return [item for item in raw if item not in ("", None)]


def _choices(field: Field, raw: Any) -> list[str]:
    items = _items(raw, _("Choose one of: %(choices)s.", choices=listed(field.choices.values())))
    values = [value for value in (read_choice(field, item) for item in items) if value is not None]
    return list(dict.fromkeys(values))


def _tags(field: Field, raw: Any) -> list[str]:
    """Words as typed, each once, whatever its case or accents."""
    tags: dict[str, str] = {}
    for item in _items(raw, _("Give a list of words.")):
        if not isinstance(item, str):
            raise ValueError(_("Give a list of words."))
        tag = " ".join(clean(item).split())
        if len(tag) > LONGEST_TAG:
            raise ValueError(_("A tag has at most %(most)s characters.", most=LONGEST_TAG))
        if tag:
            tags.setdefault(fold(tag) or tag, tag)
    return list(tags.values())


def _references(field: Field, raw: Any) -> list[UUID]:
    ids = [read_id(field, item) for item in _items(raw, _("Choose records from the list."))]
    return list(dict.fromkeys(id for id in ids if id is not None))


def _load_ids(raw: Any) -> list[UUID]:
    return [UUID(item) for item in raw]


SEVERAL = (
    Kind("choices", _choices, {"type": "array", "items": STRING}, LIST_OPERATORS, sortable=False,
         column=ARRAY(Text()), several=True),
    Kind("tags", _tags, {"type": "array", "items": STRING}, LIST_OPERATORS, sortable=False,
         column=ARRAY(Text()), several=True),
    Kind("references", _references, {"type": "array", "items": ID}, LIST_OPERATORS, sortable=False,
         column=ARRAY(Uuid()), several=True, load=_load_ids),
)  # fmt: skip
