"""Which business? And another one for somebody who has an account.

It must show a person only the businesses in which they are an active member.
"""

from __future__ import annotations

from flask import Blueprint, get_flashed_messages, redirect, render_template, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import DiwanError
from diwan.kit.i18n import _
from diwan.operators.accounts import is_operator
from diwan.operators.service import closed_of
from diwan.tenants import service as tenants
from diwan.users.models import User
from diwan.users.throttle import Limit
from diwan.web.auth import form
from diwan.web.context import signed_in, to_login

pages = Blueprint("businesses", __name__)
# A person may found a few businesses at once; a program that founds hundreds is slowed down.
FOUNDED = Limit("businesses", free=10, wait=60, longest=3600, window=24 * 3600)


@pages.get("/")
def home() -> ResponseReturnValue:
    me = signed_in()
    if me is None:
        return redirect("/login", 303)
    mine = tenants.tenants_of(me.id)
    return redirect(f"/t/{mine[0].slug}" if len(mine) == 1 else "/choose", 303)


@pages.get("/choose")
def choose() -> ResponseReturnValue:
    me = signed_in()
    if me is None:
        return to_login()
    return render_template(
        "auth/choose_tenant.html",
        tenants=[
            *({"name": tenant.name, "href": f"/t/{tenant.slug}"} for tenant in tenants.tenants_of(me.id)),
            *({"name": row.tenant_name, "href": f"/t/{row.slug}", "role": _("Suspended")} for row in closed_of(me.id)),
        ],
        new_tenant_href="/businesses/new",
        operator_href="/operator" if is_operator(me.id) else None,
        logout_action="/logout",
        shell=form.frame(),
        flashes=get_flashed_messages(with_categories=True),
    )


@pages.get("/businesses/new")
def new(error: DiwanError | None = None) -> ResponseReturnValue:
    if signed_in() is None:
        return to_login()
    return form.show(
        "business", form.business_fields(name="name"), _("Create the business"), error, back_href="/choose"
    )


@pages.post("/businesses/new")
def create() -> ResponseReturnValue:
    me = signed_in()
    if me is None:
        return to_login()
    typed = {name: request.form.get(name, "") for name in ("name", "country", "language")}
    try:
        FOUNDED.take(str(me.id))
        tenant = tenants.create_tenant(**typed, owner=current.session.get_one(User, me.id))
    except DiwanError as error:
        return new(error)
    return redirect(f"/t/{tenant.slug}", 303)
