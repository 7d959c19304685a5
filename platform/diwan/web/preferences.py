"""A person's own preferences: language, calendar, digits, theme, density, keys, and the order of the navigation.

They belong to the account, so the same person finds them on every device.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.kit.i18n import LANGUAGES, _
from diwan.users import service as users
from diwan.web import menu, ui
from diwan.web.auth.preferences import came_from
from diwan.web.context import signed_in
from diwan.web.shell import home, render, tell
from diwan.web.sorting import moved

pages = Blueprint("person", __name__, url_prefix="/t/<slug>/preferences")
YEAR = 31_536_000
LOOKS = ("theme", "density")
KEYBOARD = "keyboard"


def register(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    cards = [
        {"title": title, "help": help, "action": f"{home()}/preferences?card={card}", "fields": fields,
         "submit_label": _("Save")}
        for card, title, help, fields in _cards()
    ]  # fmt: skip
    settings = {"title": _("Preferences"), "lead": _("They go with your account, on every device."), "cards": cards}
    return render("settings.html", [(_("Preferences"), "")], settings=settings)


@pages.post("")
def save(**_slug: str) -> ResponseReturnValue:
    form = request.form
    values: dict[str, Any] = {key: form[key] for key in users.PREFERENCES if key in form and key != "shortcuts"}
    if request.args.get("card") == KEYBOARD:  # a switch that is off sends nothing itself
        values["shortcuts"] = "shortcuts" in form
    users.set_preferences(_me(), language=form.get("language"), theme=form.get("theme"), **values)
    tell("ok", _("Your preferences were saved."))
    return _with_looks(redirect(f"{home()}/preferences", 303))


@pages.post("/look")
def look(**_slug: str) -> ResponseReturnValue:
    """Keep the theme or the density that somebody switched to in the top bar, in a list or in the palette."""
    chosen = {key: request.form[key] for key in LOOKS if key in request.form}
    users.set_preferences(_me(), **chosen)
    if request.headers.get("Accept", "").startswith("application/json"):  # a script: it changed the page already
        return Response(status=204)
    return _with_looks(redirect(came_from(), 303))


@pages.get("/navigation")
def navigation(**_slug: str) -> ResponseReturnValue:
    mine = menu.arrangement()
    sections = menu.arranged(home())[1:]
    return render(
        "navigation.html",
        [(_("Preferences"), f"{home()}/preferences"), (_("Navigation"), "")],
        sections=sections,
        marked={key: set(mine.get(key, ())) for key in ("hidden", "pinned")},
        action=f"{home()}/preferences/navigation",
        is_arranged=bool(mine),
    )


@pages.post("/navigation")
def arrange(**_slug: str) -> ResponseReturnValue:
    form, here = request.form, f"{home()}/preferences/navigation"
    if "reset" in form:
        users.arrange_menu(_me(), current.tenant.id, {})
        return redirect(here, 303)
    sections = menu.derived(home())[1:]
    known = {section["key"] for section in sections} | {i["key"] for s in sections for i in s["items"]}

    def named(field: str) -> list[str]:
        return [key for key in dict.fromkeys(form.getlist(field)) if key in known]

    order, shown = named("order"), set(form.getlist("shown"))
    groups = [[s["key"] for s in sections], *([i["key"] for i in s["items"]] for s in sections)]
    chosen = {
        "order": moved(order, form.get("move", ""), groups),
        "hidden": [i["key"] for s in sections for i in s["items"] if i["key"] not in shown],
        "pinned": named("pinned"),
        "closed": list(menu.arrangement().get("closed", ())),
    }
    users.arrange_menu(_me(), current.tenant.id, chosen)
    if "move" not in form:
        tell("ok", _("Your navigation was saved."))
    return redirect(here, 303)


@pages.post("/navigation/section")
def section(**_slug: str) -> ResponseReturnValue:
    """Keep that a section of the side bar was opened or closed."""
    key, closed = request.form.get("section", ""), request.form.get("closed") == "1"
    mine = menu.arrangement()
    if key in {part["key"] for part in menu.derived(home())}:
        others = [name for name in mine.get("closed", ()) if name != key]
        users.arrange_menu(_me(), current.tenant.id, {**mine, "closed": [*others, key] if closed else others})
    return Response(status=204)


def _me() -> Any:
    return current.user.id


def _with_looks(response: Any) -> Response:
    """Let this device's cookies say the same, for pages that open before somebody signs in."""
    answer = make_response(response)
    allowed = {"theme": users.THEMES, "density": users.PREFERENCES["density"]}
    # Not HttpOnly: the switch on a page writes them as well.
    https: bool = current_app.session_interface.https  # type: ignore[attr-defined]
    for key in LOOKS:
        if (value := request.form.get(key)) in allowed[key]:
            answer.set_cookie(ui.look_cookie(key), str(value), max_age=YEAR, path="/", samesite="Lax", secure=https)
    return answer


def _cards() -> list[tuple[str, Any, Any, list[dict[str, Any]]]]:
    mine, me = current.user.preferences, signed_in()

    def chips(name: str, label: Any, value: Any, choices: list[tuple[Any, Any]], help: Any = "") -> dict[str, Any]:
        return {"name": name, "kind": "radio", "label": label, "value": value, "help": help, "wide": True,
                "choices": [{"value": v, "label": text} for v, text in choices]}  # fmt: skip

    reading = [
        chips("language", _("Language"), current.language, list(LANGUAGES.items())),
        chips("calendar", _("Calendar"), mine.get("calendar", "gregorian"),
              [("gregorian", _("Gregorian")), ("hijri", _("Hijri (Umm al-Qura)")), ("both", _("Both"))]),
        chips("digits", _("Digits"), mine.get("digits", "latn"), [("latn", "0123456789"), ("arab", "٠١٢٣٤٥٦٧٨٩")]),
        chips("week_start", _("First day of the week"), mine.get("week_start", ""),
              [("", _("As in the country of the business")), ("6", _("Saturday")), ("0", _("Sunday")),
               ("1", _("Monday"))]),
    ]  # fmt: skip
    looks = [
        chips("theme", _("Theme"), me.theme if me else "auto",
              [("auto", _("Like the system")), ("light", _("Light")), ("dark", _("Dark"))]),
        chips("density", _("Rows of lists"), mine.get("density", "comfortable"),
              [("comfortable", _("Comfortable")), ("compact", _("Compact"))]),
    ]  # fmt: skip
    keys = [
        {"name": "shortcuts", "kind": "boolean", "label": _("Single keys as shortcuts, such as n, / and ?"),
         "value": mine.get("shortcuts") is not False, "wide": True,
         "help": _("Switch them off if speech input or another aid presses keys by itself. Ctrl+K and Ctrl+S stay.")},
    ]  # fmt: skip
    return [
        ("reading", _("Language, dates and numbers"), _("What you see. What is stored stays the same."), reading),
        ("looks", _("Looks"), "", looks),
        (KEYBOARD, _("Keyboard"), "", keys),
    ]
