"""What can be done with a record besides changing it, as data: actions, and the states between which some of them lead.

It must not read or write records; `actions` performs, `lifecycle` says where a record may go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from sqlalchemy import Text, case, cast, literal, literal_column
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import column_property

from diwan.db.clock import in_sql
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS

TONES = ("", "mute", "info", "ok", "violet", "warn", "bad")
RESERVED = frozenset(
    {"read", "create", "update", "delete", "import", "export", "archive", "restore", "new", "options", "move", "edit",
     "bulk", "cards", "branches", "documents", "do", "cell", "draft", "undo"}
)  # fmt: skip
"""Names that addresses and permissions of every resource have already."""


@dataclass(frozen=True, slots=True)
class State:
    """One state of a life-cycle. tone: mute, info, ok, violet, warn or bad."""

    key: str
    label: Any
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one state (or several) to another. It is an action: a button, a route, a permission, an audit entry.

    requires: fields, or child rows, that must be filled. permission: another one than `<resource>.<name>`.
    """

    name: str
    label: Any
    source: str | Sequence[str]
    target: str
    requires: Sequence[str] = ()
    confirm: Any = ""
    permission: str = ""
    icon: str = ""
    tone: str = ""
    undo: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a record, kept in a field, and the ways between them. The first state is that of a new record."""

    field: str
    states: Sequence[State]
    transitions: Sequence[Transition]

    def state(self, key: Any) -> State | None:
        """Return a state by its key."""
        return next((state for state in self.states if state.key == key), None)


@dataclass(frozen=True, slots=True)
class Status:
    """One value of a derived field, and the SQL condition under which a record has it: a function of the model.

    `today()` in it is the day of the business when the record is read."""

    key: str
    label: Any
    when: Callable[[Any], Any]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A choice that nobody writes: of its statuses, the first whose condition holds when the record is read."""

    name: str
    label: Any
    statuses: Sequence[Status]


@dataclass(slots=True, eq=False)
class Action:
    """Something that people and programs do with one record, or with several one by one.

    when: the values that fields must have. form: what is asked first. target: the plugin's function and its
    contribution, None for a transition without code. undo: the action that takes it back.
    """

    resource: str
    name: str
    label: Any
    icon: str = ""
    help: Any = ""
    when: Mapping[str, tuple[Any, ...]] = attribute(default_factory=dict)
    form: Mapping[str, Field] = attribute(default_factory=dict)
    confirm: Any = ""
    bulk: bool = True
    permission: str = ""
    long: bool = False
    undo: str = ""
    tone: str = ""
    contribution: Any = None
    transition: Transition | None = None

    @property
    def key(self) -> str:
        return f"{self.resource}.{self.name}"


def transition_action(resource: str, cycle: Lifecycle, way: Transition) -> Action:
    """Return the action that a transition is."""
    return Action(
        resource=resource, name=way.name, label=way.label, icon=way.icon, when={cycle.field: way.sources},
        confirm=way.confirm, permission=way.permission or f"{resource}.{way.name}", undo=way.undo, tone=way.tone,
        transition=way,
    )  # fmt: skip


def apply_lifecycle(cycle: Lifecycle, fields: Mapping[str, Field]) -> Iterable[str]:
    """Make the field of the state a read-only choice; yield what is wrong with the declaration."""
    described = fields.get(cycle.field)
    if described is None:
        yield f"lifecycle names {cycle.field!r}, which is not a field"
        return
    if described.kind.name not in ("text", "choice"):
        yield f"lifecycle: the field {cycle.field!r} must be a text"
        return
    keys = [state.key for state in cycle.states]
    if not keys or len(set(keys)) != len(keys):
        yield "lifecycle: needs states, each with a key of its own"
        return
    for state in cycle.states:
        if state.tone not in TONES:
            yield f"state {state.key!r}: tone {state.tone!r} is not one of {', '.join(TONES[1:])}"
    names = [way.name for way in cycle.transitions]
    for way in cycle.transitions:
        where = f"transition {way.name!r}"
        if names.count(way.name) > 1:
            yield f"{where}: the name stands twice"
        yield from check_name(where, way.name)
        for key in (*way.sources, way.target):
            if key not in keys:
                yield f"{where}: {key!r} is not a state; known: {', '.join(keys)}"
    described.choices = {state.key: state.label for state in cycle.states}
    described.tones = {state.key: state.tone for state in cycle.states if state.tone}
    described.kind, described.readonly, described.default = KINDS["choice"], True, keys[0]


def check_name(where: str, name: str) -> Iterable[str]:
    """Yield what is wrong with the name of an action."""
    if not name.isidentifier() or not name.islower():
        yield f"{where}: the name must be of small Latin letters, digits and _"
    if name in RESERVED:
        yield f"{where}: this name is taken by the platform"


def derive(model: Any, derived: Derived) -> Field:
    """Give a model a derived field; return its description."""
    with in_sql():
        cases = [(status.when(model), literal(status.key)) for status in derived.statuses]
    sql = cast(case(*cases, else_=None), Text())
    model.__mapper__.add_property(derived.name, column_property(sql))
    # Lists compile a statement once and bring values of their own: this expression must not need any.
    named = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    plain = sql.compile(dialect=named, compile_kwargs={"literal_binds": True})
    return Field(
        label=derived.label, name=derived.name, kind=KINDS["choice"], readonly=True,
        derived=literal_column(str(plain), Text()),
        choices={status.key: status.label for status in derived.statuses},
        tones={status.key: status.tone for status in derived.statuses if status.tone},
    )  # fmt: skip
