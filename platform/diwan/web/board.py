"""A board: the records of a list as cards, in one column for each value of a field.

It must take a number of statements that depends on the columns only, and load a column's cards page by page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan import resources
from diwan.db import current
from diwan.errors import BadRequest
from diwan.kit.i18n import _, ngettext
from diwan.resources import Resource, lifecycle
from diwan.resources.aggregate import ONE, Dimension, Group, dimension, filter_of, group_counts, numbers_of
from diwan.resources.filters import described
from diwan.web import groups
from diwan.web.cells import column_cells
from diwan.web.list_groups import sum_text
from diwan.web.state import ListState

CARDS = 40
MOST_COLUMNS = 30
MOST_LINES = 4
NONE = "-"
"""How a column of records without a value is called in an address."""


def group_fields(resource: Resource) -> list[str]:
    """Return the fields whose values can be a board's columns; the declared one first."""
    fields = resource.fields
    names = [n for n, f in fields.items() if f.kind.name == "choice"]
    state = resource.lifecycle.field if resource.lifecycle else ""
    first = [n for n in (resource.group, state) if n and fields[n].kind.name in ONE]
    return list(dict.fromkeys([*first, *names]))


@dataclass(frozen=True)
class Board:
    """A board's state: by which field, what is summed in its columns, which fields stand on the cards."""

    state: ListState
    group: Dimension
    sum: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, state: ListState) -> Board:
        """Return the board that a list's state asks for. Raises BadRequest where there is no field for columns."""
        resource = state.resource
        known = group_fields(resource)
        if not known:
            raise BadRequest(_("There is no such view; known: %(known)s.", known="list"))
        asked = state.group.partition(":")[0]
        name = asked if asked in resource.fields and resource.fields[asked].kind.name in ONE else known[0]
        numbers = numbers_of(resource)
        shown = state.columns or resource.columns
        summed = state.options.get("sum", "")
        if summed not in numbers:
            summed = next((n for n in (*shown, *numbers) if n in numbers), "")
        lines = tuple(n for n in shown if n not in (resource.title, name))[:MOST_LINES]
        return cls(state, dimension(resource, name), summed, lines)

    @property
    def by_lifecycle(self) -> bool:
        """Whether a move of a card is a transition of the life-cycle."""
        cycle = self.state.resource.lifecycle
        return cycle is not None and cycle.field == self.group.name

    @property
    def movable(self) -> bool:
        resource = self.state.resource
        free = self.group.name in resource.editable or self.by_lifecycle
        return free and resource.may("update")

    def targets(self, value: Any) -> str | None:
        """Return the columns to which cards of a column may go, or None for all."""
        if not self.by_lifecycle:
            return None
        return " ".join(dict.fromkeys(way.state.key for way in lifecycle.ways(self.state.resource, value)))


