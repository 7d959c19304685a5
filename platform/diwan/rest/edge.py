"""What every API request passes: token, tenant, scope, and errors as problem details.

It must not look at bodies; the routes do.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import sqlalchemy.exc
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from diwan.db import context
from diwan.errors import BadRequest, Denied, DiwanError, NotFound, TooLarge, Unauthenticated, Unavailable
from diwan.extensions import csrf
from diwan.kernel.lineup import lineup_of
from diwan.kit.i18n import _, best, set_language
from diwan.kit.ids import uuid7
from diwan.operators import service as standing
from diwan.rest import limits
from diwan.rest.problems import problem
from diwan.rest.records import routes
from diwan.tenants.policy import Policy
from diwan.users import tokens

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Bind the API's blueprint; it has no cookies, so it needs no CSRF token."""
    csrf.exempt(routes)
    limits.configure(app)
    app.register_blueprint(routes)


@routes.before_request
def open_scope() -> None:
    """Read the bearer token and open its tenant's scope."""
    set_language(best(request.accept_languages.values()))
    request_id = uuid7().hex
    g.scope = context._scope.set(context.Scope(request_id=request_id))
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        limits.take_place(request.remote_addr or "")
        raise Unauthenticated(_("Send a token: `Authorization: Bearer dwn_...`. Make one under Settings, API tokens."))
    try:
        tenant, actor = tokens.open_token(secret.strip(), request.remote_addr or "")
    except Unauthenticated:
        limits.take_place(request.remote_addr or "")
        if standing.token_standing(secret.strip()) is not None:
            raise Denied(
                _("This business is suspended. Its data is kept; an owner can ask the operator why.")
            ) from None
        raise
    context.replace_scope(tenant=tenant, user=actor)
    limits.take_token(secret.strip(), _heavy())
    Policy.of(tenant.policy).require_address(request.remote_addr or "")
    _check_address()
    context.replace_scope(lineup=lineup_of(tenant, actor))


def _heavy() -> str:
    """What the request costs more than others, if it does."""
    if request.path.endswith(".pdf"):
        return "print"
    if request.args.get("format", "json") != "json":
        return "export"
    return "search" if request.args.get("search") else ""


def _check_address() -> None:
    """Refuse parameters that say two things, and text that no database takes."""
    seen: set[str] = set()
    for name, value in request.args.items(multi=True):
        if name in seen:
            raise BadRequest(_("The parameter %(name)s stands twice.", name=name[:60]))
        if "\0" in name or "\0" in value:
            raise BadRequest(_("A text holds the character NUL, which cannot be stored."))
        seen.add(name)


@routes.teardown_request
def close_scope(error: BaseException | None) -> None:
    token = g.pop("scope", None)
    if token is not None:
        context._scope.reset(token)


@routes.after_request
def mark(response: Response) -> Response:
    response.headers["X-Request-Id"] = context.current.request_id
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@routes.errorhandler(DiwanError)
def show_error(error: DiwanError) -> Response:
    if isinstance(error, Denied) or (isinstance(error, Unauthenticated) and "Authorization" in request.headers):
        log.warning("refused %s %s: %s", request.method, request.path, error.detail.get("permission", error.code))
    return problem(error)


@routes.errorhandler(HTTPException)
def show_http_error(error: HTTPException) -> Any:
    code = error.code or 500
    if code == NotFound.status:
        return problem(NotFound(_("There is nothing at this address.")))
    if code == TooLarge.status:
        return problem(TooLarge(_("The request is too large.")))
    response = problem(BadRequest(error.description or error.name), code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


@routes.errorhandler(sqlalchemy.exc.DataError)
@routes.errorhandler(psycopg.DataError)
def show_data_error(error: Exception) -> Response:
    log.warning("the database cannot take a value: %s", error)
    return problem(BadRequest(_("A value of the request cannot be stored or compared.")))


@routes.errorhandler(sqlalchemy.exc.OperationalError)
@routes.errorhandler(sqlalchemy.exc.TimeoutError)
def show_database_error(error: Exception) -> Response:
    log.error("database unavailable: %s", error)
    response = problem(Unavailable(_("The database does not answer just now. Please try again in a moment.")))
    response.headers["Retry-After"] = "5"
    return response


@routes.errorhandler(Exception)
def show_defect(error: Exception) -> Response:
    log.exception("defect in %s %s", request.method, request.path)
    return problem(DiwanError(_("Something went wrong on our side. It was logged as %(id)s.",
                                id=context.current.request_id)))  # fmt: skip
