"""The HTML of a list's rows and cells; in Python, because a page has hundreds and a template is five times slower.

It must escape everything it is given, and know nothing of resources: columns and values come ready to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from flask import Flask
from markupsafe import Markup

from diwan.kit.i18n import _, listed
from diwan.web.ui import avatar_colour, icon, initials

NOTHING = '<span class="nil" aria-hidden="true">–</span>'


def register(app: Flask) -> None:
    """Give the templates both functions."""
    app.jinja_env.globals.update(cell=cell, list_rows=list_rows)


def list_rows(columns: Sequence[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]], *, select: bool) -> Markup:
    """Return the rows of a table: `columns` {kind, label, end}, `rows` {id, href, label, cells, archived}.

    The first cell is the link to the record, mostly its title. With `select` each row begins with a checkbox named
    `id` of the form `bulk`.
    """
    first = str(columns[0].get("kind") or "text") if columns else "text"
    shown = [(str(c.get("kind") or "text"), _safe(c["label"]), "end num" if c.get("end") else "") for c in columns[1:]]
    before, after = _safe(_("Select %(name)s", name="\0")).split("\0")
    parts: list[str] = []
    for row in rows:
        key, cells = _safe(row["id"]), row["cells"]
        parts.append(f'<tr data-row role="row" id="row-{key}"{" class=archived" if row.get("archived") else ""}>')
        if select:
            parts.append(
                f'<td class="select-cell" role="cell"><input type="checkbox" id="select-{key}" name="id" value="{key}"'
                f' form="bulk" data-select-row aria-label="{before}{_safe(row["label"])}{after}"></td>'
            )
        parts.append(f'<td class="title-cell" role="cell">{_first(first, cells[0], row["href"])}</td>')
        for (kind, label, css), value in zip(shown, cells[1:], strict=True):
            empty = value is None or value == ""
            classes = f"{css} nil-cell" if empty else css
            content = NOTHING if empty else CELLS.get(kind, _text)(value)
            parts.append(f'<td role="cell" class="{classes}" data-label="{label}">{content}</td>')
        parts.append("</tr>")
    return Markup("".join(parts))  # noqa: S704  (every value went through _safe)


def cell(kind: str, value: Any) -> Markup:
    """Return one cell's content. The value is a text, or what the kind needs; see CELLS."""
    if value is None or value == "":
        return Markup(NOTHING)  # noqa: S704
    return Markup(CELLS.get(kind, _text)(value))  # noqa: S704  (every value went through _safe)


def title_cell(value: Any, href: object, kind: str = "text") -> Markup:
    """Return the content of a row's first cell, the link to the record."""
    return Markup(_first(kind, value, href))  # noqa: S704  (every value went through _safe)


def _first(kind: str, value: Any, href: object) -> str:
    """A record's title as a link; where another column comes first, its value is the link."""
    if isinstance(value, list) and kind in PLAIN:
        value = listed(_part(item) for item in value)
    if kind in PLAIN or kind not in CELLS or value is None or value == "":
        return _title(value, href)
    return f'<a class="row-title" data-row-link href="{_safe(href)}">{CELLS[kind](value)}</a>'


def _safe(value: object) -> str:
    """Return the value as HTML: lazy texts and markup say it themselves."""
    markup = getattr(value, "__html__", None)
    return str(markup()) if markup else escape(str(value))


def _part(value: Any, name: str = "text") -> Any:
    return value.get(name) if isinstance(value, Mapping) else (value if name == "text" else None)


def _title(value: Any, href: object) -> str:
    """A text, or {text, sub, avatar: bool}."""
    text, sub, avatar = _part(value), _part(value, "sub"), ""
    if _part(value, "avatar"):
        avatar = f'<span class="av sq av{avatar_colour(text)}" aria-hidden="true">{_safe(initials(text))}</span>'
    below = f'<span class="sub2 trunc"><bdi>{_safe(sub)}</bdi></span>' if sub else ""
    name = _safe(text or _("Untitled"))
    link = f'<a class="row-title trunc" data-row-link href="{_safe(href)}"><bdi>{name}</bdi></a>'
    return f'<span class="who">{avatar}<span class="grow">{link}{below}</span></span>'


