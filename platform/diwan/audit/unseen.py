"""Changes that the session has seen, until an entry tells of them; what no entry tells of becomes one at the commit.

It must compare, not guess: an entry covers a change where it says the same field with the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

Key = tuple[str, UUID]
Kind = Literal["create", "update", "delete"]
Told = Callable[..., None]

ARCHIVED = "archived_at"


@dataclass(slots=True)
class Change:
    """What happened to one record past the services. `fields` maps names to [before, after] in JSON's terms.

    `whole` gives the values of a record that was made; they are asked for only if nobody recorded it. `within` is
    the record that this one is a row of, and the name of the rows.
    """

    kind: Kind
    title: str = ""
    fields: dict[str, list[Any]] = field(default_factory=dict)
    whole: Callable[[], Mapping[str, Any]] | None = None
    within: tuple[Key, str] | None = None

    def copy(self) -> Change:
        """Return the change as it is now."""
        fields = {name: list(values) for name, values in self.fields.items()}
        return Change(self.kind, self.title, fields, self.whole, self.within)

    def add(self, later: Change) -> None:
        """Take in what happened to the same record later."""
        if self.kind == "create" and later.kind == "update":
            return  # its values are asked for at the end
        if later.kind == "delete":
            self.kind, self.whole = "delete", None
        for name, (before, after) in later.fields.items():
            self.fields.setdefault(name, [before, after])[1] = after
        self.title = later.title or self.title


def see(changes: dict[Key, Change], key: Key, change: Change) -> None:
    """Keep a change."""
    known = changes.get(key)
    if known is None:
        changes[key] = change
    elif known.kind == "create" and change.kind == "delete":
        del changes[key]  # made and erased at once
    else:
        known.add(change)


def cover(
    changes: dict[Key, Change],
    action: str,
    key: Key,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Forget what an entry tells: of the record itself, and of the rows that it consists of."""
    said = {**(before or {}), **(after or {})}
    for row in [k for k, c in changes.items() if c.within is not None and c.within[0] == key and c.within[1] in said]:
        del changes[row]
    change = changes.get(key)
    if change is None:
        return
    if action == change.kind and action != "update":
        del changes[key]
        return
    if action in ("archive", "restore"):
        change.fields.pop(ARCHIVED, None)
    for name in [name for name in change.fields if name in (after or {})]:
        first, last = change.fields[name]
        told = (before or {}).get(name)
        if last != (after or {})[name]:
            continue
        if told == first:
            del change.fields[name]
        else:  # it was changed by somebody before the service changed it
            change.fields[name] = [first, told]
    if change.kind == "update" and not change.fields:
        del changes[key]
