"""The settings of a module in this business: what its plugin declares, and the patterns of its numbers.

It must not know any module; the fields come from the lineup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Flask, redirect, request
from flask.typing import ResponseReturnValue

from diwan import settings
from diwan.db import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse, Stale
from diwan.kernel import configuring
from diwan.kernel.catalogue import installed
from diwan.kernel.contribution import settings_permission
from diwan.kit.i18n import _
from diwan.resources import Field, Resource, sequences
from diwan.resources.showing import text_of
from diwan.web import field_input
from diwan.web.forms import version
from diwan.web.shell import home, render, tell

NUMBERS_HELP = _(
    "How new numbers look: {n} is the number ({n:04} with four digits), {year}, {month} and {day} the date."
)
pages = Blueprint("plugin_settings", __name__, url_prefix="/t/<slug>/settings")


def register(app: Flask) -> None:
    """Add the one address of all modules' settings."""
    app.register_blueprint(pages)


@pages.route("/<plugin>", methods=["GET", "POST"])
def edit(plugin: str, **_slug: str) -> ResponseReturnValue:
    fields, numbers = _fields(plugin), dict(_numbers(plugin))
    if not (fields or numbers):
        raise NotFound(_("This module has no settings."))
    current.require(settings_permission(plugin))
    if request.method == "GET":
        return _show(plugin, fields, numbers, {}, request.args)
    raw = field_input.read(fields, request.form)
    try:
        configuring.save(plugin, fields, raw, version(request.form))
        _save_patterns(numbers, request.form)
    except (Invalid, Refuse, Stale) as error:
        current.session.rollback()
        return _show(plugin, fields, numbers, raw, request.form, error), error.status
    tell("ok", _("The settings were saved."))
    return redirect(f"{home()}/settings/{plugin}", 303)


def has_settings(plugin: str) -> bool:
    """Return whether a module that is on has settings which this person may change."""
    there = current.lineup.find("settings", f"{plugin}.settings") or any(True for _number in _numbers(plugin))
    return bool(there) and current.user.can(settings_permission(plugin))


def _fields(plugin: str) -> Mapping[str, Field]:
    found = current.lineup.find("settings", f"{plugin}.settings")
    fields: Mapping[str, Field] = found.options["fields"] if found else {}
    return fields


def _numbers(plugin: str) -> Iterable[tuple[str, tuple[Resource, Field]]]:
    """The fields that draw numbers, by the name of their control."""
    for resource in current.lineup.resources.values():
        if resource.plugin == plugin:
            for described in resource.fields.values():
                if described.sequence:
                    yield f"pattern.{resource.name}.{described.name}", (resource, described)


def _save_patterns(numbers: Mapping[str, tuple[Resource, Field]], form: Mapping[str, str]) -> None:
    errors: dict[str, object] = {}
    for name, (resource, described) in numbers.items():
        pattern = form.get(name, "").strip()
        if not pattern or pattern == sequences.get_pattern(resource, described.name):
            continue
        try:
            sequences.set_pattern(resource, described.name, pattern)
        except Invalid as error:
            errors[name] = error.errors[described.name]
    if errors:
        raise Invalid(errors)


def _show(
    plugin: str,
    fields: Mapping[str, Field],
    numbers: Mapping[str, tuple[Resource, Field]],
    raw: Mapping[str, Any],
    form: Mapping[str, str],
    error: DiwanError | None = None,
) -> str:
    label = installed()[plugin].label
    stored = settings.read(plugin)
    # After a stale save the form holds what was typed and the version of now: saving again is a choice.
    seen = stored.version if error is None or isinstance(error, Stale) else version(form) or 0
    patterns = [_pattern(name, *number, form, error) for name, number in numbers.items()]
    values, are_set = {**configuring.values_of(plugin, fields), **raw}, configuring.are_set(plugin, fields)
    shown = {
        "title": label,
        "lead": _("Settings of this module for the whole business."),
        "action": f"{home()}/settings/{plugin}",
        "version": seen,
        "groups": [
            {"label": _("Settings"), "fields": field_input.controls(fields, values, error, are_set=are_set)},
            {"label": _("Numbers"), "fields": patterns,
             "help": NUMBERS_HELP},
        ],
        "error": field_input.general({**fields, **dict.fromkeys(numbers)}, error),  # type: ignore[dict-item]
        "theirs": _theirs(fields, error) if isinstance(error, Stale) else [],
    }  # fmt: skip
    crumbs = (
        [(_("Modules"), f"{home()}/modules"), (label, "")] if current.user.can("core.plugin.manage") else [(label, "")]
    )
    return render("plugin_settings.html", crumbs, settings=shown)


def _pattern(
    name: str, resource: Resource, described: Field, form: Mapping[str, str], error: DiwanError | None
) -> dict[str, Any]:
    errors = error.errors if isinstance(error, Invalid) else {}
    return {
        "name": name, "id": "f-" + name.replace(".", "-"), "kind": "text", "dir": "ltr", "required": True,
        "label": _("%(records)s: %(field)s", records=str(resource.labels), field=str(described.label)),
        "value": form.get(name) or sequences.get_pattern(resource, described.name), "error": errors.get(name, ""),
        "maxlength": 60,
    }  # fmt: skip


def _theirs(fields: Mapping[str, Field], error: Stale) -> list[dict[str, Any]]:
    """What is stored now, of the settings that differ from those typed."""
    return [
        {"label": fields[name].label, "value": text_of(fields[name], fields[name].load(error.current.get(name)))}
        for name in error.changed
        if name in fields
    ]
