"""A shape of a list; it must read the list's state."""

from typing import Any


def parent_field(resource: Any) -> Any:
    return ""


def build(state: Any, arguments: Any) -> dict[str, Any]:
    return {}


def below(state: Any, arguments: Any) -> str:
    return ""


def moved(resource: Any, record: Any, form: Any) -> dict[str, Any]:
    return {}
