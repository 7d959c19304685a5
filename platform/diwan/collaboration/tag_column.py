"""Tags as a value of every record, `@tags`: a column and conditions of lists, exports and the API.

It must ask for tags within the list's own statement, and show no more than the records that the list may show.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from diwan.collaboration.tags import LINKS, TAGS
from diwan.db.context import current
from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.kit.text import fold
from diwan.resources import Field, Resource
from diwan.resources.everywhere import Beside, add_beside
from diwan.resources.kinds import KINDS

NAME = "@tags"


def connect() -> None:
    """Give every record its tags as a value."""
    label, shown = _("Tags"), _("The words that people have put on the record.")
    field = Field(label=label, help=shown, readonly=True, name=NAME, kind=KINDS["tags"])
    add_beside(field, Beside(_column, _test))


def _column(resource: Resource) -> Any:
    """The names of a record's tags in their order: worked out for the rows of a page only."""
    named = select(TAGS.c.name).join_from(
        LINKS, TAGS, (TAGS.c.tenant_id == LINKS.c.tenant_id) & (TAGS.c.id == LINKS.c.tag_id)
    )  # fmt: skip
    named = _of_record(resource, named).order_by(TAGS.c.folded)
    return func.array(named.scalar_subquery(), type_=ARRAY(Text())).label(NAME)


def _test(resource: Resource, operator: str, value: Any) -> ColumnElement[bool]:
    """has, hasnot, empty, filled. A tag is found however it is spelled; one that nobody knows is on no record."""
    linked = _of_record(resource, select(LINKS.c.tag_id))
    if operator in ("has", "hasnot"):
        if not isinstance(value, str) or not value.strip() or len(value) > 200:
            raise BadRequest(_("%(field)s: give a text.", field=NAME))
        tag = select(TAGS.c.id).where(TAGS.c.tenant_id == current.tenant.id, TAGS.c.folded == fold(value))
        linked = linked.where(LINKS.c.tag_id == tag.scalar_subquery())
    found = linked.exists()
    return found if operator in ("has", "filled") else ~found


def _of_record(resource: Resource, statement: Select[Any]) -> Select[Any]:
    table = resource.table
    key: ColumnElement[str] = literal_column(
        f"'{resource.key}'"
    )  # a declared name: lists keep their SQL, not its values
    return statement.where(
        LINKS.c.tenant_id == table.c.tenant_id, LINKS.c.resource == key, LINKS.c.record_id == table.c.id
    ).correlate(table)
