"""The screens: server-rendered pages for people, in Arabic and English.

It must not hold rules; pages read requests, call services and the resource layer, and fill templates.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages, in the order in which a request passes them."""
    from diwan.web import (
        admin,
        auth,
        cards,
        compression,
        context,
        documents,
        errors,
        headers,
        health,
        home,
        imports,
        moves,
        plugin_pages,
        resources,
        rows,
        static_files,
        ui,
        undo,
    )

    for part in (
        static_files,
        ui,
        rows,
        cards,
        compression,
        headers,
        context,
        errors,
        health,
        auth,
        admin,
        home,
        imports,
        plugin_pages,
        undo,
        moves,
        documents,
        resources,
    ):
        part.register(app)