def _text(value: Any) -> str:
    return f"<bdi>{_safe(_part(value))}</bdi>"


def _number(value: Any) -> str:
    """A text, or {text, unit}."""
    unit = _part(value, "unit")
    after = f' <span class="unit">{_safe(unit)}</span>' if unit else ""
    return f'<span class="num" dir="ltr">{_safe(_part(value))}{after}</span>'


def _links(value: Any) -> str:
    return f'<span class="badges">{"".join(map(_reference, value))}</span>'


def _colour(value: Any) -> str:
    colour = _safe(value)
    return (
        '<span class="row"><svg class="swatch" viewBox="0 0 16 16" aria-hidden="true">'
        f'<rect width="16" height="16" rx="4" fill="{colour}"/></svg>'
        f'<span class="num xs" dir="ltr">{colour}</span></span>'
    )


def _image(value: Any) -> str:
    """{text, href}: a small picture that leads to the whole one."""
    if not _part(value, "href"):
        return _text(value)
    href = _safe(_part(value, "href"))
    return (
        f'<a class="thumb" href="{href}" title="{_safe(_part(value))}">'
        f'<img src="{href}?small=1" alt="{_safe(_part(value))}" loading="lazy" width="32" height="32"></a>'
    )


def _choice(value: Any) -> str:
    """A text, or {text, tone}."""
    return f'<span class="badge {_safe(_part(value, "tone") or "mute")}">{_safe(_part(value))}</span>'


def _choices(value: Any) -> str:
    return f'<span class="badges">{"".join(map(_choice, value))}</span>'


def _boolean(value: Any) -> str:
    if value:
        return f'<span class="yes">{icon("check")}<span class="sr">{_safe(_("Yes"))}</span></span>'
    return f'{NOTHING}<span class="sr">{_safe(_("No"))}</span>'


def _email(value: Any) -> str:
    return f'<a class="quiet-link" dir="ltr" href="mailto:{_safe(value)}">{_safe(value)}</a>'


def _phone(value: Any) -> str:
    number = _safe(value)
    return f'<a class="quiet-link num" dir="ltr" href="tel:{number.replace(" ", "")}">{number}</a>'


def _url(value: Any) -> str:
    """Only web addresses become links: `javascript:` and the like stay text."""
    text = str(value)
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return _text(value)
    return (
        f'<a class="quiet-link" dir="ltr" href="{_safe(text)}" rel="noopener noreferrer" target="_blank">'
        f"{_safe(rest.removesuffix('/'))}</a>"
    )


def _reference(value: Any) -> str:
    """A text, or {text, href}."""
    href = _part(value, "href")
    return f'<a class="quiet-link" href="{_safe(href)}">{_text(value)}</a>' if href else _text(value)


def _progress(value: Any) -> str:
    percent = min(max(float(value), 0), 100)
    return (
        '<span class="row"><svg class="bar mini" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{percent:g}" height="8"/></svg><span class="num xs">{percent:.0f}%</span></span>'
    )


PLAIN = frozenset({"text", "email", "phone", "url", "reference", "references", "file", "image"})
"""Kinds whose cells hold links of their own; as the first of a row they are the text of the row's link."""

CELLS: dict[str, Callable[[Any], str]] = {
    "choice": _choice,
    "badge": _choice,
    "choices": _choices,
    "boolean": _boolean,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "reference": _reference,
    "progress": _progress,
    "integer": _number,
    "decimal": _number,
    "number": _number,
    "money": _number,
    "percent": _number,
    "quantity": _number,
    "duration": _number,
    "tags": _choices,
    "references": _links,
    "file": _reference,
    "image": _image,
    "colour": _colour,
}
