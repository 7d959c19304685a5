"""What every record has besides the fields of its model: moments of the table, and what other areas keep beside it.

It must know no area that adds something; names of such values begin with @, which no field's name can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement

from diwan.kit.i18n import _
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS

if TYPE_CHECKING:
    from diwan.resources.declare import Resource

SYSTEM_FIELDS = {
    "created_at": Field(label=_("Created"), readonly=True, name="created_at", kind=KINDS["datetime"]),
    "updated_at": Field(label=_("Changed"), readonly=True, name="updated_at", kind=KINDS["datetime"]),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """A value that stands beside each record: its SQL for a row of the resource's table, and its tests in a filter."""

    column: Callable[[Resource], Any]
    test: Callable[[Resource, str, Any], ColumnElement[bool]]


BESIDE: dict[str, Beside] = {}


def add_beside(described: Field, beside: Beside) -> None:
    """Give every record a value that can be a column and a filter, in lists, exports and the API alike."""
    if not described.name.startswith("@"):
        raise ValueError(f"{described.name!r}: the name of a value beside the records begins with @.")
    SYSTEM_FIELDS[described.name], BESIDE[described.name] = described, beside
