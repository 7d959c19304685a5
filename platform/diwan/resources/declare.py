"""`declare()` turns a model and its options into a Resource: what the screens, REST and imports are derived from.

Mistakes must fail here, at load, with plugin, model and field named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from diwan.db.context import current
from diwan.db.grants import ALL
from diwan.errors import Denied
from diwan.kit.i18n import _
from diwan.resources.acts import Action, Derived, Lifecycle, apply_lifecycle, derive, transition_action
from diwan.resources.checking import field_mistakes, shape_mistakes
from diwan.resources.custom_columns import custom_column
from diwan.resources.depending import mistakes
from diwan.resources.everywhere import BESIDE, SYSTEM_FIELDS
from diwan.resources.fields import Field
from diwan.resources.model import Model, described_columns, fields_of
from diwan.resources.reach import TENANT, Reach, criteria, partly, reached
from diwan.resources.secrets import secret_mistakes, secrets_of

ACTIONS = ("read", "create", "update", "delete", "import", "export")


OUT_OF_REACH = _("Your roles do not let you do this to this record. Ask whoever it belongs to, or an administrator.")


class DeclarationError(Exception):
    """A declaration with a mistake; the text names plugin, model and field."""


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields on a form. Sections with the same `tab` stand together on a tab of that name."""

    label: Any
    fields: tuple[str, ...]
    tab: Any

    def __init__(self, label: Any, fields: Sequence[str], tab: Any = "") -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "fields", tuple(fields))
        object.__setattr__(self, "tab", tab)


@dataclass(slots=True, eq=False)
class Resource:
    """A declared model. `key` is its table's full name, which owns permissions, URLs and events."""

    key: str
    plugin: str
    name: str
    model: type[Model]
    label: Any
    labels: Any
    title: str
    icon: str
    help: Any
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    sort: str
    sections: tuple[Section, ...]
    menu: bool
    fields: dict[str, Field]
    part_of: str = ""
    view: str = "list"
    group: str = ""
    limits: Mapping[str, int] = attribute(default_factory=dict)
    calendar: tuple[str, ...] = ()
    parent: str = ""
    custom_fields: bool = True
    comments: bool = True
    attachments: bool = True
    parts: dict[str, Resource] = attribute(default_factory=dict)
    lifecycle: Lifecycle | None = None
    actions: dict[str, Action] = attribute(default_factory=dict)
    owner: str = ""
    read_only: bool = False
    reach: Reach | None = None
    whole_: Resource | None = None
    secrets: dict[str, Field] = attribute(default_factory=dict)
    """The fields of secrets stand apart, so that whatever shows, finds or copies fields does not know of them."""

    @property
    def table(self) -> Table:
        return self.model.__table__

    @property
    def whole(self) -> Resource:
        """The resource without anybody's limits: for code that keeps records right, not for what a person sees."""
        return self.whole_ or self

    @property
    def asked(self) -> bool:
        """Whether a person with limits asks: code that works for the business takes the `whole` resource."""
        return self.whole_ is not None

    def within(self, action: str) -> tuple[ColumnElement[bool], ...]:
        """Return the criteria of the records that the actor reaches with an action; none where that is all."""
        return criteria(self, self.permission(action))

    def rows(self, *columns: Any, action: str = "read") -> Select[Any]:
        """Return a select over the records that the actor reaches: every query of what people see begins with it."""
        return select(*columns).where(self.table.c.tenant_id == TENANT, *self.within(action))

    def limited_to(self, action: str) -> Resource:
        """Return the resource with only those records that this action reaches as well: what an export takes."""
        permission = self.permission(action)
        if self.reach is None or permission not in self.reach.records:
            return self
        return replace(self, reach=replace(self.reach, also=(permission,)))

    def may(self, action: str, record: Any = None) -> bool:
        """Return whether the actor has the right, and where a record is given, whether it reaches this one."""
        permission = self.permission(action)
        if not current.user.can(permission):
            return False
        scopes = self.reach.records.get(permission) if self.reach and record is not None else None
        return scopes is None or bool(scopes & reached(record))

    def require(self, action: str, record: Any = None) -> None:
        """Raise Denied unless `may`."""
        current.require(self.permission(action))
        if not self.may(action, record):
            raise Denied(OUT_OF_REACH, permission=self.permission(action))

    def reads(self, name: str, record: Any) -> bool:
        """Return whether the actor may read a field of this record."""
        scopes = self.reach.reads.get(name) if self.reach else None
        return scopes is None or bool(scopes & reached(record))

    def writes(self, name: str, action: str, record: Any = None) -> bool:
        """Return whether the actor may write a field when it creates or updates; of this record, where one is given."""
        scopes = self.reach.writes.get(self.permission(action), {}).get(name) if self.reach else None
        if scopes is None:
            return record is None or self.reads(name, record)
        return bool(scopes) if record is None else ALL in scopes or bool(scopes & reached(record))

    def column(self, name: str) -> Any:
        """Return the SQL expression of a field's value; every query takes it from here, never from the table."""
        if self.reach is not None and name in self.reach.reads:
            return partly(self, name, self.whole.column(name))
        described = self.fields.get(name)
        if described is not None and described.custom:
            return custom_column(self.model.__table__, name, described.kind.name)
        if described is not None and described.derived is not None:
            return described.derived
        if name in BESIDE:
            return BESIDE[name].column(self)
        return self.model.__table__.c[name]

    def permission(self, action: str) -> str:
        """Return the permission key of an action; child rows follow their parent."""
        if self.part_of:
            parent = self.fields[self.part_of].reference
            return f"{parent}.{'read' if action == 'read' else 'update'}"
        done = self.actions.get(action)
        return done.permission if done else f"{self.key}.{action}"

    @property
    def permissions(self) -> tuple[str, ...]:
        if self.part_of:
            return ()
        more = (action.permission for action in self.actions.values())
        return tuple(dict.fromkeys([*(f"{self.key}.{action}" for action in ACTIONS), *more]))

    @property
    def search_fields(self) -> tuple[str, ...]:
        return tuple(name for name, described in self.fields.items() if described.search or name == self.title)

    @property
    def numbered(self) -> bool:
        """Whether child rows keep the order in which they were sent: by a read-only integer field `position`."""
        described = self.fields.get("position") if self.part_of else None
        return described is not None and described.readonly and described.kind.name == "integer"

    @property
    def editable(self) -> tuple[str, ...]:
        """The fields that people and programs may write, in order."""
        return tuple(n for n, f in self.fields.items() if not f.readonly and n != self.part_of)


