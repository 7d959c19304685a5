"""The pages that plugins bring (`@plugin.page`), at `/t/<tenant>/<plugin><rule>`, inside the shell.

A page of a plugin that is off is not there; one without the right is refused before its code runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

from diwan.db import current
from diwan.errors import NotFound
from diwan.kernel import faces, guard
from diwan.kernel.catalogue import installed
from diwan.kernel.contribution import Contribution
from diwan.kit.i18n import _
from diwan.web.shell import render


def register(app: Flask) -> None:
    """Add one route for each page of each installed plugin; which of them answer depends on the tenant's lineup."""
    pages = Blueprint("plugin_pages", __name__, url_prefix="/t/<slug>")
    for contribution in app.extensions["diwan.plugins"].contributions:
        if contribution.kind == "page":
            options = contribution.options
            pages.add_url_rule(
                f"/{contribution.plugin}{options['rule']}",
                endpoint=contribution.key.replace(".", "_"),
                view_func=_view(contribution),
                methods=options["methods"],
            )
    app.register_blueprint(pages)
    folders = {
        name: FileSystemLoader(entry.folder / "templates")
        for name, entry in app.extensions["diwan.plugins"].items()
        if entry.folder is not None
    }
    own = app.jinja_loader
    app.jinja_env.loader = ChoiceLoader([*([own] if own else []), PrefixLoader(folders)])
    faces.give("render", _render)


def _render(template: str, **context: Any) -> str:
    """Return a plugin's page inside the shell; `_` in its template finds the plugin's texts, then ours."""
    found = installed().get(template.partition("/")[0])
    if found is None or found.plugin is None:
        raise ValueError(f"{template}: name a template as <plugin>/<file>, such as loans/board.html")
    own = found.plugin.gettext

    def gettext(text: str, **values: Any) -> Any:
        translate = own if str(own(text)) != text else _
        return translate(text, **values)

    title = context.get("title") or found.label
    return render(template, [(title, "")], **{"title": title, "_": gettext, **context})


def _view(contribution: Contribution) -> Callable[..., ResponseReturnValue]:
    def view(slug: str, **arguments: Any) -> ResponseReturnValue:
        if current.lineup.find("page", contribution.key) is None:
            raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
        current.require(contribution.permission)
        answer: ResponseReturnValue = guard.call(contribution, **arguments)
        return answer

    return view
