"""The pages that plugins bring (`@plugin.page`), at `/t/<tenant>/<plugin><rule>`, inside the shell.

A page of a plugin that is off is not there; one without the right is refused before its code runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import NotFound
from diwan.kernel import guard
from diwan.kernel.contribution import Contribution
from diwan.kit.i18n import _


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


def _view(contribution: Contribution) -> Callable[..., ResponseReturnValue]:
    def view(slug: str, **arguments: Any) -> ResponseReturnValue:
        if current.lineup.find("page", contribution.key) is None:
            raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
        current.require(contribution.permission)
        answer: ResponseReturnValue = guard.call(contribution, **arguments)
        return answer

    return view
