"""What the pages of the account share: who is signed in, the frame with its tabs, forms that came back.

It must not know any one page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from flask import Response, get_flashed_messages, make_response, render_template, request
from flask.typing import ResponseReturnValue

from diwan.db.context import Tenant
from diwan.errors import DiwanError, Invalid, Refuse, TooMany
from diwan.kit.i18n import _
from diwan.tenants import service as tenants
from diwan.web.auth import form
from diwan.web.context import server_session, signed_in, to_login
from diwan.web.sessions import SignedIn

TABS = (("profile", _("Profile"), "user"), ("security", _("Security"), "shield"), ("sessions", _("Devices"), "devices"))
CAME_FROM = "account_from"


def for_me(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Send strangers to the login; give the person to the view."""

    @wraps(view)
    def checked(**parts: Any) -> ResponseReturnValue:
        me = signed_in()
        return to_login() if me is None else view(me, **parts)

    return checked


def show(template: str, me: SignedIn, error: DiwanError | None = None, **context: Any) -> Response:
    """Render a page of the account."""
    here = template.partition("_")[0]
    mine = context.pop("tenants", None)
    page = render_template(  # noqa: S604 (no program is called)
        f"account/{template}.html",
        shell={**form.frame(), "logout_action": "/logout"},
        me={"name": me.name, "email": me.email},
        back=_back(tenants.tenants_of(me.id) if mine is None else mine),
        tabs=[
            {"label": label, "icon": icon, "href": f"/account/{name}", "active": name == here}
            for name, label, icon in TABS
        ],
        flashes=get_flashed_messages(with_categories=True),
        **context,
    )
    response = make_response(page, error.status if error else 200)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def card(name: str, fields: Sequence[dict[str, Any]], error: DiwanError | None) -> dict[str, Any]:
    """Return a form for the template; what was wrong stands at its field, or above them."""
    errors: dict[str, Any] = dict(error.errors) if isinstance(error, Invalid) else {}
    if isinstance(error, Refuse) and error.field:
        errors = {error.field: error.message}
    shown = [{**field, "id": f"{name}-{field['name']}", "error": errors.pop(field["name"], None)} for field in fields]
    left = " ".join(str(text) for text in errors.values())
    if not left and error is not None and not any(field["error"] for field in shown):
        left = str(error.message)
    return {"fields": shown, "error": left or None}


def _back(mine: Sequence[Tenant]) -> dict[str, str]:
    """Where the person came from: a business of theirs, or the choice of them."""
    kept, given = server_session(), request.args.get("from", "")
    if given and given in {tenant.slug for tenant in mine}:
        kept[CAME_FROM] = given
    slug = kept.get(CAME_FROM, "")
    tenant = next((tenant for tenant in mine if tenant.slug == slug), mine[0] if len(mine) == 1 else None)
    if tenant is None:
        return {"label": str(_("Your businesses")), "href": "/choose"}
    return {"label": tenant.name, "href": f"/t/{tenant.slug}"}
