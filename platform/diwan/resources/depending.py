"""Fields that depend on others: shown only while these have certain values, referring only to what fits them.

It must not write; the store asks it before each write, the pickers for what they may offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from diwan.db.context import current
from diwan.kit.i18n import _

if TYPE_CHECKING:
    from diwan.resources.declare import Resource
    from diwan.resources.fields import Field


def mistakes(resource: Resource, name: str) -> Iterable[str]:
    """Yield what is wrong with the options of a field: no such field, or required while it is hidden."""
    described = resource.fields[name]
    others = set(resource.fields) - {name}
    for other in described.show_when:
        if other not in others:
            yield f"show_when names {other!r}, which is not another field."
    if described.show_when and described.required:
        yield "show_when hides it, so it must not be required; let it be None."
    if described.filter and not described.reference:
        yield "filter= is for references."
    for value in described.filter.values():
        if isinstance(value, str) and value.startswith("$") and value[1:] not in others:
            yield f"filter names {value!r}, and {value[1:]!r} is not another field."


def offered(described: Field, values: Mapping[str, Any]) -> list[Any]:
    """Return the filter (see `filters`) of what a reference may name beside these values; blank ones ask nothing."""
    return [[name, "eq", value] for name, value in _wanted(described, values).items()]


def check(resource: Resource, values: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, object]:
    """Return what is wrong with filtered references: where one is written, or a field that it depends on."""
    errors: dict[str, object] = {}
    for name, described in resource.fields.items():
        if not described.filter or not whole.get(name):
            continue
        beside = {v[1:] for v in described.filter.values() if isinstance(v, str) and v.startswith("$")}
        if not values.keys() & {name, *beside}:
            continue
        target = current.lineup.resources.get(described.reference) if current.lineup else None
        wanted = _wanted(described, whole)
        if target is None or not wanted or not set(wanted) <= set(target.fields):
            continue
        ids = whole[name] if isinstance(whole[name], list) else [whole[name]]
        statement = select(target.table.c.id).where(
            target.table.c.tenant_id == current.tenant.id, target.table.c.id.in_(ids),
            *(target.column(other) == value for other, value in wanted.items()),
        )  # fmt: skip
        if set(ids) - set(current.session.execute(statement).scalars()):
            errors[name] = _("This does not fit what is chosen beside it.")
    return errors


def _wanted(described: Field, values: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: values.get(value[1:]) if isinstance(value, str) and value.startswith("$") else value
        for name, value in described.filter.items()
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}
