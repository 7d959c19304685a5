"""The developers' gallery: every template with made-up content. Run: python platform/frontend/gallery.py [port]

It is not shipped and must not import anything of Diwan but its looks (diwan.web) and its languages (diwan.kit.i18n).
"""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from whitenoise import WhiteNoise

HERE = Path(__file__).resolve().parent
CONTENT = HERE / "gallery_content"
WEB = HERE.parent / "diwan" / "web"
sys.path.insert(0, str(HERE.parent))

from diwan.kit import i18n  # noqa: E402
from diwan.web import headers, rows, ui  # noqa: E402

ERRORS = (403, 404, 413, 429, 500, 503)


@cache
def content() -> dict[str, dict[str, Any]]:
    """Every page: {template, context}; or {like, set, errors, blank}, which changes another page."""
    pages = {f"error/{code}": _error(code) for code in ERRORS}
    for file in sorted(CONTENT.glob("*.json")):
        if file.name != "shell.json":
            pages |= json.loads(file.read_text("utf-8"))
    return {name: _variant(pages[page["like"]], page) if "like" in page else page for name, page in pages.items()}


def _error(code: int) -> dict[str, Any]:
    return {"template": "error.html", "context": {"code": code, "home_href": "/home", "request_id": "01939f2c-7c1e"}}


def _variant(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    page = deepcopy(base)
    for name, values in change.get("set", {}).items():
        page["context"][name].update(values)
    fields = [f for section in page["context"].get("form", {}).get("sections", []) for f in section["fields"]]
    for field in fields:
        field["error"] = change.get("errors", {}).get(field["name"], "")
        if change.get("blank"):
            field.update(value=[] if field["kind"] == "choices" else "", rows=[])
    return page


def spoken(value: Any, language: str) -> Any:
    """Replace each {"en": ..., "ar": ...} by the text of the language."""
    if isinstance(value, dict):
        if value.keys() == {"en", "ar"}:
            return value[language]
        return {name: spoken(inner, language) for name, inner in value.items()}
    if isinstance(value, list):
        return [spoken(inner, language) for inner in value]
    return value


def shell(language: str) -> dict[str, Any]:
    values: dict[str, Any] = spoken(json.loads((CONTENT / "shell.json").read_text("utf-8")), language)
    values["current"] = SimpleNamespace(**values["current"], language=language)
    values["shell"]["languages"] = [
        {"code": code, "label": label, "active": code == language} for code, label in i18n.LANGUAGES.items()
    ]
    return values


def create_app() -> Flask:
    app = Flask(__name__, static_folder=None, template_folder=str(WEB / "templates"))
    app.jinja_env.globals.update(_=i18n._, ngettext=i18n.ngettext, csrf_token=lambda: "gallery")
    ui.register(app)
    rows.register(app)
    headers.register(app)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(WEB / "static"), prefix="static/", autorefresh=True)  # type: ignore[method-assign]
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/<path:name>", view_func=show)
    app.add_url_rule("/options", view_func=options)
    app.add_url_rule("/compute", view_func=compute, methods=["POST"])
    app.add_url_rule("/brand.css", view_func=brand)
    app.add_url_rule("/language", view_func=switch, methods=["POST"])
    return app


def index() -> str:
    links = "".join(f'<li><a href="/{page}">{page}</a> · <a href="/{page}?lang=ar">ar</a></li>' for page in content())
    return f"<!doctype html><title>Gallery</title><ul>{links}</ul>"


def show(name: str) -> str | tuple[str, int]:
    """One page; ?lang=ar, ?theme=dark, ?brand=262 change how it looks."""
    if name not in content():
        return "no such page", 404
    asked = request.args.get("lang") or request.cookies.get("lang") or "en"
    i18n.set_language(asked)
    page = deepcopy(content()[name])
    values = {**shell(i18n.language()), **spoken(page["context"], i18n.language())}
    if "list" in values:
        values["list"]["search"]["value"] = request.args.get("q", "")
    if "theme" in request.args:
        values["theme"] = request.args["theme"]
    if "brand" in request.args:
        values["brand_css"] = f"/brand.css?hue={request.args['brand']}"
    return render_template(page["template"], **values)


def options() -> Response:
    query = request.args.get("q", "").lower()
    names = ["Cedar Furniture House", "Blue Horizon Marine", "Petra Building Materials", "Falcon Auto Parts", "Zahra"]
    found = [(number, name) for number, name in enumerate(names, 1) if query in name.lower()]
    return jsonify([{"id": number, "label": name, "hint": f"C-{number:03}"} for number, name in found])


def compute() -> Response:
    """Everything that is typed fits, and nothing is computed."""
    return jsonify({"errors": {}, "shown": {}})


def brand() -> Response:
    return Response(ui.brand_stylesheet(float(request.args["hue"])), mimetype="text/css")


def switch() -> Response:
    response = Response(status=303, headers={"Location": request.referrer or "/"})
    response.set_cookie("lang", request.form["language"])
    return response


if __name__ == "__main__":
    create_app().run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0, threaded=True)
