"""The settings of the person who acts, in the business that is open: `get`, `put`, `forget`.

It must not hold anything that others need to find: a preference is one person's own.
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Table, delete, select
from sqlalchemy.dialects.postgresql import insert

from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import TooLarge
from diwan.kit.i18n import _
from diwan.preferences.models import Preference

MOST_BYTES = 20_000
TABLE: Table = Preference.__table__  # type: ignore[assignment]


def get(key: str, default: Any = None) -> Any:
    """Return a setting of the person who acts, or `default`."""
    statement = select(TABLE.c.value).where(*_mine(key))
    row = current.session.connection().execute(statement).first()
    return default if row is None else row[0]


def put(key: str, value: Any) -> None:
    """Keep a setting (JSON) of the person who acts."""
    if len(orjson.dumps(value)) > MOST_BYTES:
        raise TooLarge(_("This setting is too long to be kept."))
    values = {
        "tenant_id": current.tenant.id, "user_id": current.user.id, "key": key, "value": value, "updated_at": now()
    }  # fmt: skip
    statement = insert(TABLE).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "user_id", "key"],
        set_={"value": statement.excluded.value, "updated_at": statement.excluded.updated_at},
    )
    current.session.connection().execute(statement)


def forget(key: str) -> None:
    """Go back to what everybody has."""
    current.session.connection().execute(delete(TABLE).where(*_mine(key)))


def _mine(key: str) -> tuple[Any, ...]:
    columns = TABLE.c
    return columns.tenant_id == current.tenant.id, columns.user_id == current.user.id, columns.key == key
