"""All records of a list, page by page.

It must hold no more than a page, and no transaction between two pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from diwan import resources
from diwan.resources import Resource

PAGE = 500

Rows = list[tuple[Any, ...]]


def rows(
    resource: Resource,
    columns: Sequence[str],
    where: Any = None,
    search: str = "",
    sort: str | None = None,
    *,
    archived: bool = False,
) -> Iterator[Rows]:
    """Yield the records of a list in pages of tuples (id, then the columns). Raises BadRequest before the first."""
    cursor: str | None = None
    resource = resource.limited_to("export")
    while True:
        page = resources.list_page(resource, columns, where, search, sort, cursor, limit=PAGE, archived=archived)
        yield [tuple(row) for row in page.rows]
        if page.next is None:
            return
        cursor = page.next
