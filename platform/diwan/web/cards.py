"""The HTML of a board's cards; in Python like the rows of lists, because a board has hundreds of them.

It must escape everything it is given, and know nothing of resources: values come ready to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from flask import Flask
from markupsafe import Markup

from diwan.kit.i18n import _
from diwan.web.rows import cell
from diwan.web.ui import icon


def register(app: Flask) -> None:
    """Give the templates the function."""
    app.jinja_env.globals["board_cards"] = board_cards


def board_cards(cards: Iterable[Mapping[str, Any]], movable: bool) -> Markup:
    """Return cards {id, version, title, href, lines: [{label, kind, value}]} as items of a list."""
    before, after = escape(str(_("Move “%(name)s” to…", name="\0"))).split("\0")
    dots, parts = icon("dots-vertical"), []
    for card in cards:
        title = escape(str(card["title"]))
        parts.append(
            f'<li class="kcard" id="card-{card["id"]}" data-id="{card["id"]}" data-version="{card["version"]}">'
            f'<a class="row-title" data-card-link href="{escape(str(card["href"]))}"><bdi>{title}</bdi></a>'
        )
        if movable:
            parts.append(
                '<button type="button" class="icon-btn sm script" data-card-menu aria-haspopup="menu"'
                f' aria-label="{before}{title}{after}">{dots}</button>'
            )
        if card["lines"]:
            lines = "".join(
                f"<div><dt>{escape(str(line['label']))}</dt><dd>{cell(line['kind'], line['value'])}</dd></div>"
                for line in card["lines"]
            )
            parts.append(f"<dl>{lines}</dl>")
        parts.append("</li>")
    return Markup("".join(parts))  # noqa: S704  (every value was escaped)
