"""Fields of one's own: on which records, which, in which order, and what each holds.

It must keep what was typed when something is wrong; the rules are in `resources.custom`.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from diwan.db import current
from diwan.errors import Invalid, NotFound
from diwan.kit.i18n import LANGUAGES, _, ngettext
from diwan.resources import Resource, custom
from diwan.resources.custom import CustomField, Words
from diwan.web.shell import home, render, tell

pages = Blueprint("custom_fields", __name__, url_prefix="/t/<slug>/settings/fields")

LINE = re.compile(r"choices-(\d{1,4})-(id|delete|en|ar)")
KINDS: dict[str, tuple[Any, Any, str]] = {
    "text": (_("Text"), _("One line, such as a name or a number plate"), "pencil"),
    "longtext": (_("Long text"), _("Several lines, such as a remark"), "align-left"),
    "integer": (_("Whole number"), _("Such as a count of people"), "hash"),
    "decimal": (_("Number"), _("With decimals, such as a weight"), "hash"),
    "money": (_("Amount"), _("In the currency of the business"), "coin"),
    "percent": (_("Percentage"), _("15 is 15%"), "percentage"),
    "date": (_("Date"), _("A day, such as a birthday"), "calendar"),
    "datetime": (_("Date and time"), _("A moment, such as an appointment"), "clock"),
    "boolean": (_("Yes or no"), _("A switch"), "check"),
    "choice": (_("One choice"), _("One of a list that you write"), "list"),
    "choices": (_("Several choices"), _("Any of a list that you write"), "list"),
    "tags": (_("Words"), _("Free words, each a small label"), "tag"),
    "email": (_("E-mail"), _("An address to write to"), "mail"),
    "phone": (_("Telephone"), _("A number to call"), "phone"),
    "url": (_("Web address"), _("A link to a page"), "link"),
    "reference": (_("Link to a record"), _("Such as the contact who is responsible"), "arrow-right"),
    "colour": (_("Colour"), _("To tell records apart at a glance"), "palette"),
}
RIGHT = "core.tenant.update"


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    current.require(RIGHT)
    statement = select(CustomField.resource, func.count()).where(
        CustomField.tenant_id == current.tenant.id, CustomField.archived_at.is_(None)
    )
    found = current.session.execute(statement.group_by(CustomField.resource)).all()
    counts = {row[0]: row[1] for row in found}
    items = [
        {"label": r.labels, "icon": r.icon or "stack", "href": _address(r), "key": r.key,
         "text": _count(counts.get(r.key, 0))}
        for r in sorted(_tailorable(), key=lambda r: str(r.labels))
    ]  # fmt: skip
    return render("custom_fields.html", [*_crumbs(), (_("Your own fields"), "")], items=items)


@pages.get("/<plugin>/<name>")
def show(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = _find(plugin, name)
    rows = custom.list_fields(resource.key)
    shown = {
        "label": resource.labels, "address": _address(resource),
        "fields": [_row(resource, field, number, len(rows)) for number, field in enumerate(rows)],
        "archived": [_row(resource, field, 0, 0) for field in custom.list_fields(resource.key, archived=True)],
        "declared": [str(f.label) for n, f in resource.fields.items() if not f.custom and n != resource.part_of],
    }  # fmt: skip
    return render("custom_fields_of.html", _trail(resource), of=shown)


@pages.route("/<plugin>/<name>/new", methods=["GET", "POST"])
def new(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource, kind = _find(plugin, name), request.values.get("kind", "")
    if kind not in KINDS:
        kinds = [
            {"label": label, "text": text, "icon": icon, "href": f"{_address(resource)}/new?kind={key}"}
            for key, (label, text, icon) in KINDS.items()
        ]
        trail = [*_trail(resource), (_("New field"), "")]
        return render("custom_fields_kinds.html", trail, kinds=kinds, label=resource.labels)
    if request.method == "GET":
        return _form(resource, kind, None, {})
    try:
        custom.create_field(resource, _typed(kind))
    except Invalid as error:
        current.session.rollback()
        return _form(resource, kind, None, _typed(kind), error), error.status
    tell("ok", _("The field was added."))
    return redirect(_address(resource), 303)


@pages.route("/<plugin>/<name>/<uuid:id>", methods=["GET", "POST"])
def edit(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource = _find(plugin, name)
    stored = _stored(resource, id)
    kind = stored.kind
    if request.method == "GET":
        return _form(resource, kind, id, {"label": stored.label, "help": stored.help, **stored.options})
    try:
        custom.update_field(resource, id, _typed(kind))
    except Invalid as error:
        current.session.rollback()
        return _form(resource, kind, id, _typed(kind), error), error.status
    tell("ok", _("The field was changed."))
    return redirect(_address(resource), 303)


@pages.post("/<plugin>/<name>/<uuid:id>/<act>")
def act(plugin: str, name: str, id: UUID, act: str, **_slug: str) -> ResponseReturnValue:
    resource = _find(plugin, name)
    _stored(resource, id)
    if act == "archive":
        custom.archive_field(id)
        tell("ok", _("The field was put away. What records hold in it stays."))
    elif act == "restore":
        custom.restore_field(id)
        tell("ok", _("The field is back."))
    elif act in ("up", "down"):
        custom.move_field(id, -1 if act == "up" else 1)
    else:
        raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
    return redirect(_address(resource), 303)


def _find(plugin: str, name: str) -> Resource:
    current.require(RIGHT)
    found: Resource | None = current.lineup.resources.get(f"{plugin}.{name}")
    if found is None or not found.custom_fields:
        raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
    return found


def _stored(resource: Resource, id: UUID) -> CustomField:
    stored = custom.get_field(id)
    if stored.resource != resource.key:
        raise NotFound(_("There is no such field."))
    return stored


def _tailorable() -> list[Resource]:
    return [r for r in current.lineup.resources.values() if r.custom_fields]


def _address(resource: Resource) -> str:
    return f"{home()}/settings/fields/{resource.key.replace('.', '/')}"


def _crumbs() -> list[tuple[Any, str]]:
    return [(_("Settings"), f"{home()}/settings")]


def _trail(resource: Resource) -> list[tuple[Any, str]]:
    return [*_crumbs(), (_("Your own fields"), f"{home()}/settings/fields"), (resource.labels, _address(resource))]


def _count(number: int) -> str:
    return ngettext("%(n)s field", "%(n)s fields", number) if number else str(_("No fields of your own"))


def _row(resource: Resource, field: CustomField, place: int, count: int) -> dict[str, Any]:
    notes = [KINDS[field.kind][0] if field.kind in KINDS else field.kind]
    notes += [_("Required")] if field.options.get("required") else []
    return {
        "label": Words(field.label), "notes": notes, "icon": KINDS[field.kind][2] if field.kind in KINDS else "pencil",
        "name": field.name, "href": f"{_address(resource)}/{field.id}", "first": place == 0, "last": place == count - 1,
    }  # fmt: skip


def _typed(kind: str) -> dict[str, Any]:
    """What was typed on the form, as `resources.custom` takes it."""
    form = request.form
    rows: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        if found := LINE.fullmatch(key):
            rows.setdefault(int(found[1]), {})[found[2]] = value
    return {
        "kind": kind, "required": "required" in form, "search": "search" in form, "ref": form.get("ref", ""),
        "label": {code: form.get(f"label.{code}", "") for code in LANGUAGES},
        "help": {code: form.get(f"help.{code}", "") for code in LANGUAGES},
        "choices": [
            {"value": row.get("id", ""), "label": {code: row.get(code, "") for code in LANGUAGES}}
            for _number, row in sorted(rows.items()) if row.get("delete") != "1"
        ],
    }  # fmt: skip


def _form(resource: Resource, kind: str, id: UUID | None, values: dict[str, Any], error: Invalid | None = None) -> str:
    errors: dict[str, Any] = dict(error.errors) if error else {}
    fields = [_spoken("label", _("What it is called"), values, errors, required=True)]
    if kind in ("choice", "choices"):
        fields.append(_choice_lines(values, errors))
    if kind == "reference":
        targets = sorted((r for r in current.lineup.resources.values() if not r.part_of), key=lambda r: str(r.labels))
        fields.append(
            {"name": "ref", "kind": "choice", "label": _("What it links to"), "required": True,
             "value": values.get("ref", ""), "error": errors.get("ref"),
             "choices": [{"value": r.key, "label": r.labels} for r in targets]}
        )  # fmt: skip
    fields.append(_spoken("help", _("A hint below the field"), values, errors))
    if kind != "boolean":
        fields.append({"name": "required", "kind": "boolean", "label": _("Must be filled in when a record is saved"),
                       "value": values.get("required")})  # fmt: skip
    if kind in ("text", "longtext", "email", "phone", "tags"):
        fields.append({"name": "search", "kind": "boolean", "label": _("Found by the search box"),
                       "value": values.get("search")})  # fmt: skip
    title = Words(values.get("label") or {}) if id else _("New field: %(kind)s", kind=KINDS[kind][0])
    address = f"{_address(resource)}/{id}" if id else f"{_address(resource)}/new?kind={kind}"
    rest = " ".join(str(text) for name, text in errors.items() if name not in ("label", "choices", "ref"))
    card = {"title": KINDS[kind][0], "help": KINDS[kind][1], "action": address, "fields": fields, "error": rest,
            "submit_label": _("Save") if id else _("Add the field")}  # fmt: skip
    return render("settings.html", [*_trail(resource), (title, "")], settings={"title": title, "cards": [card]})


def _spoken(name: str, label: Any, values: dict[str, Any], errors: dict[str, Any], **more: Any) -> dict[str, Any]:
    known = values.get(name) or {}
    pieces = [
        {"name": f"{name}.{code}", "key": code, "label": language, "value": known.get(code, "")}
        for code, language in LANGUAGES.items()
    ]
    return {"name": name, "kind": "bilingual", "label": label, "pieces": pieces, "wide": True,
            "error": errors.get(name), **more}  # fmt: skip


def _choice_lines(values: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    blank: list[dict[str, Any]] = [{"label": {}}, {"label": {}}]  # to begin with
    rows = [
        {"id": choice.get("value") or "", "values": {code: choice["label"].get(code, "") for code in LANGUAGES}}
        for choice in values.get("choices") or blank
    ]
    columns = [{"name": code, "label": language, "kind": "text", "maxlength": custom.LONGEST_LABEL, "default": ""}
               for code, language in LANGUAGES.items()]  # fmt: skip
    return {"name": "choices", "kind": "lines", "label": _("Choices"), "columns": columns, "rows": rows,
            "add_label": _("Add a choice"), "error": errors.get("choices"), "required": True}  # fmt: skip
