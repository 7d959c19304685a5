"""Column types whose values PostgreSQL keeps in another form: amounts and durations as whole numbers, secrets sealed.

Statements that pass SQLAlchemy's result and bind processors by must turn values with `reader` and `writer`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator, TypeEngine

from diwan.db.context import current
from diwan.kit.sealing import place, seal, unseal

BIGINT = 2**63
SECOND = timedelta(seconds=1)


class Scaled(TypeDecorator[Decimal]):
    """A number of a fixed count of decimal places, kept as bigint: comparisons use indexes also under row security."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places
        self._unit = Decimal(10) ** places

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        return None if value is None else self.to_stored(value)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else self.from_stored(value)

    @property
    def python_type(self) -> type[Any]:
        return Decimal

    def to_stored(self, value: Any) -> int:
        """Return the whole number of a value. Raises ValueError for more places than there are, or too large."""
        scaled = Decimal(value) * self._unit
        number = int(scaled)
        if number != scaled or abs(number) >= BIGINT:
            raise ValueError(f"{value} does not fit into {self.places} decimal places")
        return number

    def from_stored(self, value: Any) -> Decimal:
        """Return the value of a stored whole number, without superfluous zeros."""
        return Decimal(value) / self._unit

    def canonical(self, value: Decimal) -> Decimal:
        """Return a value as it comes back from the database: with the places that there are, and no others."""
        return self.from_stored(int((value * self._unit).to_integral_value(ROUND_HALF_UP)))


class Seconds(TypeDecorator[timedelta]):
    """A length of time, kept as its whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        return None if value is None else self.to_stored(value)

    def process_result_value(self, value: Any, dialect: Any) -> timedelta | None:
        return None if value is None else self.from_stored(value)

    @property
    def python_type(self) -> type[Any]:
        return timedelta

    def to_stored(self, value: Any) -> int:
        """Return the seconds of a length of time."""
        seconds: int = value // SECOND
        return seconds

    def from_stored(self, value: Any) -> timedelta:
        """Return the length of time of stored seconds."""
        return timedelta(seconds=int(value))


class Sealed(TypeDecorator[str]):
    """A secret text, sealed for the tenant of the scope and for `column` (`schema.table.column`).

    SQL can ask whether there is one, and nothing else of it.
    """

    impl = LargeBinary
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[str]):
        """Sealing twice gives two different values, so comparing them would never find anything."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            if op not in (operators.is_, operators.is_not):
                raise TypeError("A sealed value cannot be compared, sorted or searched in SQL, only IS [NOT] NULL.")
            return super().operate(op, *other, **kwargs)

    def __init__(self, column: str = "") -> None:
        super().__init__()
        self.column = column

    comparator_factory = Comparator

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else seal(str(value).encode(), self.place(current.tenant.id))

    def process_result_value(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else unseal(bytes(value), self.place(current.tenant.id)).decode()

    @property
    def python_type(self) -> type[Any]:
        return str

    def place(self, tenant_id: int) -> bytes:
        """Return the context under which a tenant's values of this column are sealed."""
        return place(self.column, tenant_id)


SEALED_FOR = "sealed_for"


def sealed_for(owner: str) -> dict[str, str]:
    """Return the `info` of a binary column that holds `seal(value, place("schema.table.column", <the row's owner>))`.

    For tables of no tenant; `diwan secrets rotate` finds the column by it. `owner` is a column of the same table.
    """
    return {SEALED_FOR: owner}


def iso_span(span: timedelta) -> str:
    """Return a length of time as ISO 8601: PT1H30M."""
    seconds = abs(span) // SECOND
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    return ("-" if span < timedelta(0) else "") + "PT" + (parts or "0S")


def reader(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Return what turns a stored value (never NULL) into the value of a column; None where they are the same."""
    return type_.from_stored if isinstance(type_, Scaled | Seconds) else None


def writer(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """Return what turns a value (never None) into what is stored; None where they are the same."""
    return type_.to_stored if isinstance(type_, Scaled | Seconds) else None