def declare(
    plugin: str,
    model: type[Model],
    *,
    label: Any,
    labels: Any,
    title: str = "name",
    icon: str = "",
    help: Any = "",
    columns: Sequence[str] | None = None,
    filters: Sequence[str] | None = None,
    sort: str = "",
    form: Sequence[Section] | None = None,
    menu: bool = True,
    part_of: str = "",
    view: str = "list",
    group: str = "",
    limits: Mapping[str, int] | None = None,
    calendar: Sequence[str] | str = (),
    parent: str = "",
    custom_fields: bool = True,
    comments: bool = True,
    attachments: bool = True,
    lifecycle: Lifecycle | None = None,
    derived: Sequence[Derived] = (),
    owner: str = "",
) -> Resource:
    """Check a declaration and return its Resource. Raises DeclarationError.

    view: the shape in which the list opens (list, board, calendar, tree, pivot). group: the field whose values are a
    board's columns, limits: how many cards a column should hold at most, by value. calendar: the field of a record's
    day or moment, and the one of its end. parent: the field that refers to the record above, for trees.
    custom_fields, comments, attachments: what people may add. lifecycle: the states of a record and the ways between
    them. derived: choices that are worked out when a record is read. owner: the field of the person to whom a record
    belongs, for grants that reach own records or a team's; without it that is whoever made the record.
    """
    table = model.__table__
    where = f"{plugin}: {model.__name__}"
    secrets = _secrets(model, bool(part_of), where)
    fields = _described(plugin, model, derived, title, where)
    shown = tuple(columns) if columns is not None else tuple(n for n, f in fields.items() if _listable(f))[:6]
    filtered = tuple(filters) if filters is not None else tuple(n for n in shown if fields.get(n) and fields[n].choices)
    sections = tuple(form) if form is not None else (_whole_form(model, fields, part_of),)
    resource = Resource(
        key=str(table.fullname), plugin=plugin, name=str(table.name), model=model, label=label, labels=labels,
        title=title, icon=icon, help=help, columns=shown, filters=filtered, sort=sort or title, sections=sections,
        menu=menu and not part_of, fields=fields, part_of=part_of, view=view, group=group, limits=limits or {},
        calendar=(calendar,) if isinstance(calendar, str) and calendar else tuple(calendar), parent=parent,
        custom_fields=custom_fields and not part_of, owner=owner, comments=comments and not part_of,
        attachments=attachments and not part_of, secrets=secrets,
    )  # fmt: skip
    _check(resource, where)
    if lifecycle is not None:
        _bring_to_life(resource, lifecycle, where)
    if mistake := next(iter(shape_mistakes(resource)), ""):
        raise DeclarationError(f"{where}: {mistake}")
    if part_of:
        _join_parent(resource, where)
    model.__resource__ = resource  # type: ignore[attr-defined]
    return resource


