"""What the account pages share: fields and forms for the templates, safe redirects, signing in.

It must not know any one page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, get_flashed_messages, make_response, render_template, request
from flask_login import login_user
from flask_wtf.csrf import generate_csrf

from diwan.db import current
from diwan.errors import DiwanError, Invalid, Refuse, TooMany
from diwan.kit.i18n import LANGUAGES, _
from diwan.tenants import countries
from diwan.users import devices
from diwan.users import service as users
from diwan.users.devices import Place
from diwan.users.models import User
from diwan.users.passwords import LONGEST, SHORTEST
from diwan.web.context import FAILED_TRIES, server_session
from diwan.web.sessions import SignedIn, country

Field = dict[str, Any]


def text_field(name: str, kind: str, label: object, **more: Any) -> Field:
    """Return a required field; what was typed comes back, except for passwords and codes."""
    value = "" if kind in ("password", "code") else request.form.get(name, more.pop("value", ""))
    return {"name": name, "kind": kind, "label": label, "required": True, "value": value, **more}


def email_field(**more: Any) -> Field:
    return text_field("email", "email", _("E-mail"), autocomplete="username", maxlength=254, **more)


def password_field(*, new: bool) -> Field:
    """Return the field for a new password, or for the one that a person has."""
    rule = _("At least %(n)s characters; three or four words are easy to remember and hard to guess.", n=SHORTEST)
    return text_field(
        "password",
        "password",
        _("Password"),
        autocomplete="new-password" if new else "current-password",
        maxlength=LONGEST,
        help=rule if new else None,
    )


def business_fields(*, name: str = "business", value: str = "") -> list[Field]:
    """Return the fields that describe a business: its name, country and language."""
    guess = current.language
    return [
        text_field(name, "text", _("Name of your business"), autocomplete="organization", maxlength=120, value=value,
                   autofocus=True),
        text_field("country", "country", _("Country"), choices=_choices(countries.countries()), value=_country()),
        text_field("language", "language", _("Language"), choices=_choices(LANGUAGES.items()), value=guess),
    ]  # fmt: skip


def show(
    template: str,
    fields: Sequence[Field],
    submit_label: object,
    error: DiwanError | None = None,
    **context: Any,
) -> Response:
    """Render an account page; with `error`, the texts stand at their fields or above the form."""
    form: dict[str, Any] = {"fields": [dict(f) for f in fields], "submit_label": submit_label}
    form.update(context.pop("form", {}))
    if error is not None:
        _place(error, form)
    page = render_template(
        f"auth/{template}.html", form=form, shell=frame(), flashes=get_flashed_messages(with_categories=True), **context
    )
    response = make_response(page, error.status if error else 200)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def frame() -> dict[str, Any]:
    """Return what the frame of an account page knows."""
    return {
        "home_href": "/",
        "language_action": "/preferences/language",
        "languages": [{"code": c, "label": n, "active": c == current.language} for c, n in LANGUAGES.items()],
    }


def local_path(text: str) -> str:
    """Return `text` if it is an address within this site, otherwise nothing."""
    # Browsers read `//host`, `/\\host` and control characters in their own ways: none of them passes.
    if not text.startswith("/") or text.startswith("//") or "\\" in text or any(c <= " " or c == "\x7f" for c in text):
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc else text


def next_path(default: str = "/") -> str:
    """Return where the person wanted to go."""
    return local_path(request.values.get("next", "")) or default


def sign_in(user: User) -> None:
    """Make this browser's session the person's: new token, nothing kept of the anonymous one."""
    mine = server_session()
    mine.load()
    mine.clear()
    mine.rotate()
    if tries := users.failed_tries(user.email):
        mine[FAILED_TRIES] = tries
    login_user(SignedIn(user.id, user.email, user.name, user.language, user.theme))
    g.pop("csrf_token", None)
    generate_csrf()  # now, so that the first page does not have to write the session again


def remember_device(response: Response, user: User) -> Response:
    """Let this browser be known to the account: attacks from elsewhere do not slow its person down, and signing in from
    it again is nothing to write a mail about."""
    interface = current_app.session_interface
    response.set_cookie(
        f"{interface.name}-device",  # type: ignore[attr-defined]
        devices.greet(user, device(), place()),
        max_age=devices.LIFE,
        path="/",
        secure=interface.https,  # type: ignore[attr-defined]
        httponly=True,
        samesite="Lax",
    )
    return response


def device() -> str:
    """Return the cookie of this browser, if somebody signed in with it before."""
    return request.cookies.get(f"{current_app.session_interface.name}-device", "")  # type: ignore[attr-defined]


def place() -> Place:
    """Return where this request comes from."""
    return Place(client_ip(), request.user_agent.string[:300], country())


def client_ip() -> str:
    """Return the address of the browser (create_app sets ProxyFix for as many proxies as the settings name)."""
    return request.remote_addr or ""


def _place(error: DiwanError, form: dict[str, Any]) -> None:
    errors = error.errors if isinstance(error, Invalid) else {}
    if isinstance(error, Refuse) and error.field:
        errors = {error.field: error.message}
    left = dict(errors)
    for field in form["fields"]:
        if field["name"] in left:
            field["error"] = left.pop(field["name"])
    wrong = next((field for field in form["fields"] if field.get("error")), None)
    if wrong is not None:
        for field in form["fields"]:
            field["autofocus"] = field is wrong
    if left or not errors:
        form["error"] = " ".join(str(text) for text in left.values()) or error.message


def _choices(pairs: Any) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in pairs]


def _country() -> str:
    """Guess the country from the browser's language (`ar-KW`)."""
    for language, _quality in request.accept_languages:
        code = language.replace("_", "-").rpartition("-")[2].upper()
        if "-" in language and code in countries.country_codes():
            return code
    return ""
