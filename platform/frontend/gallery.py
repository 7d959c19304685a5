"""The developers' gallery: every template with made-up content. Run: python platform/frontend/gallery.py [port]

It is not shipped and must not import anything of Diwan but its looks (diwan.web.ui, diwan.web.headers).
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, jsonify, render_template, request

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from whitenoise import WhiteNoise

from diwan.web import headers, ui
from gallery_content import PAGES
from gallery_content.shell import arabic, shell_context

HERE = Path(__file__).resolve().parent
WEB = HERE.parent / "diwan" / "web"


def language() -> str:
    asked = request.args.get("lang") or request.cookies.get("lang") or "en"
    return asked if asked in ("en", "ar") else "en"


def gettext(text: str, **values: Any) -> str:
    translated = arabic().gettext(text) if language() == "ar" else text
    return translated % values if values else translated


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    translated = arabic().ngettext(singular, plural, n) if language() == "ar" else (singular if n == 1 else plural)
    return translated % {"num": n, "n": n, **values}


def create_app() -> Flask:
    app = Flask(__name__, static_folder=None, template_folder=str(WEB / "templates"))
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext, csrf_token=lambda: "gallery")
    app.jinja_env.auto_reload = True
    ui.register(app)
    headers.register(app)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=str(WEB / "static"), prefix="static/", autorefresh=True)  # type: ignore[method-assign]

    @app.get("/")
    def index() -> str:
        return "<!doctype html><title>Gallery</title>" + "".join(
            f'<p><a href="/{name}">{name}</a> <a href="/{name}?lang=ar">ar</a></p>' for name in PAGES
        )

    @app.get("/options")
    def options() -> Response:
        query = request.args.get("q", "").lower()
        names = [
            "Cedar Furniture House",
            "Blue Horizon Marine",
            "Petra Building Materials",
            "Falcon Auto Parts",
            "Zahra Textiles",
        ]
        return jsonify(
            [{"id": n, "label": name, "hint": f"C-{n:03}"} for n, name in enumerate(names, 1) if query in name.lower()]
        )

    @app.get("/<path:name>")
    def page(name: str) -> str | tuple[str, int]:
        if name not in PAGES:
            return "no such page", 404
        template, context = PAGES[name]
        theme = request.args.get("theme")
        values = {**shell_context(language()), **context(language())}
        if theme:
            values["theme"] = theme
        if brand := request.args.get("brand"):
            values["brand_css"] = f"/brand.css?hue={brand}"
        values["current"] = SimpleNamespace(**values["current"], language=language())
        return render_template(template, **values)

    @app.get("/brand.css")
    def brand() -> Response:
        return Response(ui.brand_stylesheet(float(request.args["hue"])), mimetype="text/css")

    @app.post("/language")
    def switch() -> Response:
        response = Response(status=303, headers={"Location": request.referrer or "/"})
        response.set_cookie("lang", request.form["language"])
        return response

    return app


if __name__ == "__main__":
    create_app().run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0, threaded=True)