def _described(plugin: str, model: type[Model], derived: Sequence[Derived], title: str, where: str) -> dict[str, Field]:
    """Return the fields of a model, those that are worked out when it is read among them."""
    if model.__table__.schema != plugin:
        raise DeclarationError(f"{where}: table {model.__table__.fullname} is outside the schema of {plugin}.")
    fields = fields_of(model)
    if not fields:
        raise DeclarationError(f"{where}: declares no field().")
    for status in derived:
        if status.name in fields or hasattr(model, status.name):
            raise DeclarationError(f"{where}.{status.name}: derived, but there is such a field already.")
        fields[status.name] = derive(model, status)
    if title not in fields:
        raise DeclarationError(f"{where}: title={title!r} is not a field; known: {', '.join(fields)}.")
    return fields


def _whole_form(model: type[Model], fields: Mapping[str, Field], part_of: str) -> Section:
    """Return the form of a model that declares none: its fields and secrets in their order."""
    return Section("", [name for name in dict.fromkeys([*described_columns(model), *fields]) if name != part_of])


def _secrets(model: type[Model], is_part: bool, where: str) -> dict[str, Field]:
    """Return the fields of a model's secrets. Raises DeclarationError for options that would give one away."""
    found = secrets_of(model)
    for name, described in found.items():
        for mistake in secret_mistakes(described, model, is_part=is_part):
            raise DeclarationError(f"{where}.{name}: {mistake}")
    return found


def _bring_to_life(resource: Resource, lifecycle: Lifecycle, where: str) -> None:
    """Give a resource its states, and an action for each transition."""
    if problems := list(apply_lifecycle(lifecycle, resource.fields)):
        raise DeclarationError("; ".join(f"{where}: {problem}" for problem in problems) + ".")
    resource.lifecycle = lifecycle
    for way in lifecycle.transitions:
        resource.actions[way.name] = transition_action(resource.key, lifecycle, way)


def _join_parent(part: Resource, where: str) -> None:
    """Make a child resource part of its parent's form and REST body."""
    target = part.fields[part.part_of].target
    parent = getattr(target, "__resource__", None)
    if parent is None or parent.plugin != part.plugin:
        raise DeclarationError(f"{where}: part_of={part.part_of!r} needs ref= to a resource declared above it.")
    parent.parts[part.name] = part


def _listable(described: Field) -> bool:
    return described.kind.name not in ("longtext", "richtext", "json", "file", "address")


def _check(resource: Resource, where: str) -> None:
    known = set(resource.fields) | set(SYSTEM_FIELDS)
    for option, names in (
        ("columns", resource.columns),
        ("filters", resource.filters),
        ("sort", [resource.sort.lstrip("-")]),
        ("form", [name for section in resource.sections for name in section.fields]),
        ("part_of", [resource.part_of] if resource.part_of else []),
        ("group", [resource.group] if resource.group else []),
        ("calendar", resource.calendar),
        ("parent", [resource.parent] if resource.parent else []),
        ("owner", [resource.owner] if resource.owner else []),
    ):
        for name in names:
            if name in resource.secrets and option != "form":
                raise DeclarationError(f"{where}: {option} names {name!r}, which is a secret: only forms know it.")
            if name not in known and name not in resource.secrets:
                raise DeclarationError(
                    f"{where}: {option} names {name!r}, which is not a field; known: {', '.join(sorted(known))}."
                )
    for name in resource.fields:
        for mistake in (*field_mistakes(resource, name), *mistakes(resource, name)):
            raise DeclarationError(f"{where}.{name}: {mistake}")
