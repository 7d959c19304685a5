"""What a person looks at: the records, order and shape of a list, as its address says it.

List, board, calendar, pivot, export and "next record" all read the same state, so that they mean the same records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlencode

import orjson

from diwan.errors import BadRequest
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web.cells import record_base

FILTER = "f."
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class ListState:
    """`where` is a filter (see resources.filters) or None, `quick` the values of the quick filters, `shape` the kind of
    view (list, board, calendar, tree, pivot), `columns` the chosen ones (none: the resource's), `view` a saved view.
    """

    resource: Resource
    search: str = ""
    sort: str = ""
    archived: bool = False
    shape: str = ""
    view: str = ""
    group: str = ""
    columns: tuple[str, ...] = ()
    where: Any = None
    quick: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, resource: Resource, arguments: Mapping[str, str]) -> Self:
        """Return the state of an address. Raises BadRequest."""
        return cls(
            resource=resource,
            search=arguments.get("q", "").strip()[:LONGEST_SEARCH],
            sort=arguments.get("sort", ""),
            archived=arguments.get("archived") == "1",
            shape=arguments.get("as", ""),
            view=arguments.get("view", ""),
            group=arguments.get("group", ""),
            columns=tuple(n for n in arguments.get("columns", "").split(",") if n),
            where=read_where(arguments.get("where", "")),
            quick={n: v for n in resource.filters if (v := arguments.get(FILTER + n, "").strip())},
        )

    @property
    def href(self) -> str:
        """The list's address without its state."""
        return record_base(self.resource.key)

    @property
    def tests(self) -> list[Any]:
        """The filter and the quick filters as one filter."""
        fields = self.resource.fields
        tests = [[n, "has" if "has" in fields[n].kind.operators else "eq", v] for n, v in self.quick.items()]
        return [*tests, self.where] if self.where else tests

    def pairs(self) -> list[tuple[str, str]]:
        """Return the state as the pairs of a query."""
        found = [
            ("q", self.search), ("sort", self.sort), ("archived", "1" if self.archived else ""), ("as", self.shape),
            ("view", self.view), ("group", self.group), ("columns", ",".join(self.columns)),
            ("where", orjson.dumps(self.where).decode() if self.where else ""),
            *((FILTER + name, value) for name, value in self.quick.items()),
        ]  # fmt: skip
        return [(name, value) for name, value in found if value]

    def link(self, place: str = "", *, cursor: str = "", more: Mapping[str, str] | None = None, **changes: Any) -> str:
        """Return the address of this state, with parts changed, from its first page: `state.link(sort="-name")`.

        `place` is added to the list's address ("/export"), `more` are further parameters.
        """
        pairs = replace(self, **changes).pairs() + [("cursor", cursor)] * bool(cursor) + list((more or {}).items())
        return f"{self.href}{place}" + (f"?{urlencode(pairs)}" if pairs else "")


def read_where(text: str) -> Any:
    """Return the filter that an address carries as JSON, or None. Raises BadRequest."""
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest(_('where is JSON, such as [["country","eq","KW"]].')) from None
