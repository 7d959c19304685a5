"""The screens: server-rendered pages for people, in Arabic and English.

It must not hold rules; pages read requests, call services and the resource layer, and fill templates.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages, in the order in which a request passes them."""
    from diwan.web import (
        actions,
        admin,
        api_reference,
        around,
        auth,
        branding,
        bulk_pages,
        cards,
        cell_pages,
        compression,
        context,
        dashboard,
        documents,
        errors,
        export_pages,
        files,
        form_pages,
        headers,
        health,
        home,
        imports,
        list_pages,
        moves,
        notifications,
        palette,
        plugin_pages,
        plugin_settings,
        preferences,
        resources,
        rows,
        shortcut_page,
        static_files,
        tasks,
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
        api_reference,
        home,
        form_pages,
        dashboard,
        palette,
        preferences,
        shortcut_page,
        branding,
        imports,
        plugin_pages,
        undo,
        moves,
        documents,
        actions,
        plugin_settings,
        list_pages,
        cell_pages,
        bulk_pages,
        export_pages,
        files,
        around,
        tasks,
        notifications,
        resources,
    ):
        part.register(app)