def build(state: ListState, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of board.html."""
    board = Board.read(state)
    found = _groups(board)
    values = _values(board, found)
    names = groups.labels(board.group, values)
    pages = [_page(board, value) for value in values]
    cards = _cards(board, pages)
    columns = [
        {**_head(board, value, names[value], found.get(value)), **_body(board, value, page, shown)}
        for value, page, shown in zip(values, pages, cards, strict=True)
    ]
    return {
        "columns": columns,
        "href": state.href,
        "query": state.query,
        "movable": board.movable,
        "field": board.group.name,
        "groups": [
            {"label": state.resource.fields[n].label, "href": state.link(group=n), "active": n == board.group.name}
            for n in dict.fromkeys([*group_fields(state.resource), board.group.name])
        ],
        "group_label": board.group.field.label,
        "sums": [
            {
                "label": state.resource.fields[n].label,
                "active": n == board.sum,
                "href": state.link(options={**state.options, "sum": n}),
            }
            for n in numbers_of(state.resource)
        ],
        "sum_label": state.resource.fields[board.sum].label if board.sum else "",
        "total": sum(group.count for group in found.values()),
    }


def heads(state: ListState) -> dict[str, dict[str, Any]]:
    """Return what the columns' heads say now, by value: after a move the browser shows them anew."""
    board = Board.read(state)
    found = _groups(board)
    return {_key(value): _head(board, value, {}, found.get(value)) for value in _values(board, found)}


def more(state: ListState, column: str, cursor: str) -> str:
    """Return the HTML of the next cards of a column. Raises BadRequest for a column that is not there."""
    board = Board.read(state)
    value = _value(board, column)
    page = _page(board, value, cursor)
    [shown] = _cards(board, [page])
    return render_template("partials/board_cards.html", board={"movable": board.movable},
                           column=_body(board, value, page, shown))  # fmt: skip


def _groups(board: Board) -> dict[Any, Group]:
    state = board.state
    found = group_counts(
        state.resource, board.group.name, state.tests, state.search, [board.sum] if board.sum else [],
        archived=state.archived,
    )  # fmt: skip
    return {group.value: group for group in found}


def _values(board: Board, found: Mapping[Any, Group]) -> list[Any]:
    """Return the values that have a column: all choices; of other fields those that records have."""
    subject = board.group.field
    if subject.kind.name == "boolean":
        return [False, True]
    known = list(subject.choices) or [value for value in found if value is not None][: MOST_COLUMNS - 1]
    others = [value for value in found if value is not None and value not in known][:5] if subject.choices else []
    return [*([None] if None in found else []), *known, *others]


def _key(value: Any) -> str:
    return NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _value(board: Board, column: str) -> Any:
    if column == NONE:
        return None
    try:
        return board.group.field.parse(column)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _page(board: Board, value: Any, cursor: str | None = None) -> resources.Page:
    state = board.state
    tests = [*state.tests, *filter_of(board.group, value)]
    return resources.list_page(
        state.resource, [state.resource.title, *board.lines], tests, state.search, state.sort or None, cursor,
        limit=CARDS, archived=state.archived,
    )  # fmt: skip


def _cards(board: Board, pages: Sequence[resources.Page]) -> list[list[dict[str, Any]]]:
    """Return the cards of every column; each field's values are made ready for all of them at once."""
    resource, base = board.state.resource, board.state.href
    rows = [row for page in pages for row in page.rows]
    versions = versions_of(resource, [row[0] for row in rows])
    values = list(zip(*rows, strict=True)) or [()] * (len(board.lines) + 2)
    cells = [column_cells(described(resource, n), v) for n, v in zip(board.lines, values[2:], strict=False)]
    kinds = [(described(resource, n).label, described(resource, n).kind.name) for n in board.lines]
    cards = []
    for number, row in enumerate(rows):
        lines = [
            {"label": label, "kind": kind, "value": cells[place][number]}
            for place, (label, kind) in enumerate(kinds)
            if cells[place][number] not in (None, "", [])
        ]
        cards.append(
            {"id": row[0], "version": versions.get(row[0], 0), "title": row[1] or _("Untitled"),
             "href": f"{base}/{row[0]}", "lines": lines}
        )  # fmt: skip
    split, start = [], 0
    for page in pages:
        split.append(cards[start : start + len(page.rows)])
        start += len(page.rows)
    return split


def versions_of(resource: Resource, ids: Sequence[Any]) -> dict[Any, int]:
    if not ids:
        return {}
    table = resource.table
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid()))
    statement = resource.rows(table.c.id, table.c.version).where(table.c.id == any_(wanted))
    return {row[0]: row[1] for row in current.session.connection().execute(statement)}


def _head(board: Board, value: Any, label: Mapping[str, Any], group: Group | None) -> dict[str, Any]:
    count = group.count if group else 0
    limit = board.state.resource.limits.get(_key(value))
    summed = ""
    if board.sum and group:
        summed = sum_text(board.state.resource, board.sum, group.sums[board.sum])
    return {
        "key": _key(value),
        "label": label.get("text", ""),
        "tone": label.get("tone", ""),
        "count": f"{count:,}",
        "count_text": ngettext("%(n)s card", "%(n)s cards", count),
        "sum": summed,
        "sum_label": board.state.resource.fields[board.sum].label if board.sum else "",
        "targets": board.targets(value),
        "limit": limit,
        "over": limit is not None and count > limit,
    }


def _body(board: Board, value: Any, page: resources.Page, cards: list[dict[str, Any]]) -> dict[str, Any]:
    state = board.state
    more_href = None
    if page.next:
        more_href = state.link("/cards", cursor=page.next, more={"column": _key(value)})
    new = None
    if value is not None and state.resource.may("create"):
        new = f"{state.href}/new?{board.group.name}={_key(value)}"
    where = [*([state.where] if state.where else []), *filter_of(board.group, value)]
    return {"key": _key(value), "cards": cards, "more_href": more_href, "new_href": new,
            "list_href": state.link(shape="list", where=where)}  # fmt: skip
