"""What every API request passes: token, tenant, scope, and errors as problem details.

It must not look at bodies; the routes do.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import sqlalchemy.exc
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from diwan.db import context
from diwan.errors import BadRequest, DiwanError, NotFound, TooLarge, Unauthenticated, Unavailable
from diwan.extensions import csrf
from diwan.kernel.lineup import lineup_of
from diwan.kit.i18n import _, best, set_language
from diwan.kit.ids import uuid7
from diwan.rest import limits
from diwan.rest.problems import problem
from diwan.rest.records import routes
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
        raise Unauthenticated(_("Send a token: `Authorization: Bearer dwn_...`. Make one under Settings, API tokens."))
    tenant, actor = tokens.open_token(secret.strip(), request.remote_addr or "")
    _limit().take(secret.strip())
    _check_address()
    context.replace_scope(tenant=tenant, user=actor)
    context.replace_scope(lineup=lineup_of(tenant))


def _limit() -> limits.Limit:
    limit: limits.Limit = current_app.extensions[limits.EXTENSION]
    return limit


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
    _limit().tell(response)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@routes.errorhandler(DiwanError)
def show_error(error: DiwanError) -> Response:
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
