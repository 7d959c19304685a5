"""What templates may say about looks: icons, built files, avatars, theme and density.

It must not query data or know what a page is about.
"""

from __future__ import annotations

import gzip
import json
import zlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app, has_request_context, request, session
from markupsafe import Markup

from diwan.db import current
from diwan.kit import dates
from diwan.kit.i18n import listed
from diwan.web.sessions import SignedIn

DIST = Path(__file__).parent / "static" / "dist"
STATIC_URL = "/static/dist/"
AVATAR_COLOURS = 8
THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")
UNKNOWN_ICON = "circle-dashed"


class AssetsMissing(RuntimeError):
    """The front end has not been built here."""

    def __init__(self) -> None:
        super().__init__("The built front end is missing. Run `make assets` (or `python platform/hatch_build.py`).")


@cache
def _manifest() -> dict[str, str]:
    try:
        manifest: dict[str, str] = json.loads((DIST / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        raise AssetsMissing from None
    return manifest


@cache
def _icons() -> dict[str, str]:
    try:
        icons: dict[str, str] = json.loads(gzip.decompress((DIST / "icons.json.gz").read_bytes()))
    except FileNotFoundError:
        raise AssetsMissing from None
    return icons


def asset(name: str) -> str:
    """Return the address of a built file by its plain name: `asset("app.js")`. It carries a hash, for caches."""
    return STATIC_URL + _manifest()[name]


def has_icon(name: str) -> bool:
    """Tell whether an icon of that name exists; plugins' manifests are checked with it."""
    return name in _icons()


@lru_cache(maxsize=2048)
def icon(name: str, classes: str = "") -> Markup:
    """Return the SVG of a Tabler outline icon. Directional ones take the class `i-flip`, which turns them in Arabic."""
    icons = _icons()
    body = icons.get(name) or icons[UNKNOWN_ICON]
    css = f"i {classes}".strip()
    return Markup(f'<svg class="{css}" viewBox="0 0 24 24" aria-hidden="true">{body}</svg>')  # noqa: S704  (our own build)


def avatar_colour(key: object) -> int:
    """Return the same one of eight colours for the same key, in every process."""
    return zlib.crc32(str(key).encode()) % AVATAR_COLOURS


def initials(name: object) -> str:
    """Return the letters for an avatar: "Mariam Al-Sabah" gives "MS"; Arabic letters are wide and give one."""
    words = [word for word in str(name).replace("-", " ").split() if word[:1].isalnum()]
    if not words:
        return "?"
    first = words[0] if words[0] == "ال" else words[0].removeprefix("ال")
    if "\u0600" <= first[0] <= "\u06ff":
        return first[0]
    second = words[-1] if len(words) <= 3 else words[1]
    return (first[0] + second[0] if len(words) > 1 else first[0]).upper()


@lru_cache(maxsize=512)
def week_start(country: str) -> int:
    """Return the first day of the week in a country, 0 for Sunday, as JavaScript counts."""
    try:
        monday_based: int = Locale.parse(f"und_{country.upper()}").first_week_day
    except (UnknownLocaleError, ValueError):
        return 1
    return (monday_based + 1) % 7


def brand_stylesheet(hue: float, chroma: float = 0.098) -> str:
    """Return the stylesheet of a tenant's brand colour; its lightness is ours, so any hue keeps its contrast."""
    return f":root{{--brand-h:{hue % 360:.0f};--brand-c:{min(max(chroma, 0), 0.13):.3f}}}"


def brand_href() -> str:
    """Return the address of the small stylesheet with the colour of the business that is open, if it chose one."""
    tenant = current.tenant_or_none
    if tenant is None or "hue" not in tenant.brand:
        return ""
    return f"/t/{tenant.slug}/brand.css?v={tenant.brand.get('version', 0)}"


def logo_href() -> str:
    """Return the address of the logo of the business that is open, if it has one."""
    tenant = current.tenant_or_none
    if tenant is None or not tenant.brand.get("logo"):
        return ""
    return f"/t/{tenant.slug}/brand/logo?v={tenant.brand.get('version', 0)}"


def look_cookie(name: str) -> str:
    """Return the name of a cookie of the look: with https no other host can set it."""
    https = getattr(current_app.session_interface, "https", False)  # the developers' gallery has no such sessions
    return f"__Host-{name}" if https else name


def _cookie(name: str, allowed: tuple[str, ...]) -> str:
    value = request.cookies.get(look_cookie(name), "") if has_request_context() else ""
    return value if value in allowed else allowed[0]


def look() -> dict[str, Any]:
    """Return what every template knows: theme, density, the reader's calendar, and whether htmx asks for a part only.

    What the account says holds on every device; a cookie of this one speaks where the account leaves it open.
    """
    asked = has_request_context() and request.headers.get("HX-Request") == "true"
    partial = asked and request.headers.get("HX-History-Restore-Request") != "true"
    person: SignedIn | None = getattr(session, "user", None) if has_request_context() else None
    chosen = person.preferences if person else {}
    theme = person.theme if person and person.theme in THEMES[1:] else _cookie("theme", THEMES)
    density = chosen.get("density") if chosen.get("density") in DENSITIES else _cookie("density", DENSITIES)
    return {
        "theme": theme, "density": density, "partial": partial, "calendar": dates.manner().calendar,
        "digits": dates.manner().digits, "keys": "off" if chosen.get("shortcuts") is False else "on",
        "chosen_week_start": chosen.get("week_start", ""),
    }  # fmt: skip


def register(app: Flask) -> None:
    """Add the globals to the application's templates."""
    app.jinja_env.globals.update(
        icon=icon, asset=asset, avatar_colour=avatar_colour, initials=initials, week_start=week_start, zip=zip,
        brand_href=brand_href, logo_href=logo_href,
    )  # fmt: skip
    app.jinja_env.filters.update(listed=listed)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(look)
