"""Forms of described fields that belong to no record: what an action asks for, the settings of a module.

It must keep what was typed: an error brings the same controls back with every value in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from diwan.errors import DiwanError, Invalid, Refuse
from diwan.resources import Field
from diwan.web import cells


def read(fields: Mapping[str, Field], form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the raw values of a posted form; what is not on it is absent."""
    raw: dict[str, Any] = {}
    for name, described in fields.items():
        if described.secret:
            raw |= read_secret(name, form)
        elif described.kind.several:
            raw[name] = [value for value in form.getlist(name) if value]
        elif described.kind.name == "boolean":
            raw[name] = name in form
        elif name in form:
            raw[name] = form[name]
    return raw


def read_secret(name: str, form: Mapping[str, str]) -> dict[str, str | None]:
    """Return what a form says of a secret: a new one, None to remove it, or nothing, which leaves it as it is."""
    if form.get(name):
        return {name: form[name]}
    return {name: None} if form.get(f"remove-{name}") else {}


def controls(
    fields: Mapping[str, Field], values: Mapping[str, Any], error: DiwanError | None = None, *, readonly: bool = False,
    are_set: Mapping[str, bool] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the controls as macros/fields.html takes them; a field without a value shows its default.

    are_set: of each secret, whether there is one.
    """
    errors = _errors(error)
    return [
        cells.secret_control(
            described,
            bool((are_set or {}).get(name)),
            errors.get(name, ""),
            typed=bool(values.get(name)),
            readonly=readonly,
        )
        if described.secret
        else cells.control(described, values.get(name, described.initial()), errors.get(name, ""), readonly=readonly)
        for name, described in fields.items()
    ]


def general(fields: Mapping[str, Field], error: DiwanError | None) -> str | None:
    """Return what an error says that belongs to none of the fields."""
    if error is None:
        return None
    errors = _errors(error)
    if not errors:
        return str(error)
    return " ".join(str(text) for name, text in errors.items() if name not in fields) or None


def _errors(error: DiwanError | None) -> Mapping[str, object]:
    if isinstance(error, Invalid):
        return error.errors
    return {error.field: error.message} if isinstance(error, Refuse) and error.field else {}
