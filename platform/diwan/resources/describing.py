"""Classes of plain annotations with `field()`: what an action asks for, what a plugin lets people set.

It must not know what the values are for.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy.orm import MappedColumn

from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.resources import references
from diwan.resources.declare import DeclarationError, Resource
from diwan.resources.fields import Field
from diwan.resources.kinds import KINDS
from diwan.resources.secrets import secret_mistakes

KIND_OF_ANNOTATION: dict[Any, str] = {
    str: "text", int: "integer", Decimal: "decimal", date: "date", datetime: "datetime", bool: "boolean",
    UUID: "reference", timedelta: "duration", list[str]: "tags", list[UUID]: "references", dict: "json",
    dict[str, Any]: "json",
}  # fmt: skip
NO_PLACE = ("computed", "sequence", "unique")


def describe_class(cls: type, where: str = "", *, secrets: bool = False) -> dict[str, Field]:
    """Return the fields of a class such as `class Settings: days: int = field(_("Days"), default=14)`.

    Raises DeclarationError, which names the class and the field. secrets: whether there is a place to keep them sealed.
    """
    where = where or cls.__name__
    try:
        hints = get_type_hints(cls)
    except NameError as error:
        raise DeclarationError(f"{where}: {error}.") from None
    found = {}
    for name, hint in hints.items():
        declared = vars(cls).get(name)
        if not isinstance(declared, MappedColumn) or "field" not in declared.column.info:
            raise DeclarationError(f"{where}.{name}: needs `= field(...)`.")
        if declared.column.info["field"].secret and not secrets:
            raise DeclarationError(f"{where}.{name}: secret= is for models and settings, where values are kept sealed.")
        found[name] = _describe(replace(declared.column.info["field"]), name, hint, f"{where}.{name}")
    bare = [n for n, value in vars(cls).items() if isinstance(value, MappedColumn) and n not in hints]
    if bare:
        raise DeclarationError(f"{where}.{bare[0]}: needs an annotation, such as `{bare[0]}: str = field(...)`.")
    if not found:
        raise DeclarationError(f"{where}: declares no field().")
    return found


def _describe(described: Field, name: str, hint: Any, where: str) -> Field:
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [part for part in get_args(hint) if part is not types.NoneType]
        nullable, hint = len(kinds) < len(get_args(hint)), kinds[0] if len(kinds) == 1 else None
    kind = described.widget or KIND_OF_ANNOTATION.get(hint, "")
    if kind == "text" and described.choices:
        kind = "choice"
    if kind == "tags" and described.choices and not described.widget:
        kind = "choices"
    if kind not in KINDS:
        raise DeclarationError(f"{where}: no kind of field has this annotation or widget; known: {', '.join(KINDS)}.")
    if any(getattr(described, option) for option in NO_PLACE):
        raise DeclarationError(f"{where}: {', '.join(NO_PLACE)} have no meaning here.")
    if kind in ("file", "image"):
        raise DeclarationError(f"{where}: files cannot be asked for here.")
    if kind in ("choice", "choices") and not described.choices:
        raise DeclarationError(f"{where}: a {kind} needs choices=.")
    if isinstance(described.ref, type):
        target: Any = described.ref
        described.target, described.ref = target, str(target.__table__.fullname)
    if kind in ("reference", "references") and not described.reference:
        raise DeclarationError(f"{where}: a reference needs ref=.")
    described.name, described.kind = name, KINDS[kind]
    described.nullable = nullable and not described.kind.several
    for mistake in secret_mistakes(described) if described.secret else ():
        raise DeclarationError(f"{where}: {mistake}")
    return described


def parse_fields(fields: Mapping[str, Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a typed value for each field: what is given, its default, or None. Raises Invalid."""
    values: dict[str, Any] = {}
    errors: dict[str, object] = {name: _("There is no such field.") for name in raw if name not in fields}
    for name, described in fields.items():
        given = name in raw
        try:
            value = described.parse(raw[name]) if given else described.initial()
        except ValueError as error:
            errors[name] = error.args[0] if error.args else _("This value does not fit.")
            continue
        if value is None and not described.nullable and (described.required or given):
            errors[name] = _("A value is required.")
        values[name] = value
    if not errors:
        holder = SimpleNamespace(fields=dict(fields), part_of="", key="")
        [errors] = references.check(cast(Resource, holder), [values], narrowed=True)
    if errors:
        raise Invalid(errors)
    return values
