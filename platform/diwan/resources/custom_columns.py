"""The SQL of fields that a business added: typed expressions over the one JSON column `custom`.

They must have the types that columns of their kinds have, so that filters, orders and sums are the same for both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnClause,
    Date,
    DateTime,
    Label,
    Numeric,
    Table,
    Text,
    Uuid,
    cast,
    false,
    func,
    literal_column,
    select,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import BigInteger, TypeEngine

TYPES: dict[str, TypeEngine[Any]] = {
    "integer": BigInteger(), "decimal": Numeric(), "money": Numeric(), "percent": Numeric(), "date": Date(),
    "datetime": DateTime(timezone=True), "boolean": Boolean(), "reference": Uuid(),
}  # fmt: skip
SEVERAL = ("choices", "tags")


@lru_cache(maxsize=5_000)
def custom_column(table: Table, name: str, kind: str) -> Label[Any]:
    """Return the value of a custom field as SQL. Names are ours: `x_` with letters, digits and underscores."""
    key: ColumnClause[str] = literal_column(f"'{name}'")  # in the text of the statement: lists keep their compiled SQL
    plain = table.c.custom.op("->>", return_type=Text())(key)
    if kind in SEVERAL:
        items = func.jsonb_array_elements_text(table.c.custom.op("->", return_type=JSONB())(key)).column_valued("item")
        return func.array(select(items).scalar_subquery(), type_=ARRAY(Text())).label(name)
    if kind == "boolean":
        return func.coalesce(cast(plain, Boolean()), false()).label(name)
    wanted = TYPES.get(kind)
    return (plain if wanted is None else cast(plain, wanted)).label(name)


def has_data(table: Table, name: str) -> Any:
    """Return the criterion that a record has a value of a custom field."""
    return table.c.custom.op("?")(literal_column(f"'{name}'"))
