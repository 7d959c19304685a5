"""A role as a grid: grants read into cells and fields that people choose, and written back as the same grants.

It must not lose or widen anything on the way; what a grid cannot say is kept as text, in `rest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from diwan.db.grants import ALL, GRANT, Grant, Grants, narrower

HIDE, READ, WRITE = STATES = ("hide", "read", "write")
"""What a role does with a field: `write` is no limit."""
READING, WRITING = "read", ("create", "update")
ORDER = {ALL: 0, "team": 2, "own": 3}


@dataclass(frozen=True, slots=True)
class Row:
    """One resource: its permissions, and of the fields that can be hidden, whether they are sensitive."""

    key: str
    permissions: tuple[str, ...]
    fields: Mapping[str, bool] = field(default_factory=dict)

    def action(self, permission: str) -> str:
        """Return the action of one of its permissions; the whole key, where it belongs to something else."""
        return permission.removeprefix(f"{self.key}.")

    @property
    def unlimited(self) -> dict[str, str]:
        """The states of its fields in a role that says nothing of them."""
        return {name: HIDE if sensitive else WRITE for name, sensitive in self.fields.items()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a business can give: resources, other permissions, and wildcards."""

    rows: tuple[Row, ...]
    switches: tuple[str, ...] = ()
    wildcards: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Grid:
    """What a role gives. `cells` hold scopes by permission; `fields` only the states that are not the usual ones."""

    wildcards: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    cells: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rest: tuple[str, ...] = ()

    def covering(self, permission: str) -> str:
        """Return a wildcard of the role that gives a permission; empty where none does."""
        texts = sorted({*self.wildcards, *(text for text in self.rest if text.endswith("*"))}, key=len)
        return next((text for text in texts if permission.startswith(text[:-1])), "")

    def scope(self, permission: str) -> str:
        """Return on which records the role gives a permission, wildcards counted; empty where it does not."""
        return ALL if self.covering(permission) or permission in self.switches else self.cells.get(permission, "")

    def state(self, row: Row, name: str) -> str:
        """Return what the role does with a field."""
        if self.covering(f"{row.key}.read"):
            return WRITE
        return self.fields.get(row.key, {}).get(name) or row.unlimited[name]


def read_grants(sheet: Sheet, texts: Iterable[str]) -> Grid:
    """Return grants as a grid."""
    wildcards, switches, rest = set[str](), set[str](), set[str]()
    owner = {permission: row for row in reversed(sheet.rows) for permission in row.permissions}
    found: dict[str, list[Grant]] = {}
    for text in texts:
        grant = Grant.parse(text) if GRANT.fullmatch(text) else None
        if grant is None or grant.permission not in {*owner, *sheet.switches, *sheet.wildcards}:
            rest.add(text)
        elif grant.is_wildcard:
            wildcards.add(text)
        elif grant.permission in owner:
            found.setdefault(grant.permission, []).append(grant)
        elif grant == Grant(grant.permission):
            switches.add(grant.permission)
        else:
            rest.add(text)
    cells: dict[str, str] = {}
    fields: dict[str, Mapping[str, str]] = {}
    for row in sheet.rows:
        given, states, left = _read_row(row, {p: found[p] for p in row.permissions if p in found and owner[p] is row})
        cells |= {permission: grant.scope for permission, grant in given.items()}
        rest |= {str(grant) for grant in left}
        if states:
            fields[row.key] = states
    return Grid(frozenset(wildcards), frozenset(switches), cells, fields, tuple(sorted(rest)))


def write_grants(sheet: Sheet, grid: Grid) -> list[str]:
    """Return what a grid says as grants."""
    texts = {*grid.wildcards, *grid.switches, *grid.rest}
    done = set[str]()
    for row in sheet.rows:
        states = {**row.unlimited, **grid.fields.get(row.key, {})}
        for permission in row.permissions:
            if permission not in done and (scope := grid.cells.get(permission)):
                texts.add(str(_grant(row, permission, scope, states)))
            done.add(permission)
    return sorted(texts)


