"""What an imported plugin must satisfy before it is served: mappers, tables, hooks, and the sense of its declarations.

Every check adds to the entry's problems and goes on, so that an author sees all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jinja2
import pluggy
from sqlalchemy import ColumnElement, ForeignKeyConstraint, Table
from sqlalchemy.orm import RelationshipProperty

from diwan.db.grants import ALL, Grant
from diwan.kernel.catalogue import Entry
from diwan.kernel.contribution import Contribution, permissions_of
from diwan.resources import people
from diwan.resources.declare import Resource
from diwan.resources.model import forget_package, registry_of
from diwan.resources.reach import SCOPES

RECORD_EVENTS = ("created", "updated", "deleted", "creating", "updating", "deleting")
EXTENSIONS = ("jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols")


def structure(entry: Entry) -> None:
    """Step 6: its mappers work, its tables are its own and belong to tenants, and it has migrations for them."""
    if entry.state != "ready":
        return
    problems = [problem for table in entry.tables for problem in _table(table, entry)]
    problems.extend(_backrefs(entry))
    if not problems:  # a mapper over a wrong table would only repeat what is known
        try:
            registry_of(entry.package).configure(cascade=True)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its problem, not ours
            problems.append(f"its models do not fit together: {error}")
    if problems:
        entry.stop("broken", *problems)
    elif entry.tables and entry.scope is None:
        entry.stop("unmigrated", f"it has tables but no migrations/: run `diwan db revision -p {entry.name} -m tables`")


def _backrefs(entry: Entry) -> Iterable[str]:
    """A backref writes into the class of somebody else, who would break with this plugin. Read before configuring."""
    for mapper in registry_of(entry.package).mappers:
        for name, attribute in mapper.all_orm_descriptors.items():
            relation = getattr(getattr(attribute, "comparator", None), "prop", None)
            if isinstance(relation, RelationshipProperty) and relation.backref:
                yield f"relationship {mapper.class_.__name__}.{name}: backref= is not allowed, use back_populates="


def dispose(entry: Entry) -> None:
    """Forget the mappers of a plugin that is not served."""
    if entry.package:
        forget_package(entry.package)


def _table(table: Table, entry: Entry) -> Iterable[str]:
    name = table.fullname
    if table.schema != entry.name:
        yield f"table {name} is outside its schema `{entry.name}`"
        return
    if [c.name for c in table.primary_key.columns][:1] != ["tenant_id"]:
        yield f"table {name}: the primary key must begin with tenant_id"
    to_tenant = False
    for constraint in table.foreign_key_constraints:
        target = _target(constraint)
        to_tenant = to_tenant or (target == "core.tenant" and (constraint.ondelete or "").upper() == "CASCADE")
        yield from _foreign_key(constraint, target, entry)
    if not to_tenant:
        yield f"table {name}: tenant_id must refer to core.tenant with ON DELETE CASCADE"


def _target(constraint: ForeignKeyConstraint) -> str:
    return constraint.elements[0].target_fullname.rpartition(".")[0]


def _foreign_key(constraint: ForeignKeyConstraint, target: str, entry: Entry) -> Iterable[str]:
    name = f"{constraint.table.fullname} → {target}"
    schema = target.partition(".")[0]
    allowed = {entry.name, *(entry.manifest.requires if entry.manifest else ())}
    if schema not in allowed and target not in ("core.tenant", "core.file", "core.membership"):
        yield f'foreign key {name}: only plugins in [requires] may be referred to; otherwise use field(ref="{target}")'
    if (constraint.ondelete or "").upper() not in ("CASCADE", "RESTRICT"):
        yield f"foreign key {name}: ondelete must be RESTRICT or CASCADE"
    if constraint.deferrable:
        yield f"foreign key {name}: must not be deferrable"
    if "tenant_id" not in constraint.column_keys:
        yield f"foreign key {name}: must contain tenant_id"


def hooks(entry: Entry, manager: pluggy.PluginManager) -> None:
    """Step 7: the hooks that it answers take arguments that exist."""
    for hook in entry.plugin.contributions["hook"] if entry.plugin else ():
        holder = type("Hook", (), {hook.name: staticmethod(hook.target)})
        try:
            manager.register(holder, name=hook.key)
        except pluggy.PluginValidationError as error:
            entry.stop("broken", f"hook {hook.name}: {_last_line(error)}")


def _last_line(error: Exception) -> str:
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()


def meaning(entry: Entry, entries: Mapping[str, Entry]) -> None:
    """Step 8: what it refers to exists, its services can be made, its templates compile."""
    if entry.state != "ready" or entry.plugin is None:
        return
    problems: list[str] = []
    for contribution in entry.plugin.all():
        problems.extend(_contribution(contribution, entries))
    for contribution in entry.plugin.contributions["provide"]:
        try:
            entry.services[contribution.options["interface"]] = contribution.target()
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its problem, not ours
            problems.append(f"service {contribution.name} cannot be offered: {error}")
    problems.extend(_templates(entry))
    if problems:
        entry.stop("broken", *problems)


def _contribution(contribution: Contribution, entries: Mapping[str, Entry]) -> Iterable[str]:
    if contribution.kind == "resource":
        for name, field in contribution.target.fields.items():
            reference = getattr(field, "reference", "")
            if reference and _known_resource(reference, entries) is False:
                yield f"field {contribution.key}.{name} refers to `{reference}`, which does not exist"
        yield from _actions(contribution.target)
    elif contribution.kind == "scope":
        yield from _scope(contribution)
    elif contribution.kind == "panel":
        target = contribution.options["resource"]
        if _known_resource(target, entries) is False:
            yield f"panel {contribution.key} is for `{target}`, which does not exist"
    elif contribution.kind == "role":
        for grant in contribution.options["grants"]:
            if _known_grant(grant, entries) is False:
                yield f"role {contribution.key} grants `{grant}`, which no permission matches"
    elif "event" in contribution.options:
        record, _, kind = contribution.options["event"].rpartition(".")
        if "." in record and kind in RECORD_EVENTS and _known_resource(record, entries) is False:
            yield f"{contribution.kind} {contribution.key}: there is no resource `{record}`"


def _scope(contribution: Contribution) -> Iterable[str]:
    try:
        made = contribution.target(contribution.options["model"])
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its problem, not ours
        yield f"scope {contribution.key} cannot be read: {error}"
    else:
        if not isinstance(made, ColumnElement):
            yield f"scope {contribution.key} gives {made!r}, which is no SQL criterion"


def _actions(resource: Resource) -> Iterable[str]:
    """What only shows when the whole plugin is there: child rows come after their record, the inverse after the act."""
    for action in resource.actions.values():
        where = f"action {action.key}"
        if action.undo and action.undo not in resource.actions:
            yield f"{where}: undo names {action.undo!r}, which is not an action of {resource.key}"
        for name in action.transition.requires if action.transition else ():
            if name not in resource.fields and name not in resource.parts:
                yield f"{where}: requires {name!r}, which is not a field of {resource.key}"


def _known_resource(key: str, entries: Mapping[str, Entry]) -> bool | None:
    """Return whether the resource exists; None where its plugin is not installed (then the reference is inert)."""
    if key == people.KEY:
        return True
    found = _contributions_of(key.partition(".")[0], entries)
    return None if found is None else any(c.kind == "resource" and c.key == key for c in found)


def _known_grant(grant: str, entries: Mapping[str, Entry]) -> bool | None:
    if grant == "*":
        return True
    found = _contributions_of(grant.partition(".")[0], entries)
    if found is None:
        return None
    permissions = permissions_of(found)
    if grant.endswith(".*"):
        return any(permission.startswith(grant[:-1]) for permission in permissions)
    read = Grant.parse(grant)
    if read.permission not in permissions or (read.scope == ALL and not (read.without or read.with_)):
        return read.permission in permissions
    resource = next((c.target for c in found if c.kind == "resource" and read.permission in c.target.permissions), None)
    scopes = {*SCOPES, ALL, *(c.key for c in found if c.kind == "scope" and resource is not None
                              and c.options["resource"] == resource.key)}  # fmt: skip
    return resource is not None and read.scope in scopes and (read.without | read.with_) <= resource.fields.keys()


def _contributions_of(name: str, entries: Mapping[str, Entry]) -> list[Contribution] | None:
    entry = entries.get(name)
    if entry is None or entry.plugin is None or entry.state != "ready":
        return None
    return list(entry.plugin.all())


def _templates(entry: Entry) -> Iterable[str]:
    folder = entry.folder / "templates" if entry.folder else None
    if folder is None or not folder.is_dir():
        return
    environment: Any = jinja2.Environment(extensions=EXTENSIONS, autoescape=True)
    for path in sorted(folder.rglob("*.html")):
        try:
            environment.parse(path.read_text(encoding="utf-8"))
        except (jinja2.TemplateSyntaxError, UnicodeDecodeError) as error:
            yield f"template {path.relative_to(folder)}: {error}"
