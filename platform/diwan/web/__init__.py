"""The screens: server-rendered pages for people, in Arabic and English.

It must not hold rules; pages read requests, call services and the resource layer, and fill templates.
"""

from __future__ import annotations

from importlib import import_module

from flask import Flask

# In the order in which a request passes them; `resources` comes last, so that a module's own pages win.
PARTS = (
    "slow_bodies",
    "static_files",
    "ui",
    "rows",
    "cards",
    "compression",
    "headers",
    "bounds",
    "context",
    "viewing",
    "errors",
    "health",
    "well_known",
    "auth",
    "account",
    "admin",
    "operator",
    "keeping",
    "api_reference",
    "home",
    "form_pages",
    "dashboard",
    "palette",
    "preferences",
    "shortcut_page",
    "branding",
    "imports",
    "plugin_pages",
    "undo",
    "moves",
    "documents",
    "actions",
    "plugin_settings",
    "list_pages",
    "cell_pages",
    "bulk_pages",
    "tagging",
    "export_pages",
    "files",
    "around",
    "tasks",
    "notifications",
    "resources",
)


def register(app: Flask) -> None:
    """Bind the pages."""
    for name in PARTS:
        import_module(f"diwan.web.{name}").register(app)
