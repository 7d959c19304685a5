"""Errors for people: a page (or a part of one) that says what went wrong and what to do.

It must never show a stack trace, nor whether something exists that the person may not see.
"""

from __future__ import annotations

import logging

import psycopg
import sqlalchemy.exc
from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from diwan.db import current
from diwan.errors import BadRequest, Denied, DiwanError, NotFound, TooLarge, TooMany, Unavailable
from diwan.kit.i18n import _
from diwan.rest.problems import problem
from diwan.web.why_links import why_href

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Bind the handlers."""
    app.register_error_handler(DiwanError, show)
    app.register_error_handler(CSRFError, _show_csrf)
    app.register_error_handler(HTTPException, _show_http)
    app.register_error_handler(sqlalchemy.exc.DataError, _show_data)
    app.register_error_handler(psycopg.DataError, _show_data)
    for kind in (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.TimeoutError,
                 psycopg.OperationalError, psycopg.InterfaceError):  # fmt: skip
        app.register_error_handler(kind, _show_database)
    app.register_error_handler(Exception, _show_defect)


def show(error: DiwanError, status: int | None = None) -> Response:
    """Return the page for an error."""
    code = status or error.status
    if isinstance(error, Denied):
        log.warning("refused %s %s: %s", request.method, request.path, error.detail.get("permission", error.code))
    if request.path.startswith("/api/"):
        return problem(error, code)
    page = render_template(
        "error.html", code=code, message=str(error), request_id=current.request_id, home_href="/", retry=5,
        why_href=why_href(error) if code == Denied.status else None,
    )  # fmt: skip
    response = make_response(page, code)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _show_csrf(error: CSRFError) -> Response:
    log.warning("refused %s %s: %s", request.method, request.path, error.description)
    return show(BadRequest(_("This page was open for too long, or cookies are off. Go back, reload it and try again.")))


def _show_http(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    code = error.code or 500
    if 300 <= code < 400:
        return make_response(error.get_response())
    known: dict[int, DiwanError] = {
        404: NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it.")),
        405: NotFound(_("There is nothing at this address. It may have moved, or you may lack access to it.")),
        413: TooLarge(_("The file or form is larger than this server takes.")),
    }
    return show(known.get(code) or BadRequest(error.description or ""), code)


def _show_data(error: Exception) -> Response:
    """What was typed into an address is no number or text that a database takes."""
    log.warning("the database cannot take a value: %s", error)
    return show(BadRequest(_("A value of the request cannot be stored or compared.")))


def _show_database(error: Exception) -> Response:
    log.error("database unavailable: %s", error)
    response = show(Unavailable(_("The database does not answer just now. Nothing that was saved is lost;"
                                  " please try again in a moment.")))  # fmt: skip
    response.headers["Retry-After"] = "5"
    return response


def _show_defect(error: Exception) -> Response:
    log.exception("defect in %s %s", request.method, request.path)
    return show(DiwanError(_("Something went wrong on our side. It was logged as %(id)s.", id=current.request_id)))
