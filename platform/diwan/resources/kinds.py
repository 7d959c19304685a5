"""The kinds of value that a field can hold: how each is read, stored, described and filtered.

A kind must not know models, screens or requests; it turns what people and programs send into typed values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from diwan.kit.i18n import _, listed
from diwan.kit.text import clean

if TYPE_CHECKING:
    from diwan.resources.fields import Field

TEXT_OPERATORS = ("contains", "starts", "eq", "ne", "in", "empty", "filled")
ORDER_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "empty", "filled")
CHOICE_OPERATORS = ("eq", "ne", "in", "empty", "filled")
LIST_OPERATORS = ("has", "hasnot", "empty", "filled")

EMAIL = re.compile(
    r"[^@\s<>\"',;:()\[\]\\]+@([A-Za-z0-9\u0080-\uffff](-?[A-Za-z0-9\u0080-\uffff])*\.)+[^@\s.\W\d_]{2,}"
)
PHONE = re.compile(r"[+(]{0,2}[0-9][0-9 ()./\-]{3,}( ?(x|ext\.?) ?\d+)?", re.IGNORECASE)
URL = re.compile(r"https?://[^\s/$.?#<>\"']+\.?[^\s<>\"']*", re.IGNORECASE)
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")
TEXTUAL = (str, int, float, Decimal)
BIGINT = 2**63
LARGEST = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value. `parse` raises ValueError with a message for the person."""

    name: str
    parse: Callable[[Field, Any], Any]
    schema: Mapping[str, Any]
    operators: tuple[str, ...]
    longest: int = 0
    sortable: bool = True


def _text(field: Field, raw: Any) -> str | None:
    if type(raw) is not str and (isinstance(raw, bool) or not isinstance(raw, TEXTUAL)):
        raise ValueError(_("Enter text."))
    text = raw if type(raw) is str and raw.isprintable() else clean(str(raw))
    text = text.strip() if field.kind.name == "longtext" else " ".join(text.split())
    longest = field.longest
    if longest and len(text) > longest:
        raise ValueError(
            _("Too long: at most %(most)s characters, this has %(count)s.", most=f"{longest:,}", count=f"{len(text):,}")
        )
    return text or None


def _pattern(pattern: re.Pattern[str], message: object) -> Callable[[Field, Any], Any]:
    def parse(field: Field, raw: Any) -> str | None:
        text = _text(field, raw)
        if text is not None and not pattern.fullmatch(text.translate(DIGITS)):
            raise ValueError(message)
        return text

    return parse


def _email(field: Field, raw: Any) -> str | None:
    text = _text(field, raw)
    if text is None:
        return None
    local, at, host = text.rpartition("@")
    text = f"{local}{at}{host.lower()}"
    if not EMAIL.fullmatch(text) or ".." in text or len(local) > 64:
        raise ValueError(_("Enter an e-mail address, like name@example.com."))
    return text


def _url(field: Field, raw: Any) -> str | None:
    text = _text(field, raw)
    if text is None:
        return None
    if "://" not in text and not text.lower().startswith(("javascript:", "data:", "mailto:")):
        text = "https://" + text
    if not URL.fullmatch(text):
        raise ValueError(_("Enter a web address, like https://example.com."))
    return text


def _integer(field: Field, raw: Any) -> int | None:
    number = _number(raw, _("Enter a whole number."))
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= BIGINT:
        raise ValueError(_("Enter a whole number."))
    _check_bounds(field, number)
    return int(number)


def _decimal(field: Field, raw: Any) -> Decimal | None:
    number = _number(raw, _("Enter a number."))
    if number is None:
        return None
    if abs(number) >= LARGEST:
        raise ValueError(_("Enter a number."))
    _check_bounds(field, number)
    return number


def _number(raw: Any, message: object) -> Decimal | None:
    """Return what was typed or sent as a finite number: with Arabic digits and thousands separators or without."""
    if isinstance(raw, str):
        raw = raw.translate(DIGITS).replace(",", "").replace("\u066c", "").strip()
        if not raw:
            return None
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        raise ValueError(message) from None
    if isinstance(raw, bool) or not number.is_finite():
        raise ValueError(message)
    return number


