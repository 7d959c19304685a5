"""A shape of a list; it must read the list's state."""

from typing import Any


def none(resource: Any) -> Any:
    return ""


def build(state: Any, arguments: Any) -> dict[str, Any]:
    return {}
