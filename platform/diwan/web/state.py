"""What a person looks at: the records, order and shape of a list, as its address says it.

List, board, calendar, pivot, export and "next record" all read the same state, so that they mean the same records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import orjson

from diwan import preferences
from diwan.errors import BadRequest, NotFound
from diwan.kit.i18n import _
from diwan.preferences import Setup, View
from diwan.preferences.views import ALL
from diwan.resources import Resource
from diwan.resources.everywhere import SYSTEM_FIELDS
from diwan.web.cells import record_base

FILTER = "f."
OPTION = "o."
LONGEST_SEARCH = 200
EDITED = "edited"
STATED = ("q", "sort", "by", "archived", "group", "columns", "where", "as", "view")


@dataclass(frozen=True)
class ListState:
    """`where` is a filter (see resources.filters) or None, `quick` the values of the quick filters, `shape` the kind of
    view (list, board, calendar, tree, pivot), `columns` the chosen ones (none: the person's, else the resource's),
    `view` a saved view, `options` what a shape wants to know besides (`o.rows=country`). `setup` is what the person has
    arranged for this list, `base` the view's own state, `notices` what a view says that is no longer there.
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
    options: Mapping[str, str] = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup, compare=False, repr=False)
    base: ListState | None = field(default=None, compare=False, repr=False)
    notices: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, resource: Resource, arguments: Mapping[str, str]) -> Self:
        """Return the state of an address. Raises BadRequest, and NotFound for a view that is not there.

        An address without a state means the view that the person opens this list in; one that names a view and says
        nothing else means that view as it was saved.
        """
        setup = preferences.setup(resource.key)
        wanted = arguments.get("view", "")
        stated = any(name in STATED or name.startswith((FILTER, OPTION)) for name in arguments)
        view = setup.find(wanted) if wanted != ALL else None
        if not stated:
            view = setup.default
        if wanted and wanted != ALL and view is None:
            raise NotFound(_("There is no such view. Somebody may have removed it."))
        base = cls._of_view(resource, setup, view) if view else None
        if base is not None and EDITED not in arguments:
            shape = arguments.get("as", "")
            return replace(base, base=base, shape=shape) if shape else replace(base, base=base)
        columns = _names(arguments.get("columns", ""))
        for name in columns:
            if name not in resource.fields and name not in SYSTEM_FIELDS:
                raise BadRequest(_("There is no field %(name)s in this list.", name=name[:60]))
        return cls(
            resource=resource,
            search=arguments.get("q", "").strip()[:LONGEST_SEARCH],
            sort=_sort(arguments),
            archived=arguments.get("archived") == "1",
            shape=arguments.get("as", ""),
            view=str(view.id) if view else (ALL if wanted == ALL else ""),
            group=arguments.get("group", ""),
            columns=columns,
            where=read_where(arguments.get("where", "")),
            quick={n: v for n in resource.filters if (v := arguments.get(FILTER + n, "").strip())},
            options={n.removeprefix(OPTION): v[:200] for n, v in arguments.items() if n.startswith(OPTION) and v},
            setup=setup,
            base=base,
        )

    @classmethod
    def of_query(cls, resource: Resource, query: str) -> Self:
        """Return the state that a form carries as the query of an address. Raises BadRequest."""
        return cls.read(resource, dict(parse_qsl(query[:20_000])))

    @classmethod
    def _of_view(cls, resource: Resource, setup: Setup, view: View) -> Self:
        """Return the state that a view holds; what names a field that is gone is left out, with a notice."""
        known = {*resource.fields, *SYSTEM_FIELDS}
        saved, lost = view.definition, set[str]()

        def kept(names: Iterable[str]) -> list[str]:
            names = [str(name) for name in names]
            lost.update(n.lstrip("-").partition(":")[0] for n in names if _field_of(n) not in known)
            return [name for name in names if _field_of(name) in known]

        group = kept([saved["group"]]) if saved.get("group") else []
        quick = {n: str(v) for n, v in dict(saved.get("quick") or {}).items() if n in resource.filters}
        return cls(
            resource=resource,
            search=str(saved.get("search", "")),
            sort=",".join(kept(_names(saved.get("sort", "")))),
            archived=bool(saved.get("archived")),
            shape=str(saved.get("shape", "")),
            view=str(view.id),
            group=group[0] if group else "",
            columns=tuple(kept(saved.get("columns") or ())),
            where=_known_tests(saved.get("where"), known, lost),
            quick=quick,
            options={str(n): str(v) for n, v in dict(saved.get("options") or {}).items()},
            setup=setup,
            notices=tuple(sorted(lost)),
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

    @property
    def opened(self) -> View | None:
        """The saved view that is open, changed or not."""
        return self.setup.find(self.view) if self.view else None

    @property
    def edited(self) -> bool:
        """Whether the state differs from the view that is open."""
        return self.base is not None and self != self.base

    def definition(self) -> dict[str, Any]:
        """Return the state as a saved view keeps it."""
        return {
            "search": self.search, "sort": self.sort, "archived": self.archived, "shape": self.shape,
            "group": self.group, "columns": list(self.columns), "where": self.where, "quick": dict(self.quick),
            "options": dict(self.options),
        }  # fmt: skip

    def pairs(self) -> list[tuple[str, str]]:
        """Return the state as the pairs of a query."""
        if self.base is not None and not self.edited:
            return [("view", self.view)]
        return self.stated()

    def stated(self) -> list[tuple[str, str]]:
        """Return the state as pairs in full, whatever the view that is open says."""
        view = self.view or (ALL if self.setup.default else "")
        found = [
            ("view", view), (EDITED, "1" if view and view != ALL else ""), ("q", self.search), ("sort", self.sort),
            ("archived", "1" if self.archived else ""), ("as", self.shape), ("group", self.group),
            ("columns", ",".join(self.columns)),
            ("where", orjson.dumps(self.where).decode() if self.where else ""),
            *((FILTER + name, value) for name, value in self.quick.items()),
            *((OPTION + name, value) for name, value in self.options.items()),
        ]  # fmt: skip
        return [(name, value) for name, value in found if value]

    @property
    def query(self) -> str:
        """The state as the query of an address, for forms that carry it on."""
        return urlencode(self.stated())

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


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in str(text).split(",") if name))


def _field_of(name: str) -> str:
    """The field in "-amount" (an order) or "due_on:month" (a group)."""
    return name.lstrip("-").partition(":")[0]


def _sort(arguments: Any) -> str:
    """The order of an address, or of the small form that asks for several levels (`by`)."""
    if "by" not in arguments:
        return str(arguments.get("sort", ""))
    levels = arguments.getlist("by") if hasattr(arguments, "getlist") else [arguments["by"]]
    chosen: dict[str, str] = {}
    for level in levels:
        if level:
            chosen.setdefault(level.lstrip("-"), level)
    return ",".join(chosen.values())


def _known_tests(where: Any, known: set[str], lost: set[str]) -> Any:
    """Return a saved filter without the conditions on fields that are gone; None if nothing is left."""
    if isinstance(where, dict) and len(where) == 1:
        [(join, tests)] = where.items()
        kept = [test for each in tests if (test := _known_tests(each, known, lost)) is not None]
        return {join: kept} if kept else None
    if isinstance(where, list) and where and isinstance(where[0], str):
        if where[0] in known:
            return where
        lost.add(where[0])
        return None
    if isinstance(where, list):
        return [test for each in where if (test := _known_tests(each, known, lost)) is not None] or None
    return None
