"""Amounts and their currencies: which one an amount is in, and whether that currency has as many decimals.

It must not convert between currencies.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import get_currency_precision

from diwan.db.context import current
from diwan.kit.i18n import _

if TYPE_CHECKING:
    from diwan.resources.declare import Resource
    from diwan.resources.fields import Field


def base_currency() -> str:
    """Return the currency of the business."""
    tenant = current.tenant_or_none
    return tenant.currency if tenant else "USD"


def currency_of(described: Field, values: Mapping[str, Any], outer: Mapping[str, Any] | None = None) -> str:
    """Return the ISO 4217 code of an amount: from its record, from the record that its row belongs to, or the base."""
    _above, dot, name = described.currency.rpartition(".")
    found = (outer or {}).get(name) if dot else values.get(name) if name else None
    return str(found) if found else base_currency()


def digits_of(currency: str) -> int:
    """Return how many decimals a currency has: KWD 3, USD 2, JPY 0."""
    return get_currency_precision(currency)


def check_amounts(
    resource: Resource, values: Mapping[str, Any], stored: Mapping[str, Any], outer: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Return what is wrong with amounts that have more decimals than their currency, by field name.

    `values` are those to be written, `stored` what the record holds besides.
    """
    errors: dict[str, object] = {}
    whole = {**stored, **values}
    currencies = {f.currency for f in resource.fields.values() if f.currency}
    for name, described in resource.fields.items():
        if described.kind.name != "money" or described.computed is not None:
            continue
        if name not in values and not (currencies & values.keys()):
            continue
        amount = whole.get(name)
        if not isinstance(amount, Decimal):
            continue
        code = currency_of(described, whole, outer)
        digits = digits_of(code)
        if amount != amount.quantize(Decimal(1).scaleb(-digits)):
            errors[name] = (
                _("%(currency)s has %(digits)s decimal places; this amount has more.", currency=code, digits=digits)
                if digits
                else _("%(currency)s has no decimal places.", currency=code)
            )
    return errors
