"""The public API is a promise: `api.txt` changes only on purpose (python tests/core/kernel/test_public_api.py)."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import diwan.plugin
import diwan.services

SNAPSHOT = Path(diwan.plugin.__file__).with_name("api.txt")


def surface() -> str:
    """Return every public name with its signature, one a line."""
    lines = [f"API {diwan.plugin.API}"]
    for module in (diwan.plugin, diwan.services):
        for name in sorted(module.__all__):
            thing = getattr(module, name)
            ours = getattr(thing, "__module__", "").startswith("diwan.")
            lines.append(f"{module.__name__}.{name}{_signature(thing) if ours else ''}")
            if ours and inspect.isclass(thing):
                lines.extend(f"{module.__name__}.{name}.{line}" for line in _members(thing))
    return "\n".join(lines) + "\n"


def _members(thing: type) -> list[str]:
    found = []
    for base in thing.__mro__:
        if not base.__module__.startswith("diwan."):
            continue
        for name, member in vars(base).items():
            if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, property | classmethod)):
                found.append(name + _signature(getattr(member, "__func__", member)))
    return sorted(set(found))


def _signature(thing: Any) -> str:
    if isinstance(thing, property) or not callable(thing):
        return ""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name not in ("self", "cls")]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


def test_the_surface_is_the_promised_one() -> None:
    assert surface() == SNAPSHOT.read_text(encoding="utf-8")


def test_nothing_is_defined_in_the_public_package() -> None:
    for name in diwan.plugin.__all__:
        assert getattr(getattr(diwan.plugin, name), "__module__", "") != "diwan.plugin"


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), encoding="utf-8")
