"""Turns the values of events and jobs into JSON and, by their annotations, back.

It must stay small: ids, numbers, text, dates and plain collections of them. Whoever needs more sends an id.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union, get_args, get_origin
from uuid import UUID

SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: str,
    int: int,
    bool: bool,
    float: float,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
}
COLLECTIONS: dict[Any, type] = {list: list, Sequence: list, tuple: tuple, dict: dict, Mapping: dict}
ANYTHING = (Any, object)


def encode(value: Any) -> Any:
    """Return `value` as JSON data. Raises TypeError for a type that has no JSON form here."""
    if value is None or isinstance(value, bool | int | float | str):
        # A lazy text or an enumeration is not plain: only exact types survive the way through JSON.
        return value if type(value) in (type(None), bool, int, float, str) else _plain(value)
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot travel in an event or a job: send an id, a number, text or a date")


def decode(hint: Any, data: Any) -> Any:
    """Return JSON data as the type that the annotation names."""
    if hint in ANYTHING or hint is None or data is None:
        return data
    if hint in SCALARS:
        return SCALARS[hint](data)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return decode(next(part for part in get_args(hint) if part is not type(None)), data)
    made = COLLECTIONS.get(origin or hint)
    if made is None:
        raise TypeError(f"{hint!r} cannot be read from JSON")
    arguments = get_args(hint)
    if made is dict:
        item = arguments[1] if len(arguments) == 2 else Any
        key = arguments[0] if len(arguments) == 2 else Any
        return {decode(key, name): decode(item, part) for name, part in data.items()}
    return made(decode(arguments[0] if arguments else Any, part) for part in data)


def check(hint: Any) -> None:
    """Raise TypeError unless values of this annotation can be encoded and decoded."""
    if hint in ANYTHING or hint in SCALARS:
        return
    origin, arguments = get_origin(hint), [part for part in get_args(hint) if part not in (type(None), ...)]
    if origin in (Union, types.UnionType):
        if len(arguments) != 1:
            raise TypeError(f"{hint} is ambiguous in JSON: one type, or one type and None")
    elif (origin or hint) not in COLLECTIONS:
        raise TypeError(f"{hint} cannot travel in an event: use ids, numbers, text, dates or collections of them")
    for part in arguments:
        check(part)


def decode_arguments(function: Callable[..., Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload as keyword arguments for a function, decoded by the function's annotations."""
    hints = typing.get_type_hints(function)
    return {name: decode(hints.get(name, Any), value) for name, value in payload.items()}


def _plain(value: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
