"""Where a record may go from its state, and going there: for boards, status bars and programs.

It must not decide anything that a transition's action does not: every way is an action.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from diwan.db.context import current
from diwan.errors import Refuse
from diwan.kit.i18n import _
from diwan.resources import actions, store
from diwan.resources.acts import Action, State
from diwan.resources.declare import Resource


@dataclass(frozen=True, slots=True)
class Target:
    """A state that a record may be brought to, and the action that does it."""

    state: State
    action: Action


def targets(resource: Resource, record: Any) -> list[Target]:
    """Return the states that this person may bring a record to now; empty where there is no life-cycle."""
    cycle = resource.lifecycle
    if cycle is None:
        return []
    found = [a for a in actions.possible(resource, record) if a.transition is not None]
    states = ((cycle.state(a.transition.target), a) for a in found if a.transition)
    return [Target(state, action) for state, action in states if state is not None]


def ways(resource: Resource, state: Any) -> list[Target]:
    """Return the states that this person may bring records in `state` to: what a board's column offers its cards."""
    cycle = resource.lifecycle
    found: list[Target] = []
    for action in resource.actions.values() if cycle else ():
        way = action.transition
        if cycle and way and state in way.sources and current.user.can(action.permission):
            target = cycle.state(way.target)
            found += [Target(target, action)] if target else []
    return found


def move(resource: Resource, id: UUID | str, to_state: str, version: int | None = None) -> Any:
    """Bring a record to a state by the transition that leads there. Raises Refuse, Invalid, Denied or Stale.

    A way that asks for values first (`form=`) is refused: whoever offers it opens its form instead.
    """
    record = store.get(resource, id, lock=True)
    cycle = resource.lifecycle
    if cycle is None or cycle.state(to_state) is None:
        raise Refuse(_("There is no such state."))
    state = getattr(record, cycle.field)
    leading = [
        a for a in resource.actions.values()
        if a.transition and a.transition.target == to_state and state in a.transition.sources
    ]  # fmt: skip
    if not leading:
        raise Refuse(_("No way leads from “%(here)s” to “%(there)s”.", here=_label(resource, state),
                       there=_label(resource, to_state)), field=cycle.field)  # fmt: skip
    allowed = next((a for a in leading if resource.may(a.name, record)), leading[0])
    if any(described.required for described in allowed.form.values()):
        raise Refuse(_("“%(action)s” asks for more: use its button on the record.", action=str(allowed.label)))
    return actions.perform(resource, allowed, record.id, {}, version)


def _label(resource: Resource, state: Any) -> str:
    found = resource.lifecycle.state(state) if resource.lifecycle else None
    return str(found.label if found else state)
