"""The path of a page request: session, person, business, rights, plugins, scope, transaction, commit.

It must answer strangers and unknown addresses of businesses in the same way, and let no view commit by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from diwan import audit
from diwan.db import context
from diwan.db import session as transactions
from diwan.db.context import current, replace_scope
from diwan.extensions import csrf, login_manager
from diwan.kernel.lineup import lineup_of
from diwan.kit import dates, i18n
from diwan.kit.i18n import LANGUAGES, _, ngettext
from diwan.kit.ids import uuid7
from diwan.users.factors import PROVEN
from diwan.web import bounds, door, support, viewing
from diwan.web.sessions import DatabaseSessions, ServerSession, SignedIn

ENTERED = "entered"
FAILED_TRIES = "failed_tries"


def register(app: Flask) -> None:
    """Bind the path to the application, before any page."""
    config = app.config["DIWAN"]
    app.session_interface = DatabaseSessions(https=config.base_url.startswith("https://"), port=config.port)
    login_manager.session_protection = None  # the session is on the server and rotates at login
    login_manager.user_loader(_load_user)
    app.before_request(open_scope)
    app.teardown_request(close_scope)
    app.jinja_env.globals.update(_=_, ngettext=ngettext)
    app.context_processor(_for_templates)
    # Round the view and nothing else: an error at commit still reaches the error handlers, and a page that says
    # "saved" is sent only after it is.
    app.dispatch_request = _in_transaction(app, app.dispatch_request)  # type: ignore[method-assign]


def open_scope() -> ResponseReturnValue | None:
    """Open the scope of a page; leave the REST face and the health checks to themselves."""
    g.page_scope = context._scope.set(context.Scope(request_id=uuid7().hex))
    g.page_language = i18n.set_language(_accepted())
    g.page_manner = dates.set_manner({})
    mine = server_session()
    if _is_elsewhere():
        mine.close()
        bounds.check()
        return None
    bounds.check()
    slug = (request.view_args or {}).get("slug", "")
    mine.load(slug)
    i18n.set_language(_language(mine))
    if mine.user is not None:
        replace_scope(user=mine.user.actor())
        dates.set_manner(mine.user.preferences)
    bounds.take(mine.tenant)
    csrf.protect()
    if not slug:
        return None
    if mine.user is None:
        return to_login()
    if mine.tenant is None:
        return support.let_in(mine, slug)
    replace_scope(tenant=mine.tenant, user=mine.user.actor(mine.grants))
    replace_scope(lineup=lineup_of(mine.tenant, current.user))
    stopped = door.check(mine)
    if stopped is None:
        viewing.put_on(mine)
    return stopped


def close_scope(error: BaseException | None) -> None:
    """Undo what open_scope did, whatever happened in between."""
    language, token = g.pop("page_language", None), g.pop("page_scope", None)
    if language is not None:
        i18n.reset_language(language)
        dates.reset_manner(g.pop("page_manner"))
    if token is not None:
        context._scope.reset(token)


def server_session() -> ServerSession:
    """Return the session of this request, typed."""
    return cast(ServerSession, session._get_current_object())  # type: ignore[attr-defined]


def signed_in() -> SignedIn | None:
    """Return who is signed in."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def to_login() -> ResponseReturnValue:
    """Send an anonymous visitor to the login, and back here afterwards if this was a page to look at."""
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    if request.headers.get("HX-Request") == "true":
        # A part of a page was asked for: the whole window must go to the login, and come back to the page.
        return Response(status=204, headers={"HX-Redirect": "/login"})
    return redirect("/login" + (f"?{urlencode({'next': back})}" if back else ""), 303)


def _is_elsewhere() -> bool:
    """Whether this is nothing for a session: the REST face, a health check, an address that does not exist."""
    return request.endpoint is None or request.blueprint == "health" or request.path.startswith("/api/")


def _in_transaction(app: Flask, dispatch: Callable[[], ResponseReturnValue]) -> Callable[[], ResponseReturnValue]:
    def run() -> ResponseReturnValue:
        if _is_elsewhere():
            return dispatch()
        try:
            response = app.make_response(dispatch())
            # A page that says no (422 with the form) must not keep half of what was tried.
            if response.status_code >= 400 or viewing.opened() is not None:
                transactions.rollback(current.session)
            else:
                if support.opened() is None:
                    _note_entry()
                else:
                    support.settle(server_session())
                transactions.commit(current.session)
        except BaseException:
            transactions.rollback(current.session)
            raise
        return response

    return run


def _note_entry() -> None:
    """Write into a business's log that somebody signed in, when a session first opens it."""
    tenant, mine = current.tenant_or_none, server_session()
    if tenant is None or mine.user is None or mine.ended or not request.view_args or "slug" not in request.view_args:
        return
    entered = mine.get(ENTERED, [])
    if tenant.id not in entered:
        after = {"ip": request.remote_addr, **({"second_factor": True} if mine.get(PROVEN) else {})}
        if tries := mine.get(FAILED_TRIES):
            after["failed_tries"] = tries
        audit.record("signed_in", "core.member", title=mine.user.name, after=after)
        mine[ENTERED] = [*entered, tenant.id]


def _load_user(user_id: str) -> SignedIn | None:
    user = server_session().user
    return user if user is not None and user.get_id() == user_id else None


def _language(mine: ServerSession) -> str:
    if mine.user is not None and mine.user.language in LANGUAGES:
        return mine.user.language
    chosen = mine.get("language", "")
    return chosen if chosen in LANGUAGES else _accepted()


def _accepted() -> str:
    return i18n.best(request.accept_languages.values())


def _for_templates() -> dict[str, Any]:
    return {"current": current if current.tenant_or_none else {"language": current.language}}
