"""Fields that a business adds to its records: kept in `core.custom_field`, their values in the column `custom`.

A change counts up `tenant.tailoring` in the same transaction, so that every process sees it with its next request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, exists, select, update
from sqlalchemy.orm import Mapped, mapped_column

from diwan import audit
from diwan.db.base import Base, TenantMixin, now
from diwan.db.context import current
from diwan.db.direct import read_rows
from diwan.errors import Invalid, NotFound
from diwan.kit import i18n
from diwan.kit.i18n import _
from diwan.kit.text import clean, fold
from diwan.resources.custom_columns import has_data
from diwan.resources.declare import Resource, Section
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS
from diwan.tenants.models import Tenant

OFFERED = (
    "text", "longtext", "integer", "decimal", "money", "percent", "date", "datetime", "boolean", "choice", "choices",
    "tags", "email", "phone", "url", "reference", "colour",
)  # fmt: skip
MOST = 100
MOST_CHOICES = 200
LONGEST_LABEL = 80
SECTION = _("More fields")


class CustomField(TenantMixin, Base):
    """One field. `label` and `help` hold a text by language; `options`: required, search, choices, ref."""

    __tablename__ = "custom_field"
    __table_args__ = (
        UniqueConstraint("tenant_id", "resource", "name", name="uq_custom_field_name"),
        {"schema": "core"},
    )

    resource: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    label: Mapped[dict[str, Any]]
    help: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=now)
    archived_at: Mapped[datetime | None]


class Words:
    """A text that a business wrote in one language or several, shown in the reader's or in another one it has."""

    __slots__ = ("parts",)

    def __init__(self, parts: Mapping[str, str]) -> None:
        self.parts = {code: str(words) for code, words in parts.items() if words}

    def __str__(self) -> str:
        return self.parts.get(i18n.language()) or next(iter(self.parts.values()), "")

    def __html__(self) -> str:
        from html import escape

        return escape(str(self))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(tuple(self.parts.items()))

    def __lt__(self, other: object) -> bool:
        return str(self) < str(other)


READ = """SELECT resource, name, kind, label, help, options FROM core.custom_field
    WHERE tenant_id = %(tenant)s AND archived_at IS NULL ORDER BY resource, position, id"""


def load_fields() -> dict[str, list[Field]]:
    """Return the fields of the open tenant by resource, in their order. One round trip."""
    [rows] = read_rows((READ, {"tenant": current.tenant.id}))
    found: dict[str, list[Field]] = {}
    for resource, name, kind, label, help, options in rows:
        if kind in OFFERED:
            found.setdefault(resource, []).append(as_field(name, kind, label, help, options))
    return found


def as_field(
    name: str, kind: str, label: Mapping[str, str], help: Mapping[str, str], options: Mapping[str, Any]
) -> Field:
    """Return the described value of a custom field."""
    return Field(
        label=Words(label), help=Words(help), name=name, kind=KINDS[kind], custom=True,
        nullable=not KINDS[kind].several and kind != "boolean", needed=bool(options.get("required")),
        search=bool(options.get("search")), ref=options.get("ref") or None, wide=kind == "longtext",
        choices={choice["value"]: Words(choice["label"]) for choice in options.get("choices") or ()},
    )  # fmt: skip


def tailor(resource: Resource, fields: Sequence[Field]) -> Resource:
    """Return a copy of a resource that has these fields too, in a section of their own below the form."""
    fitting = [f for f in fields if f.name not in resource.fields]
    if not fitting or not resource.custom_fields:
        return resource
    added = {described.name: described for described in fitting}
    return replace(
        resource, fields={**resource.fields, **added}, sections=(*resource.sections, Section(SECTION, list(added)))
    )


# -- what an administrator does with them -----------------------------------------------------------------------------


def list_fields(resource: str, *, archived: bool = False) -> list[CustomField]:
    """Return the fields of a resource in their order, or the archived ones."""
    statement = select(CustomField).where(
        CustomField.tenant_id == current.tenant.id, CustomField.resource == resource,
        CustomField.archived_at.is_not(None) if archived else CustomField.archived_at.is_(None),
    )  # fmt: skip
    return list(current.session.scalars(statement.order_by(CustomField.position, CustomField.id)))


def get_field(id: UUID | str) -> CustomField:
    """Return one field. Raises NotFound."""
    try:
        found = current.session.get(CustomField, (current.tenant.id, UUID(str(id))))
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no such field."))
    return found


def create_field(resource: Resource, values: Mapping[str, Any]) -> CustomField:
    """Add a field: kind, label and help {language: text}, required, search, choices [{value, label}], ref."""
    if not resource.custom_fields:
        raise Invalid({"resource": _("No fields can be added to these records.")})
    taken = _names(resource)
    if len(taken) >= MOST:
        raise Invalid({"label": _("There are at most %(most)s fields of your own.", most=MOST)})
    checked = _checked(values, [])
    made = CustomField(
        tenant_id=current.tenant.id, resource=resource.key, name=_name(checked["label"], {*taken, *resource.fields}),
        position=len(taken), created_at=now(), **checked,
    )  # fmt: skip
    current.session.add(made)
    _tailored("create", made, {}, checked)
    return made


