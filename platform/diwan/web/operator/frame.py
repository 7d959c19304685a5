"""What every page of the console passes and stands in: the guard, the side bar, messages, key-set pages.

It must let nobody in but operators with a second factor; others learn nothing, not even that it exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, get_flashed_messages, render_template, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db.base import now
from diwan.errors import NotFound
from diwan.kit import formats
from diwan.kit.i18n import LANGUAGES, _
from diwan.operators import accounts
from diwan.web.operator_guard import has_proven, to_prove

T = TypeVar("T")

BASE = "/operator"
pages = Blueprint("operator", __name__, url_prefix=BASE)
PLACES = (
    ("", _("Overview"), "gauge"),
    ("/businesses", _("Businesses"), "building-store"),
    ("/jobs", _("Jobs"), "list-check"),
    ("/modules", _("Modules"), "puzzle"),
    ("/log", _("Log"), "history"),
)


@pages.before_request
def only_operators() -> ResponseReturnValue | None:
    me = current.user
    if me.id is None or not accounts.is_operator(me.id):
        raise NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it."))
    from diwan.web.context import server_session

    if not has_proven(server_session()):
        page = show("operator/second_factor.html", [(_("Second factor"), "")], proof_href=to_prove())
        return page, 403
    return None


def show(template: str, crumbs: Sequence[tuple[Any, str]], **context: Any) -> str:
    """Render a page of the console. `crumbs` are (label, href); the last is the page."""
    path = request.path.rstrip("/")
    messages: Any = get_flashed_messages(with_categories=True)
    return render_template(
        template,
        places=[
            {
                "label": label, "icon": icon, "href": f"{BASE}{place}",
                "active": path == f"{BASE}{place}" or bool(place and path.startswith(f"{BASE}{place}/")),
            }
            for place, label, icon in PLACES
        ],
        breadcrumbs=[{"label": label, "href": href} for label, href in crumbs],
        operator={"name": current.user.name, "email": current.user.email},
        languages=[{"code": c, "label": n, "active": c == current.language} for c, n in LANGUAGES.items()],
        flashes=[{"tone": tone, "text": said} for tone, said in messages],
        **context,
    )  # fmt: skip


def cut(found: Sequence[T], size: int) -> tuple[Sequence[T], bool]:
    """Return one page of what was found, and whether there is more."""
    return found[:size], len(found) > size


def pager(kept: Mapping[str, str], before: object | None) -> dict[str, Any] | None:
    """Return the links of key-set pages: on to older ones, and back to the newest."""
    query = {key: value for key, value in kept.items() if value}
    older = f"{request.path}?{urlencode({**query, 'before': str(before)})}" if before is not None else None
    newest = f"{request.path}?{urlencode(query)}" if request.args.get("before") else None
    return {"previous_href": newest, "next_href": older, "text": ""} if older or newest else None


def clock(value: datetime) -> str:
    """Return a moment as the console tells it: operators have no business, so no time zone."""
    return str(_("%(when)s (UTC)", when=formats.moment(value)))


def ago(value: datetime | None) -> str:
    """Return how long ago something was, or a dash."""
    return formats.ago(value, now()) if value is not None else "–"


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
