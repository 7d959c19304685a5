"""Kinds whose value is picked: yes or no, one choice, a record, a file.

It must not look whether a record or a file is there; `store` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid

from diwan.db.context import current
from diwan.kit.i18n import _, listed
from diwan.resources.kinds.kind import CHOICE_OPERATORS, STRING, Kind

if TYPE_CHECKING:
    from diwan.resources.fields import Field


def _boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in ("1", "true", "yes", "on", "y", "نعم"):
        return True
    if text in ("", "0", "false", "no", "off", "n", "لا"):
        return False
    raise ValueError(_("Enter yes or no."))


def read_choice(field: Field, raw: Any) -> str | None:
    """Return the value of a choice, given as value or label."""
    text = str(raw).strip() if isinstance(raw, str) else raw
    if text == "":
        return None
    if isinstance(text, str) and text in field.choices:
        return text
    key = str(text).casefold()
    for value, label in field.choices.items():
        if key in (value.casefold(), str(label).casefold()):
            return value
    raise ValueError(_("Choose one of: %(choices)s.", choices=listed(field.choices.values())))


def read_id(field: Field, raw: Any) -> UUID | None:
    """Return the id of a record; "me" is the person who asks, where people are referred to."""
    if raw == "":
        return None
    if raw == "me" and field.ref == "core.person":
        return current.user.id
    if isinstance(raw, UUID):
        return raw
    try:
        return UUID(str(raw))
    except ValueError:
        raise ValueError(_("Choose a record from the list.")) from None


def _file(field: Field, raw: Any) -> UUID | None:
    try:
        return read_id(field, raw)
    except ValueError:
        raise ValueError(_("Upload the file first.")) from None


ID = {"type": "string", "format": "uuid"}
PRESENCE = ("empty", "filled")
CHOSEN = (
    Kind("boolean", _boolean, {"type": "boolean"}, ("eq",)),
    Kind("choice", read_choice, STRING, CHOICE_OPERATORS),
    Kind("reference", read_id, ID, CHOICE_OPERATORS, sortable=False, load=UUID),
    Kind("file", _file, ID, PRESENCE, sortable=False, column=Uuid(), load=UUID),
    Kind("image", _file, ID, PRESENCE, sortable=False, column=Uuid(), load=UUID),
)
