"""What a program sends: bodies of JSON, and the parameters of lists and records.

It must turn whatever makes no sense into a 4xx that says what is wrong, before anything else looks at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from flask import request

from diwan import resources
from diwan.errors import BadRequest, DiwanError, TooLarge
from diwan.kit.i18n import _
from diwan.resources import Resource

MOST_BYTES = 10 * 1024 * 1024
MOST_RECORDS = 1_000
DEEPEST = 40
LONGEST_INTEGER = 2**63
LIST_PARAMETERS = (
    "fields", "expand", "where", "search", "sort", "cursor", "limit", "archived", "count", "format",
)  # fmt: skip
STAMPS = ("version", "created_at", "updated_at", "archived_at")
"""What every record carries besides its fields."""


class WrongMediaType(DiwanError):
    """The body is something else than JSON."""

    status = 415
    code = "wrong_media_type"


def read_json() -> Any:
    """Return the body of the request. Raises TooLarge, WrongMediaType and BadRequest."""
    if (request.content_length or 0) > MOST_BYTES:
        raise TooLarge(_("The request is larger than %(most)s MB.", most=MOST_BYTES // 1024**2))
    if request.mimetype and request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise WrongMediaType(_("Send JSON, with the header Content-Type: application/json."))
    data = request.get_data()
    if len(data) > MOST_BYTES:
        raise TooLarge(_("The request is larger than %(most)s MB.", most=MOST_BYTES // 1024**2))
    return parse_json(data)


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text that loses nothing on its way: no name twice, no digit too many, no NUL."""
    try:
        # orjson knows what is no JSON, no UTF-8, half a character, too deep; the other one tells every name and number.
        orjson.loads(data)
        value = json.loads(data, object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal)
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(_("The body is not JSON: %(error)s.", error=str(error))) from None
    except RecursionError:
        raise _too_deep() from None
    if b"\\u0000" in data or data.count(b"[") + data.count(b"{") > DEEPEST:
        _walk(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadRequest(_("The name %(name)s stands twice in one object.", name=twice[:60]))
    return found


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 20 else LONGEST_INTEGER
    if not -LONGEST_INTEGER <= number < LONGEST_INTEGER:
        raise BadRequest(_("The number %(number)s is too large. Send such numbers as text.", number=text[:40]))
    return number


def _decimal(text: str) -> float:
    """Return a float, if it is the number that was sent and not only near it."""
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise BadRequest(_("The number %(number)s has too many digits. Send such numbers as text.", number=text[:40]))
    return number


def _walk(value: Any) -> None:
    """Look through a value, level by level."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise _too_deep()
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and "\0" in item:
                raise BadRequest(_("A text holds the character NUL, which cannot be stored."))
        level, depth = below, depth + 1


def _too_deep() -> BadRequest:
    return BadRequest(_("The body is nested too deeply: at most %(most)s levels.", most=DEEPEST))


def read_object(body: Any) -> Mapping[str, Any]:
    """Return a record that was sent. Raises BadRequest for anything but an object."""
    if not isinstance(body, dict):
        raise BadRequest(_("A record is a JSON object."))
    return body


def read_ids() -> list[Any]:
    """Return the ids of {"ids": [...]}."""
    body = read_object(read_json())
    if set(body) != {"ids"}:
        raise BadRequest(_('Send {"ids": [...]}, the ids of the records.'))
    return ids_in(body)


def ids_in(body: Mapping[str, Any]) -> list[Any]:
    """Return the ids that a body names. Raises BadRequest."""
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise BadRequest(_('Send {"ids": [...]}, the ids of the records.'))
    check_number(ids)
    return ids


def check_number(items: list[Any]) -> None:
    """Raise BadRequest for no records, or for more than one request takes."""
    if not 1 <= len(items) <= MOST_RECORDS:
        raise BadRequest(_("Send 1 to %(most)s records at once.", most=MOST_RECORDS))


def names_of(text: str | None) -> list[str]:
    """Return the names of "a,b", each once."""
    return list(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def flag(name: str) -> bool:
    """Return a parameter that is true or false. Raises BadRequest for anything else."""
    text = request.args.get(name, "false")
    if text not in ("true", "false"):
        raise BadRequest(_("%(name)s is true or false.", name=name))
    return text == "true"


def check_parameters(*known: str) -> None:
    """Raise BadRequest for a parameter that means nothing here."""
    for name in request.args:
        if name not in known:
            raise BadRequest(
                _("Unknown parameter %(name)s; known: %(known)s.", name=name[:60], known=", ".join(known) or "-")
            )


def read_limit(text: str | None, default: int) -> int:
    """Return the number of rows of a page that was asked for."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise BadRequest(_("limit is a whole number."))
    return int(text)


def read_where(resource: Resource, arguments: Mapping[str, str]) -> list[Any]:
    """Return the filter of `where=` (JSON) and of `field=value` pairs, all of which must hold."""
    tests: list[Any] = []
    if arguments.get("where"):
        try:
            tests.append(orjson.loads(arguments["where"]))
        except orjson.JSONDecodeError:
            raise BadRequest(_('where is JSON, such as [["country","eq","KW"]].')) from None
    for name, value in arguments.items():
        if name in LIST_PARAMETERS:
            continue
        described = resources.filters.described(resource, name)
        tests.append([name, "has" if described.kind.several else "eq", value])
    return tests


def read_version(named: Any, header: str) -> int | None:
    """Return the version that the sender saw: as `version` in the body, or as If-Match."""
    if named is None and header and header != "*":
        text = header.removeprefix("W/").strip('"')
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            raise BadRequest(_("If-Match takes the ETag of the record, a number in quotes."))
        return int(text)
    if named is not None and (isinstance(named, bool) or not isinstance(named, int)):
        raise BadRequest(_("version is a number."))
    return named
