"""An operator inside a business: let in by a grant, held to its level, and everything looked at written down.

It must answer an operator without a live grant, and anybody else who is no member, like any unknown address.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import g, redirect, render_template, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.db import session as transactions
from diwan.db.context import replace_scope
from diwan.errors import Denied, NotFound
from diwan.kernel.lineup import lineup_of
from diwan.kit import formats
from diwan.kit.i18n import _
from diwan.operators import service, support
from diwan.operators.support import Opened
from diwan.web import closed as closed_page
from diwan.web.operator_guard import has_proven, to_prove
from diwan.web.sessions import ServerSession, SignedIn

SESSION = "support"
MOST_SEEN = 300
READING = ("GET", "HEAD")
CLOSED = ("policy", "data", "roles", "tokens", "support_access", "viewing")
"""What no grant opens, whatever permissions its pages ask for: who may sign in, the end of the business, rights."""
LEAVES_THE_HOUSE = ("exports", "documents")
"""What looking only does not include."""
UNREMARKABLE = ("notifications", "palette", "preferences", "shortcuts", "ui")
"""What a page asks for by itself, below a business's address."""


def let_in(mine: ServerSession, slug: str) -> ResponseReturnValue | None:
    """Open the business at `slug` for a person who is no member, or say what everybody is told. Raises NotFound."""
    me = mine.user
    if me is not None:
        inside = support.open_for(me.id, slug)
        if inside is not None:
            if not has_proven(mine):
                return redirect(to_prove(), 303)
            _open(me, inside)
            return None
        page = closed_page.show(me, slug)
        if page is not None:
            return page
        standing = service.standing(me.id, slug)
        if standing is not None:
            return render_template("suspended.html", business=standing.tenant_name), 403
    raise NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it."))


def opened() -> Opened | None:
    """Return by which grant this request is inside a business; None for its members."""
    found: Opened | None = g.get(SESSION)
    return found


def settle(mine: ServerSession) -> None:
    """At the end of a request that went well: keep its changes if the level allows, and write down what was seen."""
    inside, me = opened(), mine.user
    if inside is None or me is None:
        return
    if inside.reads_only:
        transactions.rollback(current.session)  # whatever a page wrote by the way
    key, seen = str(inside.grant_id), mine.get(SESSION, {})
    looked: list[str] = list(seen.get(key, []))
    fresh = key not in seen
    if fresh:
        support.enter(inside, me.name)
    what = _what()
    if what is not None and what[0] not in looked:
        support.look(inside, *what[1:])
        if len(looked) < MOST_SEEN:
            looked.append(what[0])
            fresh = True
    support.touch(inside)
    if fresh:
        mine[SESSION] = {key: looked}


def banner() -> dict[str, Any] | None:
    """Return what stands above every page that support sees."""
    inside = opened()
    if inside is None:
        return None
    return {
        "until": formats.moment(inside.expires_at, inside.tenant.timezone),
        "level": support.LEVELS[inside.level],
        "reads_only": inside.reads_only,
        "reason": inside.reason,
        "leave_action": f"/operator/businesses/{inside.tenant.id}/leave",
    }


def _open(me: SignedIn, inside: Opened) -> None:
    setattr(g, SESSION, inside)
    actor = support.actor(inside, me.actor())
    replace_scope(tenant=inside.tenant, user=actor)
    actor = replace(actor, grants=support.grants_of(inside.level, lineup_of(inside.tenant)))
    replace_scope(user=actor, lineup=lineup_of(inside.tenant, actor))
    if request.blueprint in CLOSED:
        raise Denied(_("Support has no access to this page."))
    if inside.reads_only and (request.method not in READING or request.blueprint in LEAVES_THE_HOUSE):
        raise Denied(_("This business lets support look only: nothing can be changed or taken along."))


def _what() -> tuple[str, str, UUID | None, str] | None:
    """Return what a page shows: its key within the session, resource, record and title."""
    if request.method not in READING:
        return None
    args = request.view_args or {}
    id = args.get("id")
    record = id if isinstance(id, UUID) else None
    resource = f"{args.get('plugin', '')}.{args.get('name', '')}"
    if resource in current.lineup.resources:
        return f"{resource}:{record or ''}", resource, record, ""
    place = request.path.removeprefix(f"/t/{current.tenant.slug}").strip("/")
    if place.partition("/")[0] in UNREMARKABLE:
        return None
    return place, "core.page", None, f"/{place}"
