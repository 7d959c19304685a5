"""The reference of the API, for those who write programs: what this business has, with examples to copy and to try.

It must show only resources that the person may read, and send no request in their name: trying needs their token.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import NotFound
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.rest.openapi import document
from diwan.rest.records import reply
from diwan.rest.reference import operations_of, place_of
from diwan.web.shell import home, render

pages = Blueprint("api_reference", __name__, url_prefix="/t/<slug>/api")


def register(app: Flask) -> None:
    """Bind the pages."""
    app.register_blueprint(pages)


@pages.get("")
def index(**_slug: str) -> ResponseReturnValue:
    found = _readable()
    wanted = request.args.get("resource", "")
    resource = found.get(wanted) if wanted else next(iter(found.values()), None)
    if wanted and resource is None:
        raise NotFound(_("There is no resource %(key)s here.", key=wanted[:120]))
    base = f"{home()}/api"
    rate = current_app.config["DIWAN"].api_rate
    shown = {
        "modules": [
            (_module(name), [(r.labels, f"{base}?resource={r.key}", r is resource) for r in mine])
            for name, mine in _by_plugin(found).items()
        ],
        "resource": resource,
        "operations": operations_of(resource, _address()) if resource is not None else [],
        "place_of": place_of,
        "address": f"{_address()}/api/v1",
        "rate": rate,
        "specification_href": f"{base}/openapi.json",
        "tokens_href": f"{home()}/tokens" if current.user.can("core.token.manage") else "",
    }
    return render("api_reference.html", [(_("API reference"), base)], api=shown)


@pages.get("/openapi.json")
def specification(**_slug: str) -> Response:
    """The specification as a file, for those who are signed in."""
    response = reply(document(_readable().values()))
    response.headers["Content-Disposition"] = f'attachment; filename="diwan-{current.tenant.slug}-openapi.json"'
    return response


def _readable() -> dict[str, Resource]:
    resources = current.lineup.resources.values()
    return {r.key: r for r in resources if not r.part_of and r.may("read")}


def _by_plugin(found: dict[str, Resource]) -> dict[str, list[Resource]]:
    grouped: dict[str, list[Resource]] = {}
    for resource in found.values():
        grouped.setdefault(resource.plugin, []).append(resource)
    return grouped


def _module(name: str) -> str:
    """The heading of a module's resources; colleagues are of none."""
    entry = installed().get(name)
    return str(entry.label if entry is not None else _("People"))


def _address() -> str:
    return str(current_app.config["DIWAN"].base_url) or request.host_url.rstrip("/")
