"""Doing an action with a record: permission, guard, the plugin's code, then all that any change of a record brings.

It never commits. Whatever an action sets on the record is validated, audited under the action's name and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from diwan.db.context import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.resources import store
from diwan.resources.acts import Action
from diwan.resources.declare import Resource
from diwan.resources.describing import parse_fields
from diwan.resources.values import value_of


@dataclass(slots=True)
class Done:
    """What became of an action with several records: how many it was done to, and why the others were left."""

    changed: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def find(resource: Resource, name: str) -> Action:
    """Return an action that is on and that this person may do. Raises NotFound or Denied."""
    action = resource.actions.get(name)
    if action is None:
        raise NotFound(_("There is no such action."))
    current.require(action.permission)
    return action


def permitted(resource: Resource) -> list[Action]:
    """Return the actions that this person may do with records of a resource."""
    return [action for action in resource.actions.values() if current.user.can(action.permission)]


def possible(resource: Resource, record: Any) -> list[Action]:
    """Return the actions that this person may do with a record as it is now."""
    if record.archived_at is not None:
        return []
    return [action for action in permitted(resource) if _fits(action, record) and resource.may(action.name, record)]


def perform(
    resource: Resource, action: Action, id: UUID | str, raw: Mapping[str, Any], version: int | None = None
) -> Any:
    """Do an action with one record and return it. Raises Denied, NotFound, Invalid, Refuse or Stale.

    `raw` holds what the action's form asks for; `version` is the one the person saw, where that matters.
    """
    current.require(action.permission)
    record = store.get(resource, id, lock=True, action=action.name)
    if version is not None and version != record.version:
        raise store.stale(resource, record, {})
    values = parse_fields(action.form, raw)
    _guard(resource, action, record)
    if action.contribution is None:
        _carry_out(resource, action, record, values, None)
        return record

    def guarded() -> None:
        _carry_out(resource, action, record, values, action.contribution.target)

    current.lineup.call(replace(action.contribution, target=guarded), breaker=not action.long)
    return record


def check(resource: Resource, action: Action, id: UUID | str, raw: Mapping[str, Any]) -> None:
    """Raise what an action would refuse before its code runs: for those that run later."""
    current.require(action.permission)
    parse_fields(action.form, raw)
    _guard(resource, action, store.get(resource, id, action=action.name))


def perform_many(resource: Resource, action: Action, ids: Iterable[UUID], raw: Mapping[str, Any]) -> Done:
    """Do an action with several records, each on its own: what one refuses does not stop the others."""
    current.require(action.permission)
    parse_fields(action.form, raw)
    done = Done()
    for id in sorted(ids):
        try:
            with current.session.begin_nested():
                perform(resource, action, id, raw)
        except DiwanError as error:
            done.refused.append((_title(resource, id), str(error)))
        else:
            done.changed += 1
    return done


def act(record: Any, name: str, **values: Any) -> Any:
    """Do an action with a record from a plugin's code: `act(loan, "lend")`."""
    own: Resource = type(record).__resource__
    resource: Resource = current.lineup.whole.resources.get(own.key, own)
    action = resource.actions.get(name)
    if action is None:
        raise ValueError(f"{resource.key} has no action {name!r}; known: {', '.join(resource.actions)}")
    return perform(resource, action, record.id, values)


def _fits(action: Action, record: Any) -> bool:
    return all(getattr(record, name) in values for name, values in action.when.items())


def _guard(resource: Resource, action: Action, record: Any) -> None:
    """Refuse what the record's values do not allow."""
    if record.archived_at is not None:
        raise Refuse(_("This record is archived. Restore it first."))
    for name, values in action.when.items():
        value = getattr(record, name)
        if value not in values:
            described = resource.fields[name]
            shown = described.choices.get(value, value)
            raise Refuse(
                _("“%(action)s” is not possible while %(field)s is “%(value)s”.", action=str(action.label),
                  field=str(described.label), value=str("—" if shown is None else shown)),
                field=name,
            )  # fmt: skip
    missing = [
        name for name in (action.transition.requires if action.transition else ()) if _blank(resource, record, name)
    ]
    if missing:
        text = _("Fill this in first: “%(action)s” needs it.", action=str(action.label))
        raise Invalid(dict.fromkeys(missing, text))


def _blank(resource: Resource, record: Any, name: str) -> bool:
    if name in resource.parts:
        return not store.parts_of(resource.parts[name], record)
    return value_of(resource.fields[name], record) in (None, "", [], {})


def _carry_out(resource: Resource, action: Action, record: Any, values: Mapping[str, Any], code: Any) -> None:
    before = store.values_of(resource, record)
    cycle, way = resource.lifecycle, action.transition
    if code is not None:
        code(record, **values)
    if cycle is not None and getattr(record, cycle.field) != before[cycle.field]:
        raise RuntimeError(f"{action.key} sets {cycle.field}: only transitions change the state of a life-cycle")
    if cycle is not None and way is not None:
        setattr(record, cycle.field, way.target)
    store.save(resource, record, before, action.name)


def _title(resource: Resource, id: UUID) -> str:
    try:
        return str(getattr(store.get(resource, id), resource.title) or resource.label)
    except NotFound:
        return str(id)
