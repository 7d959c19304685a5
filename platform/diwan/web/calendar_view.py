"""A shape of a list; it must read the list's state."""

from typing import Any


def date_fields(resource: Any) -> Any:
    return ""


def build(state: Any, arguments: Any) -> dict[str, Any]:
    return {}


def moved(resource: Any, record: Any, form: Any) -> dict[str, Any]:
    return {}
