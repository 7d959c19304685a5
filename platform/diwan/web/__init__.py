"""The screens: server-rendered pages for people, in Arabic and English.

It must not hold rules; pages read requests, call services and the resource layer, and fill templates.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages, in the order in which a request passes them."""
    from importlib import import_module

    for name in ("static_files", "ui", "headers", "context", "errors", "health", "auth", "admin", "home", "imports", "plugin_pages", "resources"):
        try:
            part = import_module(f"diwan.web.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"diwan.web.{name}":
                raise
            continue
        if hasattr(part, "register"):
            part.register(app)
