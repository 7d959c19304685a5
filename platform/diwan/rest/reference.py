"""The specification as people read it: each operation with its parameters, an example to copy, and its answers.

It must say nothing that the specification does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pprint import pformat
from typing import Any

from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.rest.openapi import document

ID = "01a20d1b-c672-7d93-8655-83817e7e4e63"
EXAMPLES = {"uuid": ID, "date": "2026-01-31", "date-time": "2026-01-31T09:30:00Z", "duration": "PT1H30M"}
EXAMPLE_OF = {"integer": 1, "boolean": True, "number": 1, "object": {}, "null": None}
MOST_EXAMPLE_FIELDS = 5
METHODS = ("get", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or a field of a body. `kind` is in the words of JSON schema."""

    name: str
    place: str
    kind: str
    text: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a resource. `filters`: fields that are parameters by their own names. `tried`: it only reads,
    so a page may offer to call it."""

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Value, ...]
    filters: tuple[Value, ...]
    fields: tuple[Value, ...]
    answers: tuple[tuple[str, str], ...]
    curl: str
    python: str
    tried: bool


def operations_of(resource: Resource, base_url: str) -> list[Operation]:
    """Return what the API has for a resource of the open tenant, in the reader's language."""
    found = document([resource])
    base = f"/api/v1/{resource.plugin}/{resource.name}"
    return [
        _operation(found, method, path, item, base_url, resource)
        for path, item in found["paths"].items()
        if path == base or path.startswith(base + "/")
        for method in METHODS
        if method in item
    ]


def _operation(
    found: Mapping[str, Any], method: str, path: str, item: Mapping[str, Any], base_url: str, resource: Resource
) -> Operation:
    described = item[method]
    parameters = [_resolve(found, p) for p in (*item.get("parameters", ()), *described["parameters"])]
    content = described.get("requestBody", {}).get("content", {})
    body = _resolve(found, next(iter(content.values()))["schema"]) if content else None
    example = json.dumps(_example(found, body), ensure_ascii=False, indent=2) if body else ""
    url = base_url + path.replace("{id}", ID)
    values = [_value(found, p["name"], p["in"], p["schema"], p) for p in parameters]
    return Operation(
        id=described["operationId"].replace(".", "-"),
        method=method.upper(),
        path=path,
        summary=described["summary"],
        parameters=tuple(v for v in values if v.name not in resource.fields),
        filters=tuple(v for v in values if v.name in resource.fields),
        fields=tuple(_fields(found, body)) if body else (),
        answers=tuple(
            (code, _resolve(found, answer)["description"]) for code, answer in described["responses"].items()
        ),
        curl=_curl(method.upper(), url, example),
        python=_python(method, url, example),
        tried=method == "get",
    )


def _resolve(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    target: Any = schema
    while "$ref" in target:
        at: Any = found
        for step in target["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        target = at
    return target


def _one(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object that a body consists of, also where it may be a list of such objects."""
    schema = _resolve(found, schema)
    if "anyOf" in schema:
        return _one(found, schema["anyOf"][0])
    return _one(found, schema["items"]) if schema.get("type") == "array" else schema


def _fields(found: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Value]:
    schema = _one(found, body)
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        yield _value(found, name, "body", field, field, required=name in required)


def _value(
    found: Mapping[str, Any], name: str, place: str, schema: Mapping[str, Any], told: Mapping[str, Any], *,
    required: bool = False,
) -> Value:  # fmt: skip
    schema = _resolve(found, schema)
    texts = [str(told[key]) for key in ("title", "description") if told.get(key)]
    choices = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return Value(
        name, place, _kind(found, schema), ": ".join(texts), required or bool(told.get("required") is True),
        tuple(str(choice) for choice in choices if choice is not None),
    )  # fmt: skip


def _kind(found: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    schema = _resolve(found, schema)
    if "anyOf" in schema:
        return _kind(found, schema["anyOf"][0])
    types = schema.get("type", "any")
    names = types if isinstance(types, list) else [types]
    if "array" in names:
        names = [f"array of {_kind(found, schema.get('items', {}))}", *(n for n in names if n != "array")]
    more = [str(schema["format"])] if "format" in schema else []
    if "maxLength" in schema:
        more.append(f"≤ {schema['maxLength']}")
    if "minimum" in schema or "maximum" in schema:
        more.append(f"{schema.get('minimum', '')}…{schema.get('maximum', '')}")
    return " | ".join(names) + (f" ({', '.join(more)})" if more else "")


def _example(found: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    schema = _resolve(found, schema)
    if "anyOf" in schema:
        return _example(found, schema["anyOf"][0], depth)
    if schema.get("enum") or schema.get("examples"):
        return (schema.get("enum") or schema["examples"])[0]
    types = schema.get("type", "string")
    kind = types[0] if isinstance(types, list) else types
    if kind == "array":
        return [_example(found, schema.get("items", {}), depth + 1)]
    if kind == "object":
        return _example_object(found, schema, depth)
    if kind == "string":
        if str(schema.get("pattern", "")).startswith("^-?"):
            return "12.5"
        return EXAMPLES.get(schema.get("format", ""), str(schema.get("title") or "text"))
    return EXAMPLE_OF.get(kind)


def _example_object(found: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    simple = [n for n, s in properties.items() if _is_simple(_resolve(found, s)) and n not in ("id", "version")]
    names = list(dict.fromkeys([*required, *simple]))[: MOST_EXAMPLE_FIELDS if depth < 2 else 2]
    return {name: _example(found, properties[name], depth + 1) for name in properties if name in names}


def _is_simple(schema: Mapping[str, Any]) -> bool:
    """Whether an example of the value says something: no ids of other records, no lists."""
    kinds = schema.get("type", [])
    return "array" not in kinds and "object" not in kinds and "uuid" not in schema.get("format", "")  # fmt: skip


def _curl(method: str, url: str, example: str) -> str:
    lines = [f"curl {'' if method == 'GET' else f'-X {method} '}'{url}'", '  -H "Authorization: Bearer $TOKEN"']
    if example:
        quoted = example.replace("'", "'\\''")
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{quoted}'"]
    return " \\\n".join(lines)


def _python(method: str, url: str, example: str) -> str:
    lines = [
        "import os",
        "import requests",
        "",
        f"answer = requests.{method}(",
        f'    "{url}",',
        '    headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"},',
    ]
    if example:
        body = pformat(json.loads(example), width=90, sort_dicts=False).replace("\n", "\n         ")
        lines.append(f"    json={body},")
    return "\n".join([*lines, "    timeout=30,", ")", "answer.raise_for_status()"])


def place_of(value: Value) -> str:
    """Return where a parameter stands, in the reader's language."""
    return str({"path": _("address"), "query": _("query"), "header": _("header")}.get(value.place, _("body")))
