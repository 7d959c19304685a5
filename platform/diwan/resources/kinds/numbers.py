"""Kinds that are numbers: whole, decimal, amounts of money, quantities, percentages.

It must not know the currency of an amount: that is a matter of the whole record (see `resources.amounts`).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from diwan.db.columns import BIGINT, Scaled
from diwan.kit.i18n import _
from diwan.resources.kinds.kind import ORDER_OPERATORS, Kind

if TYPE_CHECKING:
    from diwan.resources.fields import Field

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")
LARGEST = Decimal(10) ** 18
MONEY_PLACES = 4
PLACES = 6


def _integer(field: Field, raw: Any) -> int | None:
    number = read_number(raw, _("Enter a whole number."))
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= BIGINT:
        raise ValueError(_("Enter a whole number."))
    check_bounds(field, number)
    return int(number)


def _decimal(field: Field, raw: Any) -> Decimal | None:
    number = read_number(raw, _("Enter a number."))
    if number is None:
        return None
    if abs(number) >= LARGEST:
        raise ValueError(_("Enter a number."))
    check_bounds(field, number)
    return number


def _scaled(places: int) -> Callable[[Field, Any], Decimal | None]:
    column = Scaled(places)
    largest = Decimal(BIGINT).scaleb(-places)

    def parse(field: Field, raw: Any) -> Decimal | None:
        if isinstance(raw, str):
            raw = raw.strip().removesuffix("%").removesuffix("٪")
        number = read_number(raw, _("Enter a number."))
        if number is None:
            return None
        if abs(number) >= largest:
            raise ValueError(_("This number is too large."))
        kept = column.canonical(number)
        if kept != number:
            raise ValueError(_("At most %(most)s decimal places.", most=places))
        check_bounds(field, kept)
        return kept

    return parse


def read_number(raw: Any, message: object) -> Decimal | None:
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


def check_bounds(field: Field, number: Any) -> None:
    """Raise ValueError for a value outside the field's bounds."""
    if field.min is not None and number < field.min:
        raise ValueError(_("Must be at least %(least)s.", least=field.min))
    if field.max is not None and number > field.max:
        raise ValueError(_("Must be at most %(most)s.", most=field.max))


NUMBER = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
NUMBERS = (
    Kind("integer", _integer, {"type": "integer"}, ORDER_OPERATORS),
    Kind("decimal", _decimal, NUMBER, ORDER_OPERATORS, load=Decimal),
    Kind("money", _scaled(MONEY_PLACES), NUMBER, ORDER_OPERATORS, column=Scaled(MONEY_PLACES), load=Decimal),
    Kind("quantity", _scaled(PLACES), NUMBER, ORDER_OPERATORS, column=Scaled(PLACES), load=Decimal),
    Kind("percent", _scaled(PLACES), NUMBER, ORDER_OPERATORS, column=Scaled(PLACES), load=Decimal),
)