def _check_bounds(field: Field, number: Decimal) -> None:
    if field.min is not None and number < field.min:
        raise ValueError(_("Must be at least %(least)s.", least=field.min))
    if field.max is not None and number > field.max:
        raise ValueError(_("Must be at most %(most)s.", most=field.max))


def _date(field: Field, raw: Any) -> date | None:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    text = str(raw).translate(DIGITS).strip()
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(_("Enter a date as YYYY-MM-DD."))


def _datetime(field: Field, raw: Any) -> datetime | None:
    if isinstance(raw, datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=UTC)
    text = str(raw).strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_("Enter a date and time as YYYY-MM-DD HH:MM.")) from None


def _boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text in ("1", "true", "yes", "on", "y", "نعم"):
        return True
    if text in ("", "0", "false", "no", "off", "n", "لا"):
        return False
    raise ValueError(_("Enter yes or no."))


def _choice(field: Field, raw: Any) -> str | None:
    text = str(raw).strip() if isinstance(raw, str) else raw
    if text == "":
        return None
    if text in field.choices:
        return str(text)
    key = str(text).casefold()
    for value, label in field.choices.items():
        if key in (value.casefold(), str(label).casefold()):
            return value
    raise ValueError(_("Choose one of: %(choices)s.", choices=listed(field.choices.values())))


def _choices(field: Field, raw: Any) -> list[str]:
    if isinstance(raw, str):
        raw = [part for part in re.split(r"[,;|،]", raw) if part.strip()]
    if not isinstance(raw, list | tuple):
        raise ValueError(_("Choose one of: %(choices)s.", choices=listed(field.choices.values())))
    values = [value for value in (_choice(field, item) for item in raw if item != "") if value is not None]
    return list(dict.fromkeys(values))


def _reference(field: Field, raw: Any) -> UUID | None:
    if raw == "":
        return None
    if isinstance(raw, UUID):
        return raw
    try:
        return UUID(str(raw))
    except ValueError:
        raise ValueError(_("Choose a record from the list.")) from None


def _country(field: Field, raw: Any) -> str | None:
    from diwan.kit.countries import recognise

    text = _text(field, raw)
    if text is None:
        return None
    code = recognise(text)
    if code is None:
        raise ValueError(_("Unknown country: %(text)s.", text=text))
    return code


def _json(field: Field, raw: Any) -> Any:
    return raw


STRING = {"type": "string"}
KINDS = {
    kind.name: kind
    for kind in (
        Kind("text", _text, STRING, TEXT_OPERATORS, 300),
        Kind("longtext", _text, STRING, ("contains", "empty", "filled"), 100_000, sortable=False),
        Kind("email", _email, {"type": "string"}, TEXT_OPERATORS, 254),
        Kind("phone", _pattern(PHONE, _("Enter a telephone number, like +965 1234 5678.")), STRING, TEXT_OPERATORS, 60),
        Kind("url", _url, STRING, TEXT_OPERATORS, 2_000),
        Kind("integer", _integer, {"type": "integer"}, ORDER_OPERATORS),
        Kind("decimal", _decimal, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, ORDER_OPERATORS),
        Kind("date", _date, {"type": "string", "format": "date"}, ORDER_OPERATORS),
        Kind("datetime", _datetime, {"type": "string", "format": "date-time"}, ORDER_OPERATORS),
        Kind("boolean", _boolean, {"type": "boolean"}, ("eq",)),
        Kind("choice", _choice, STRING, CHOICE_OPERATORS),
        Kind("choices", _choices, {"type": "array", "items": STRING}, LIST_OPERATORS, sortable=False),
        Kind("country", _country, {"type": "string", "pattern": "^[A-Z]{2}$"}, CHOICE_OPERATORS),
        Kind(
            "reference",
            _reference,
            {"type": "string", "format": "uuid"},
            ("eq", "ne", "in", "empty", "filled"),
            sortable=False,
        ),
        Kind("json", _json, {}, (), sortable=False),
    )
}
