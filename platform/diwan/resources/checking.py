"""What is wrong with the declaration of a field: options that do not fit its kind, or name what is not there.

It must only tell; `declare` raises, with plugin and model named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.types import BigInteger, Boolean, Date, DateTime, Numeric, Text, Uuid

from diwan.resources.fields import Field
from diwan.resources.patterns import check_pattern

if TYPE_CHECKING:
    from diwan.resources.declare import Resource

STORED: dict[Any, tuple[str, tuple[str, ...]]] = {
    Text: ("str", ("text", "longtext", "richtext", "email", "phone", "url", "colour", "country", "currency", "choice")),
    BigInteger: ("int", ("integer",)),
    Numeric: ("Decimal", ("decimal",)),
    Date: ("date", ("date",)),
    DateTime: ("datetime", ("datetime",)),
    Boolean: ("bool", ("boolean",)),
    Uuid: ("UUID", ("reference", "file", "image")),
}
VIEWS = ("list", "board", "calendar", "tree", "pivot")
GROUPING = ("choice", "reference", "country", "currency", "boolean")
NUMBERS = ("integer", "decimal", "money", "quantity", "percent", "duration")


def field_mistakes(resource: Resource, name: str) -> Iterable[str]:
    """Yield what is wrong with the options of a field."""
    described = resource.fields[name]
    if not str(described.label):
        yield "needs a label."
    yield from _type(resource, described)
    yield from _choices(described)
    yield from _reference(described)
    yield from _beside(resource, described)
    yield from _computed(resource, described)
    yield from _sequence(described)
    yield from _bounds(described)


def shape_mistakes(resource: Resource) -> Iterable[str]:
    """Yield what is wrong with the options that say in which shapes the records are shown."""
    fields = resource.fields
    if resource.view not in VIEWS:
        yield f"view={resource.view!r} is not one of {', '.join(VIEWS)}."
    if resource.group and (resource.group not in fields or fields[resource.group].kind.name not in GROUPING):
        yield f"group={resource.group!r} is no {', '.join(GROUPING)}."
    choices = fields[resource.group].choices if resource.group in fields else {}
    for value, most in resource.limits.items():
        if value not in choices or type(most) is not int or most < 1:
            yield f"limits: {value!r}: {most!r} is no choice of group={resource.group!r} with a number above 0."
    for name in resource.calendar:
        if name not in fields or fields[name].kind.name not in ("date", "datetime"):
            yield f"calendar names {name!r}, which is no date."
    if len({fields[name].kind.name for name in resource.calendar if name in fields}) > 1 or len(resource.calendar) > 2:
        yield "calendar names one field, or a start and an end of the same kind."
    if resource.parent and (resource.parent not in fields or fields[resource.parent].reference != resource.key):
        yield f"parent={resource.parent!r} does not refer to {resource.key} itself."


def _type(resource: Resource, described: Field) -> Iterable[str]:
    kind, type_ = described.kind.name, resource.column(described.name).type
    for column, (annotation, kinds) in STORED.items():
        if kind in kinds and not isinstance(type_, column):
            yield f"a {kind} is a Mapped[{annotation}]."


def _choices(described: Field) -> Iterable[str]:
    kind = described.kind.name
    if not isinstance(described.choices, Mapping):
        yield "choices= is a dictionary of values and labels."
    elif kind in ("choice", "choices") and not described.choices:
        yield f"a {kind} needs choices=."
    elif any(type(value) is not str or not value for value in described.choices):
        yield "the values of choices= are texts that are not empty."


def _reference(described: Field) -> Iterable[str]:
    kind = described.kind.name
    if kind in ("reference", "references"):
        if not described.reference:
            yield f"a {kind} needs ref=."
        elif described.reference.count(".") != 1:
            yield f"ref={described.reference!r} is no resource's key such as 'contacts.contact'."
    elif described.ref is not None:
        yield f"ref= is for references; this is a {kind}."
    if described.ondelete not in ("RESTRICT", "CASCADE"):
        yield f"ondelete={described.ondelete.lower()!r} is neither 'restrict' nor 'cascade'."


def _beside(resource: Resource, described: Field) -> Iterable[str]:
    """The fields that an amount and a quantity lean on."""
    if described.currency:
        above, dot, name = described.currency.rpartition(".")
        fields = resource.fields
        if dot:
            target = fields[above].target if above and above == resource.part_of else None
            parent = getattr(target, "__resource__", None)
            fields = parent.fields if parent is not None else {}
        if described.kind.name != "money":
            yield "currency= is for money."
        elif name not in fields or fields[name].kind.name != "currency":
            yield f"currency={described.currency!r} names no field of kind currency."
    if described.unit:
        if described.kind.name != "quantity":
            yield "unit= is for quantities."
        elif isinstance(described.unit, str) and described.unit not in resource.fields:
            yield f"unit={described.unit!r} names no field; write a unit itself as _({described.unit!r})."


def _computed(resource: Resource, described: Field) -> Iterable[str]:
    if described.computed is None:
        return
    if described.default is not None:
        yield "computed= and default= exclude each other."
    if not callable(described.computed) and described.formula is None:
        yield "computed= is SQL or a function of the record."
    if described.formula is not None:
        if not described.formula.text.strip():
            yield "computed= is empty."
        for name in sorted(described.formula.names & resource.fields.keys()):
            if resource.fields[name].formula is not None:
                yield f"computed= names {name!r}, which PostgreSQL computes itself; use a function."
    if described.kind.several or described.is_file or described.kind.name in ("reference", "json"):
        yield f"a {described.kind.name} cannot be computed."


def _sequence(described: Field) -> Iterable[str]:
    if not described.sequence:
        return
    if described.kind.name != "text":
        yield "sequence= is for texts."
    if described.default is not None or described.computed is not None:
        yield "sequence= excludes default= and computed=."
    if mistake := check_pattern(described.sequence):
        yield f"sequence={mistake}."


def _bounds(described: Field) -> Iterable[str]:
    if described.min is not None and described.kind.name not in NUMBERS:
        yield "min= is for numbers and lengths of time."
    if described.max is not None and described.kind.name not in NUMBERS and not described.kind.longest:
        yield "max= is for numbers, lengths of time and texts."
    if described.min is not None and described.max is not None and described.kind.name in NUMBERS:
        try:
            wrong = described.min > described.max
        except TypeError:
            yield "min= and max= are of different types."
        else:
            if wrong:
                yield "min= is above max=."
