"""What layers above the kernel do for plugins: rendering a page, telling how far a job is.

They give their functions at start-up, so that `diwan.plugin` can offer them without knowing Flask or the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_given: dict[str, Callable[..., Any]] = {}


def give(name: str, function: Callable[..., Any]) -> None:
    """Make `function` what `name` does from now on."""
    _given[name] = function


def render(template: str, **context: Any) -> str:
    """Return a page of this plugin inside the shell: `render("loans/board.html", title=_("Board"), loans=loans)`.

    The template lies in the plugin's `templates/` and extends `shell.html`; `title` is the page's name.
    """
    if "render" not in _given:
        raise RuntimeError("Pages are rendered within requests only.")
    return str(_given["render"](template, **context))


def progress(done: int, total: int, message: object = "") -> None:
    """Say how far a job or a long action is; outside of one it does nothing."""
    if "progress" in _given:
        _given["progress"](done, total, message)