def update_field(resource: Resource, id: UUID | str, values: Mapping[str, Any]) -> CustomField:
    """Change a field. Its kind stays once a record has a value of it."""
    stored = get_field(id)
    before = _state(stored)
    checked = _checked({**before, **before["options"], **values}, before["options"].get("choices") or [])
    if checked["kind"] != stored.kind and _filled(resource, stored.name):
        raise Invalid({"kind": _("Records have values of this field already, so its kind cannot change.")})
    if checked["options"].get("ref") != before["options"].get("ref") and _filled(resource, stored.name):
        raise Invalid({"ref": _("Records have values of this field already, so what it refers to cannot change.")})
    for name, value in checked.items():
        setattr(stored, name, value)
    if before != checked:
        _tailored("update", stored, before, checked)
    return stored


def archive_field(id: UUID | str) -> CustomField:
    """Take a field away from the screens. Its values stay, and come back with it."""
    stored = get_field(id)
    if stored.archived_at is None:
        stored.archived_at = now()
        _tailored("archive", stored, None, None)
    return stored


def restore_field(id: UUID | str) -> CustomField:
    """Bring an archived field back, at the end."""
    stored = get_field(id)
    if stored.archived_at is not None:
        stored.archived_at = None
        stored.position = len(list_fields(stored.resource))
        _tailored("restore", stored, None, None)
    return stored


def move_field(id: UUID | str, places: int) -> None:
    """Move a field up (negative) or down among its resource's fields."""
    stored = get_field(id)
    order = [field for field in list_fields(stored.resource) if field is not stored]
    old = next((n for n, f in enumerate(list_fields(stored.resource)) if f is stored), 0)
    order.insert(min(max(old + places, 0), len(order)), stored)
    for position, field in enumerate(order):
        field.position = position
    _tailored("update", stored, {"position": old}, {"position": stored.position})


def _checked(values: Mapping[str, Any], former: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return kind, label, help and options as they are stored. Raises Invalid."""
    errors: dict[str, object] = {}
    kind = str(values.get("kind") or "")
    if kind not in OFFERED:
        errors["kind"] = _("Choose what the field holds.")
    label, help = _words(values.get("label"), LONGEST_LABEL), _words(values.get("help"), 300)
    if not label:
        errors["label"] = _("A value is required.")
    options: dict[str, Any] = {}
    if values.get("required") and kind != "boolean":
        options["required"] = True
    if values.get("search") and kind in ("text", "longtext", "email", "phone", "tags"):
        options["search"] = True
    if kind in ("choice", "choices"):
        options["choices"] = _choices(values.get("choices"), former)
        if not options["choices"]:
            errors["choices"] = _("Write at least one choice.")
    if kind == "reference":
        target = current.lineup.resources.get(str(values.get("ref") or "")) if current.lineup else None
        if target is None or target.part_of:
            errors["ref"] = _("Choose what it refers to.")
        else:
            options["ref"] = target.key
    if errors:
        raise Invalid(errors)
    return {"kind": kind, "label": label, "help": help, "options": options}


def _words(raw: Any, longest: int) -> dict[str, str]:
    parts = raw if isinstance(raw, Mapping) else {i18n.language(): raw}
    texts = {code: " ".join(clean(str(parts.get(code) or "")).split())[:longest] for code in i18n.LANGUAGES}
    return {code: words for code, words in texts.items() if words}


def _choices(raw: Any, former: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the choices with a value each: a choice that stays keeps its value, whatever it is called now."""
    known = {str(choice["value"]) for choice in former}
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for choice in list(raw or ())[:MOST_CHOICES]:
        label = _words(choice.get("label"), LONGEST_LABEL)
        value = str(choice.get("value") or "")
        if not label:
            continue
        if value not in known or value in taken:
            value = _unique(_slug(label) or "choice", known | taken)
        taken.add(value)
        found.append({"value": value, "label": label})
    return found


def _slug(label: Mapping[str, str]) -> str:
    for words in (label.get("en", ""), *label.values()):
        if slug := re.sub(r"[^a-z0-9]+", "_", fold(words)).strip("_")[:40]:
            return slug
    return ""


def _unique(wish: str, taken: set[str]) -> str:
    name, number = wish, 1
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


def _name(label: Mapping[str, str], taken: set[str]) -> str:
    return _unique(f"x_{_slug(label) or 'field'}", taken)


def _names(resource: Resource) -> set[str]:
    """The names of all fields that were ever added, also the archived ones, whose values are still there."""
    statement = select(CustomField.name).where(
        CustomField.tenant_id == current.tenant.id, CustomField.resource == resource.key
    )
    return set(current.session.scalars(statement))


def _filled(resource: Resource, name: str) -> bool:
    table = resource.table
    found = exists().where(table.c.tenant_id == current.tenant.id, has_data(table, name))
    return bool(current.session.scalar(select(found)))


def _state(stored: CustomField) -> dict[str, Any]:
    return {"kind": stored.kind, "label": stored.label, "help": stored.help, "options": stored.options}


def _tailored(action: str, stored: CustomField, before: Any, after: Any) -> None:
    """Write a change, its audit entry, and the new count of changes."""
    current.session.flush()
    current.session.execute(update(Tenant).where(Tenant.id == current.tenant.id).values(tailoring=Tenant.tailoring + 1))
    title = f"{stored.resource}: {Words(stored.label)}"
    audit.record(action, "core.custom_field", stored.id, title, before=before or None, after=after or None)
