"""What every request passes before anything else looks at it: to whom it is addressed, how large it is, how often.

It must cost next to nothing and ask no server.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from diwan.config import Config
from diwan.db import Tenant, current
from diwan.errors import BadRequest, DiwanError, TooLarge
from diwan.kit.i18n import _
from diwan.rest import limits
from diwan.rest.reading import MOST_BYTES

EXTENSION = "diwan.bounds"
MOST_FIELDS: Final = 10_000
MOST_PARTS: Final = 5_000
FORM: Final = "application/x-www-form-urlencoded"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
# The routes that cost more than a page, by endpoint or blueprint.
HEAVY: Final = {
    "exports": "export", "audit.export": "export", "imports": "import", "documents": "print", "palette": "search",
}  # fmt: skip
HOST: Final = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class WrongEncoding(DiwanError):
    """The body is compressed: a few bytes could become gigabytes."""

    status = 415
    code = "wrong_encoding"


def register(app: Flask) -> None:
    """Remember the names of this server."""
    app.extensions[EXTENSION] = hosts_of(app.config["DIWAN"])
    app.after_request(tell)


def hosts_of(config: Config) -> frozenset[str]:
    """Return the names under which this server answers: that of its address, and those that a setting adds."""
    own = (urlsplit(config.base_url).hostname or "").lower()
    own = f"[{own}]" if ":" in own else own
    # People type any of the three for the machine before them.
    return frozenset({own, *config.hosts, *(LOOPBACK if own in LOOPBACK else ())} - {""})


def check() -> None:
    """Refuse what is not for this server, from another site, too large, or compressed.

    Raises BadRequest, TooLarge, WrongEncoding.
    """
    if request.blueprint != "health":
        _check_host()
    if "\0" in request.path:
        raise BadRequest(_("A text holds the character NUL, which cannot be stored."))
    if request.method not in SAFE:
        _check_source()
    if request.method not in SAFE or request.content_length:
        _check_body()


def take(tenant: Tenant | None) -> None:
    """Count the request of a page: of the person who is signed in, and of the business; else of the network."""
    if current.user.id is None:
        limits.take_place(request.remote_addr or "")
        return
    endpoint = request.endpoint or ""
    limits.take_person(tenant, HEAVY.get(endpoint) or HEAVY.get(request.blueprint or "", ""))


def tell(response: Response) -> Response:
    """Tell what is left of a limit to programs always, to a browser when it is too much."""
    if response.status_code == 429 or request.path.startswith("/api/"):
        limits.of_app().tell(response)
    return response


def _check_host() -> None:
    named = HOST.fullmatch(request.environ.get("HTTP_HOST", "").lower())
    if named is None or named["name"] not in current_app.extensions[EXTENSION]:
        raise BadRequest(_("This server does not go by that name. Whoever runs it can allow the name: DIWAN_HOSTS."))


def _check_source() -> None:
    """Refuse what a page of another site makes a browser send: a second lock beside the form's token."""
    if request.path.startswith("/api/"):  # has no cookies
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or urlsplit(origin).netloc.lower() == request.environ.get("HTTP_HOST", "").lower()
    if not own:
        raise BadRequest(_("This came from a page of another site. Open the page here and try again."))


def _check_body() -> None:
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise WrongEncoding(_("Send the body as it is, not compressed."))
    config: Config = current_app.config["DIWAN"]
    request.max_form_parts = MOST_PARTS
    request.max_form_memory_size = config.form_limit
    if request.path.startswith("/api/"):
        most = MOST_BYTES
    elif request.mimetype == "multipart/form-data":
        most = config.upload_limit + config.form_limit
    else:
        most = config.form_limit
    # A body whose length was not told in advance is cut off there without a word; one byte more tells.
    request.max_content_length = most + 1
    too_large = (request.content_length or 0) > most
    if not too_large and request.mimetype == FORM:
        body = request.get_data(parse_form_data=False)
        too_large = len(body) > most or body.count(b"&") >= MOST_FIELDS
    if too_large:
        raise TooLarge(_("The file or form is larger than this server takes."))
