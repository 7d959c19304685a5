"""Actions as the screens offer them: buttons beside a record's title, entries of its menu, the bar of its states.

It must name only what this person may do with the record as it is; `actions` (the pages) does it.
"""

from __future__ import annotations

from typing import Any

from diwan.resources import Resource, actions, lifecycle
from diwan.resources.acts import Action
from diwan.resources.printing import papers_of
from diwan.web.cells import record_base
from diwan.web.list_bulk import provide

MOST_BUTTONS = 3
POINT = "player-play"


def buttons(resource: Resource, record: Any) -> list[dict[str, Any]]:
    """Return the buttons beside the title; what does not fit is in `menu`."""
    shown = []
    for number, action in enumerate(_ordered(resource, record)[:MOST_BUTTONS]):
        made = _item(resource, record, action)
        made["kind"] = "danger" if action.tone == "bad" else "primary" if number == 0 else ""
        made["attributes"] = {"data-dialog": True} if action.form else {}
        shown.append(made)
    return shown


def menu(resource: Resource, record: Any) -> list[dict[str, Any]]:
    """Return the entries of the menu: the actions that are no buttons, and the documents."""
    more = [_item(resource, record, action) for action in _ordered(resource, record)[MOST_BUTTONS:]]
    return [*more, *documents(resource, record)]


def documents(resource: Resource, record: Any) -> list[dict[str, Any]]:
    """Return the links to the PDFs that a module makes of a record."""
    base = f"{record_base(resource.key)}/{record.id}/documents"
    return [
        {"label": label, "icon": "file-type-pdf", "href": f"{base}/{key}.pdf"}
        for key, label in papers_of(resource).items()
    ]


def status_bar(resource: Resource, record: Any) -> dict[str, Any] | None:
    """Return the states of a record's life-cycle, with those it can be brought to now as buttons."""
    cycle = resource.lifecycle
    if cycle is None:
        return None
    here = getattr(record, cycle.field) if record is not None else cycle.states[0].key
    ways = {t.state.key: t.action for t in reversed(lifecycle.targets(resource, record))} if record is not None else {}
    keys = [state.key for state in cycle.states]
    place = keys.index(here) if here in keys else -1
    steps = []
    for number, state in enumerate(cycle.states):
        step = {"label": state.label, "tone": state.tone, "here": state.key == here, "passed": number < place}
        if state.key in ways:
            step["act"] = _item(resource, record, ways[state.key])
        steps.append(step)
    return {"label": resource.fields[cycle.field].label, "steps": steps}


def _ordered(resource: Resource, record: Any) -> list[Action]:
    """The possible actions: those that lead on first, those that lead back or away last."""
    found = actions.possible(resource, record)
    undoing = {action.undo for action in resource.actions.values() if action.undo}
    return sorted(found, key=lambda action: (action.name in undoing, action.tone == "bad"))


def _item(resource: Resource, record: Any, action: Action) -> dict[str, Any]:
    place = f"{record_base(resource.key)}/{record.id}/do/{action.name}"
    made: dict[str, Any] = {
        "label": action.label,
        "icon": action.icon or POINT,
        "tone": "danger" if action.tone == "bad" else "",
    }
    if action.form:
        return {**made, "href": place, "dialog": True}
    return {**made, "action": place, "confirm": action.confirm or None}


@provide
def for_selection(resource: Resource, archived: bool) -> list[dict[str, Any]]:
    """Return what the bar over a selection offers: each record is asked whether it can."""
    if archived:
        return []
    base = f"{record_base(resource.key)}/do"
    return [
        {"label": a.label, "icon": a.icon or POINT, "action": f"{base}/{a.name}", "dialog": bool(a.form),
         "tone": "danger" if a.tone == "bad" else "", "confirm": None if a.form else a.confirm or None}
        for a in actions.permitted(resource) if a.bulk
    ]  # fmt: skip