def _grant(row: Row, permission: str, scope: str, states: Mapping[str, str]) -> Grant:
    action = row.action(permission)
    if action != READING and action not in WRITING:
        return Grant(permission, scope)
    enough = (READ, WRITE) if action == READING else (WRITE,)
    reached = {name for name in row.fields if states[name] in enough}
    without = frozenset(name for name, sensitive in row.fields.items() if not sensitive and name not in reached)
    return Grant(permission, scope, without, frozenset(name for name in reached if row.fields[name]))


def _read_row(row: Row, found: Mapping[str, list[Grant]]) -> tuple[dict[str, Grant], dict[str, str], list[Grant]]:
    """Return the grants that become cells, the unusual states of the fields, and the grants that are kept as they are.

    Of several grants of one permission the widest becomes the cell.
    """
    given, left = dict[str, Grant](), list[Grant]()
    for permission, grants in found.items():
        given[permission], *more = sorted(grants, key=lambda grant: (ORDER.get(grant.scope, 1), str(grant)))
        left += more
    while True:
        states = _states(row, {row.action(permission): grant for permission, grant in given.items()})
        # What can be written is let go first: whoever opens the role then sees less, not more, than there is.
        odd = [p for p, grant in given.items() if _grant(row, p, grant.scope, states) != grant]
        if not odd:
            usual = row.unlimited
            return given, {name: state for name, state in states.items() if state != usual[name]}, left
        odd.sort(key=lambda permission: (row.action(permission) == READING, permission))
        left.append(given.pop(odd[0]))


def _states(row: Row, given: Mapping[str, Grant]) -> dict[str, str]:
    """Return the states of the fields that these grants most likely came of."""
    if not given.keys() & {READING, *WRITING}:
        return row.unlimited
    found = {}
    for name, sensitive in row.fields.items():
        writing = [_reaches(given[action], name, sensitive) for action in WRITING if action in given]
        if READING in given:
            readable = _reaches(given[READING], name, sensitive)
            writable = all(writing) if writing or not sensitive else False
            found[name] = HIDE if not readable else WRITE if writable else READ
        else:
            found[name] = WRITE if all(writing) else HIDE
    return found


def _reaches(grant: Grant, name: str, sensitive: bool) -> bool:
    return name in grant.with_ if sensitive else name not in grant.without


def may_give(held: Grants, permission: str, scope: str = ALL) -> bool:
    """Return whether somebody with these grants may give a permission on such records; of fields see `may_state`."""
    return any(g.is_wildcard or narrower(g.scope, scope) == scope for g in held.reaching(permission))


def may_state(held: Grants, row: Row, name: str, state: str) -> bool:
    """Return whether somebody with these grants may give this much of a field."""
    sensitive = row.fields[name]
    needed = {HIDE: (), READ: (READING,), WRITE: (READING, *WRITING)}[state]
    for action in needed:
        grants = held.reaching(f"{row.key}.{action}")
        if grants and not any(grant.is_wildcard or _reaches(grant, name, sensitive) for grant in grants):
            return False
        if not grants and sensitive:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two roles differ: a permission, a field of a resource, a wildcard or a text."""

    kind: str
    key: str
    one: str
    other: str
    field: str = ""


def differences(sheet: Sheet, one: Grid, other: Grid, *, every: bool = False) -> Iterator[Difference]:
    """Yield in what two roles differ, in the order of the grid; with `every`, also what they share."""
    for text in sorted({*sheet.wildcards, *one.wildcards, *other.wildcards}):
        yield from _pair("wildcard", text, _has(text, one.wildcards), _has(text, other.wildcards), every)
    for row in sheet.rows:
        for permission in row.permissions:
            yield from _pair("cell", permission, one.scope(permission), other.scope(permission), every)
        if all(grid.scope(f"{row.key}.{READING}") for grid in (one, other)):
            for name in row.fields:
                yield from _pair("field", row.key, one.state(row, name), other.state(row, name), every, name)
    for permission in sheet.switches:
        yield from _pair("switch", permission, one.scope(permission), other.scope(permission), every)
    for text in sorted({*one.rest, *other.rest}):
        yield from _pair("rest", text, _has(text, one.rest), _has(text, other.rest), every)


def _has(text: str, texts: Iterable[str]) -> str:
    return ALL if text in texts else ""


def _pair(kind: str, key: str, one: str, other: str, every: bool, name: str = "") -> Iterator[Difference]:
    if one != other or (every and one):
        yield Difference(kind, key, one, other, name)
