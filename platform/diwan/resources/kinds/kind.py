"""What a kind of value is, and the operators that kinds share.

It must not know any one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from diwan.resources.fields import Field

TEXT_OPERATORS = ("contains", "starts", "eq", "ne", "in", "empty", "filled")
LONG_OPERATORS = ("contains", "empty", "filled")
ORDER_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "empty", "filled")
DATE_OPERATORS = (*ORDER_OPERATORS, "within")
CHOICE_OPERATORS = ("eq", "ne", "in", "empty", "filled")
LIST_OPERATORS = ("has", "hasnot", "empty", "filled")

STRING: Mapping[str, Any] = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value. `parse` raises ValueError with a message for the person.

    column: the column's type, where the annotation alone would not give it. several: its values are lists, never
    NULL. languages: its values are a text in each language. load: from what JSON keeps (custom fields) to a value.
    """

    name: str
    parse: Callable[[Field, Any], Any]
    schema: Mapping[str, Any]
    operators: tuple[str, ...]
    longest: int = 0
    sortable: bool = True
    column: TypeEngine[Any] | None = None
    several: bool = False
    structured: bool = False
    load: Callable[[Any], Any] | None = None
