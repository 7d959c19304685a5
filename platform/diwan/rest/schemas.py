"""JSON schemas of records: as they are read, and as they are written.

It must follow from the fields alone, a tenant's own ones included.
"""

from __future__ import annotations

from typing import Any

from diwan.resources import Field, Resource
from diwan.resources.everywhere import BESIDE, SYSTEM_FIELDS
from diwan.resources.secrets import longest
from diwan.resources.values import MOST_PARTS, as_json
from diwan.rest import bodies

Schema = dict[str, Any]

NUMBERS = frozenset({"decimal", "money", "quantity", "percent"})
EXAMPLES = {
    "email": "name@example.com", "phone": "+96522223333", "url": "https://example.com", "country": "KW",
    "currency": "KWD", "colour": "#0f766e", "duration": "PT1H30M",
}  # fmt: skip
UUID_TEXT: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
VERSION: Schema = {"type": "integer", "minimum": 1}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(resource: Resource) -> Schema:
    """Return the schema of a record as it is read: with `fields=` any part of it, with `expand=` more."""
    open_references = set(bodies.expandable(resource, parts=False))
    properties: Schema = {"id": UUID_TEXT}
    for name in bodies.fields_of(resource):
        properties[name] = _read(resource.fields[name], expandable=name in open_references)
    for name, part in resource.parts.items():
        properties[name] = {"type": "array", "items": record(part), "title": str(part.labels)}
    if not resource.part_of:
        properties["version"] = VERSION
        properties["created_at"], properties["updated_at"] = MOMENT, MOMENT
        properties["archived_at"] = {"type": ["string", "null"], "format": "date-time"}
        properties |= {name: _read(SYSTEM_FIELDS[name], expandable=False) for name in BESIDE}
    return {"type": "object", "title": str(resource.label), "required": ["id"], "properties": properties,
            "additionalProperties": False}  # fmt: skip


def write(resource: Resource, *, partial: bool) -> Schema:
    """Return the schema of a record as it is sent: `partial` for a change of one that is there."""
    properties: Schema = {name: _write(resource.fields[name]) for name in resource.editable}
    properties |= {name: _secret(field) for name, field in resource.secrets.items()}
    for name, part in resource.parts.items():
        row = write(part, partial=True)
        row["properties"] = {"id": UUID_TEXT, **row["properties"]}
        properties[name] = {"type": "array", "items": row, "maxItems": MOST_PARTS, "title": str(part.labels)}
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [name for name in resource.editable if resource.fields[name].required]
    if required and not partial:
        schema["required"] = required
    return schema


def change(resource: Resource, *, named: bool) -> Schema:
    """Return the schema of a change: `named` for one of many, which says its `id`."""
    schema = write(resource, partial=True)
    schema["properties"] = {**({"id": UUID_TEXT} if named else {}), **schema["properties"], "version": VERSION}
    if named:
        schema["required"] = ["id"]
    return schema


def page(item: Schema) -> Schema:
    """Return the schema of one page of a list."""
    cursor = {"type": ["string", "null"]}
    counted = {
        "type": "object",
        "required": ["number", "capped"],
        "properties": {"number": {"type": "integer", "minimum": 0}, "capped": {"type": "boolean"}},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["data", "next", "previous"],
        "properties": {"data": {"type": "array", "items": item}, "next": cursor, "previous": cursor, "count": counted},
        "additionalProperties": False,
    }


def several(item: Schema) -> Schema:
    """Return the schema of records that were written together."""
    return {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": item}},
            "additionalProperties": False}  # fmt: skip


def outcomes(item: Schema | None) -> Schema:
    """Return the schema of what became of each record of a request with `partial=true`."""
    properties: Schema = {"index": {"type": "integer", "minimum": 0}, "status": {"type": "integer"}, "id": UUID_TEXT,
                          "problem": ref("Problem")}  # fmt: skip
    if item:
        properties["record"] = item
    number = {"type": "integer", "minimum": 0}
    row = {"type": "object", "required": ["index", "status"], "properties": properties, "additionalProperties": False}
    return {
        "type": "object",
        "required": ["outcomes", "succeeded", "failed"],
        "properties": {"outcomes": {"type": "array", "items": row}, "succeeded": number, "failed": number},
        "additionalProperties": False,
    }


def problem() -> Schema:
    """Return the schema of problem details."""
    text = {"type": "string"}
    wrong = {"type": "object", "required": ["field", "message"], "properties": {"field": text, "message": text},
             "additionalProperties": False}  # fmt: skip
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text, "code": text,
            "request_id": text, "errors": {"type": "array", "items": wrong}, "current": {"type": "object"},
        },
    }  # fmt: skip


def _read(field: Field, *, expandable: bool) -> Schema:
    schema = _nullable(_bare(field), field)
    if expandable:
        behind = ref(field.reference)
        if field.kind.several:
            schema["items"] = {"anyOf": [schema["items"], behind]}
        else:
            schema = {"anyOf": [schema, behind]}
    if field.readonly:
        schema["readOnly"] = True
    return {**schema, **_told(field)}


def _secret(field: Field) -> Schema:
    """A secret is sent and never answered; null removes it."""
    return {"type": ["string", "null"], "maxLength": longest(field), "writeOnly": True, **_told(field)}


def _write(field: Field) -> Schema:
    schema = _bare(field)
    if field.kind.name in NUMBERS:
        schema = {**schema, "type": ["string", "number"]}
    if field.kind.name == "integer":
        schema |= {"format": "int64"}
    for name, bound in (("minimum", field.min), ("maximum", field.max)):
        if isinstance(bound, int) and field.kind.name in {*NUMBERS, "integer"}:
            schema[name] = bound
    if field.kind.name in EXAMPLES:
        schema["examples"] = [EXAMPLES[field.kind.name]]
    default = field.default if not callable(field.default) else None
    if default is not None:
        schema["default"] = as_json(default)
    return {**_nullable(schema, field), **_told(field)}


def _bare(field: Field) -> Schema:
    schema = dict(field.kind.schema)
    if field.choices and field.kind.several:
        schema["items"] = {"type": "string", "enum": list(field.choices)}
    elif field.choices:
        schema["enum"] = list(field.choices)
    if field.longest and schema.get("type") == "string":
        schema["maxLength"] = field.longest
    return schema


def _nullable(schema: Schema, field: Field) -> Schema:
    if not field.nullable or "type" not in schema:
        return schema
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    schema = {**schema, "type": [*types, "null"]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _told(field: Field) -> Schema:
    help_text = str(field.help or "")
    return {"title": str(field.label), **({"description": help_text} if help_text else {})}
