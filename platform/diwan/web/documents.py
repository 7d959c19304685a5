"""Records on paper: any record as a PDF, in the language that is asked for.

It must show what the person may read on the screen and nothing else.
"""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Flask, Response, request

from diwan.resources import store
from diwan.resources.printing import make_paper
from diwan.web.finding import find

pages = Blueprint("documents", __name__, url_prefix="/t/<slug>")


def register(app: Flask) -> None:
    """Add the documents of records."""
    app.register_blueprint(pages)


@pages.get("/<plugin>/<name>/<uuid:id>/documents/<key>.pdf")
def show(plugin: str, name: str, id: UUID, key: str, **_slug: str) -> Response:
    """Answer with a document of a record; `lang` chooses its language, `download=1` a file instead of a page."""
    resource = find(plugin, name, "read")
    paper = make_paper(resource, store.get(resource, id), key, request.args.get("lang", ""))
    way = "attachment" if request.args.get("download") else "inline"
    answer = Response(paper.pdf, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f"{way}; filename=\"{key}.pdf\"; filename*=UTF-8''{quote(paper.title)}.pdf"
    answer.headers["Cache-Control"] = "no-store"
    return answer
