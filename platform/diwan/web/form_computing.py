"""The computed values of a form that is being filled in, and what is wrong with single values, without saving.

It must take half-typed values as they come: what cannot be read yet is blank.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import current_app
from werkzeug.datastructures import MultiDict

from diwan.kit.i18n import _
from diwan.resources import Resource, store
from diwan.resources.amounts import check_amounts
from diwan.resources.computing import compute
from diwan.resources.values import as_id
from diwan.web import forms


def answer(resource: Resource, record: Any, form: MultiDict[str, str], asked: Collection[str]) -> dict[str, Any]:
    """Return `shown`: HTML of each computed value by field ("line-0-amount" on child rows), and `errors`: the message
    of each field asked for, or ""."""
    errors: dict[str, str] = {}
    stored = store.values_of(resource, record) if record is not None else _initial(resource)
    values = {**stored, **_typed(resource, forms.read(resource, form), "", errors)}
    rows: dict[str, list[dict[str, Any]]] = {}
    numbers: dict[str, list[int]] = {}
    for name, part in resource.parts.items():
        known = {row.id: row for row in store.parts_of(part, record)} if record is not None else {}
        rows[name], numbers[name] = [], []
        for number, raw in forms.lines(part, form):
            before = known.get(as_id(raw.pop("id", "")))
            base = store.values_of(part, before) if before is not None else _initial(part)
            row = {**base, **_typed(part, raw, f"{name}-{number}-", errors)}
            _add_amount_errors(part, row, values, f"{name}-{number}-", errors)
            rows[name].append(row)
            numbers[name].append(number)
    _add_amount_errors(resource, values, {}, "", errors)
    shown = _html(resource, compute(resource, values, rows), values, {}, "")
    for name, part in resource.parts.items():
        for number, row in zip(numbers[name], rows[name], strict=True):
            shown |= _html(part, compute(part, row, outer=values), row, values, f"{name}-{number}-")
    return {"shown": shown, "errors": {name: errors.get(name, "") for name in asked if name}}


def _initial(resource: Resource) -> dict[str, Any]:
    return {name: described.initial() for name, described in resource.fields.items()}


def _typed(resource: Resource, raw: Mapping[str, Any], prefix: str, errors: dict[str, str]) -> dict[str, Any]:
    """Return the values that can be read; the others are None, with their message among the errors."""
    found: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in resource.fields:
            continue
        described = resource.fields[name]
        try:
            found[name] = described.parse(value)
        except ValueError as error:
            found[name] = None
            errors[prefix + name] = str(error.args[0] if error.args else _("This value does not fit."))
            continue
        if found[name] is None and described.required:
            errors[prefix + name] = str(_("A value is required."))
    return found


def _add_amount_errors(
    resource: Resource, values: Mapping[str, Any], outer: Mapping[str, Any], prefix: str, errors: dict[str, str]
) -> None:
    for name, text in check_amounts(resource, values, {}, outer).items():
        errors.setdefault(prefix + name, str(text))


def _html(
    resource: Resource, computed: Mapping[str, Any], values: Mapping[str, Any], outer: Mapping[str, Any], prefix: str
) -> dict[str, str]:
    macros: Any = current_app.jinja_env.get_template("macros/fields.html").module
    whole = {**values, **computed}
    controls = {name: forms.computed(resource.fields[name], value, whole, outer) for name, value in computed.items()}
    return {prefix + name: str(macros.control(control, "")).strip() for name, control in controls.items()}
