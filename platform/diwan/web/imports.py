"""The import wizard: upload, map, check, run, result, undo, for any resource.

It must only ask and show; files are read and rows decided in `diwan.imports`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, make_response, redirect, request, send_file
from flask.typing import ResponseReturnValue

from diwan.db import current
from diwan.errors import DiwanError, Invalid, NotFound
from diwan.imports import service
from diwan.imports.models import ImportRun
from diwan.imports.reading import MAX_BYTES
from diwan.kit.i18n import _
from diwan.resources import Resource
from diwan.web import import_views as views
from diwan.web.cells import record_base
from diwan.web.finding import find
from diwan.web.shell import render, tell

pages = Blueprint("imports", __name__, url_prefix="/t/<slug>/<plugin>/<name>/import")
RUN = "/<uuid:id>"
CSV = "text/csv; charset=utf-8"


def register(app: Flask) -> None:
    """Add the wizard; its addresses lie below those of the resource."""
    app.register_blueprint(pages)


@pages.route("", methods=["GET", "POST"])
def upload(plugin: str, name: str, **_slug: str) -> ResponseReturnValue:
    resource = find(plugin, name, "import")
    if request.method == "GET":
        return _show_upload(resource)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _show_upload(resource, _("Choose a file first.")), 422
    try:
        run = service.start(resource, sent.stream, sent.filename, sent.mimetype)
    except DiwanError as error:
        current.session.rollback()
        return _show_upload(resource, error.message), error.status
    return redirect(address(run), 303)


@pages.route(RUN, methods=["GET", "POST"])
def mapping(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, run = _opened(plugin, name, id, lock=request.method == "POST")
    if run.state not in service.MAPPABLE:
        return redirect(_place(run), 303)
    if request.method == "GET":
        return _show_mapping(resource, run)
    table = service.read(run)
    form = request.form
    columns = {column: form.get(f"column-{index}", "") for index, column in enumerate(table.columns)}
    match, _colon, mode = form.get("match", "").rpartition(":")
    defaults = {field: form.getlist(f"all-{field}") for field in views.settable(resource)}
    one = {f: v if resource.fields[f].kind.name == "choices" else v[0] for f, v in defaults.items() if v}
    try:
        service.set_mapping(run, columns, defaults=one, match_field=match, mode=mode)
        service.begin_check(run)
    except Invalid as error:
        current.session.rollback()
        return _show_mapping(resource, service.get_run(id), error, columns, one, form.get("match", "")), error.status
    return redirect(f"{address(run)}/check", 303)


@pages.post(f"{RUN}/format")
def set_format(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, run = _opened(plugin, name, id, lock=True)
    form = request.form
    try:
        service.set_format(
            run, encoding=form.get("encoding", ""), delimiter=form.get("delimiter", ""), sheet=form.get("sheet", "")
        )
    except DiwanError as error:
        current.session.rollback()
        return _show_mapping(resource, service.get_run(id), error), error.status
    return redirect(address(run), 303)


@pages.route(f"{RUN}/check", methods=["GET", "POST"])
def check(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, run = _opened(plugin, name, id, lock=request.method == "POST")
    if request.method == "POST":
        service.begin(run)
        return redirect(f"{address(run)}/run", 303)
    if run.state not in ("checking", "checked"):
        return _go(_place(run))
    shown = views.check(run, address(run))
    return render("import/check.html", _crumbs(resource), wizard=_wizard(resource), check=shown)


@pages.get(f"{RUN}/run")
def progress(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, run = _opened(plugin, name, id)
    if run.state not in ("queued", "running", "undoing"):
        return _go(_place(run))
    return render("import/run.html", _crumbs(resource), wizard=_wizard(resource), run=views.progress(run, address(run)))


@pages.get(f"{RUN}/result")
def result(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, run = _opened(plugin, name, id)
    if run.state not in ("done", "failed", "stopped", "undone"):
        return _go(_place(run))
    shown = views.result(run, address(run))
    return render("import/result.html", _crumbs(resource), wizard=_wizard(resource), result=shown)


@pages.post(f"{RUN}/<any(stop, resume, undo):verb>")
def steer(plugin: str, name: str, id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    _resource, run = _opened(plugin, name, id, lock=True)
    try:
        {"stop": service.stop, "resume": service.resume, "undo": service.begin_undo}[verb](run)
    except DiwanError as error:
        current.session.rollback()
        tell("warn", error.message)
        run = service.get_run(id)
    return redirect(_place(run), 303)


@pages.get(f"{RUN}/failed.csv")
def failed(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    _resource, run = _opened(plugin, name, id)
    response: Response = send_file(
        views.failed_file(run), CSV, as_attachment=True, download_name=f"{run.file_name.rpartition('.')[0]}-failed.csv"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def address(run: ImportRun) -> str:
    """Return where a run's pages are."""
    return f"{record_base(run.resource)}/import/{run.id}"


def _place(run: ImportRun) -> str:
    """The page that fits the state of a run."""
    if run.state in service.MAPPABLE - {"checked"}:
        return address(run)
    if run.state in ("checking", "checked"):
        return f"{address(run)}/check"
    return f"{address(run)}/{'run' if run.state in service.BUSY else 'result'}"


def _go(href: str) -> ResponseReturnValue:
    """Send the whole window elsewhere, also when only a part of a page was asked for."""
    if request.headers.get("HX-Request") == "true":
        response = make_response("", 200)
        response.headers["HX-Redirect"] = href
        return response
    return redirect(href, 303)


def _opened(plugin: str, name: str, id: UUID, *, lock: bool = False) -> tuple[Resource, ImportRun]:
    resource = find(plugin, name, "import")
    run = service.get_run(id, lock=lock)
    if run.resource != resource.key:
        raise NotFound(_("There is no such import."))
    return resource, run


def _wizard(resource: Resource) -> dict[str, Any]:
    return {"title": _("Import: %(labels)s", labels=resource.labels), "cancel_href": record_base(resource.key)}


def _crumbs(resource: Resource) -> list[tuple[Any, str]]:
    base = record_base(resource.key)
    return [(resource.labels, base), (_("Import"), f"{base}/import")]


def _show_upload(resource: Resource, error: object = "") -> str:
    shown = {
        "action": f"{record_base(resource.key)}/import",
        "accept": ".csv,.tsv,.txt,.xlsx,.xlsm",
        "limit": MAX_BYTES,
        "limit_text": _("%(size)s MB", size=MAX_BYTES // 2**20),
        "error": error,
        "recent": [views.recent(run, _place(run)) for run in service.recent_runs(resource)],
    }
    return render("import/upload.html", _crumbs(resource), wizard=_wizard(resource), upload=shown)


def _show_mapping(
    resource: Resource, run: ImportRun, error: DiwanError | None = None, columns: dict[str, str] | None = None,
    defaults: dict[str, Any] | None = None, match: str = "",
) -> str:  # fmt: skip
    errors = error.errors if isinstance(error, Invalid) else {"": error.message} if error else {}
    shown = views.mapping(
        resource, run, address(run), errors=errors, columns=run.columns if columns is None else columns,
        defaults=run.defaults if defaults is None else defaults,
        match=match or f"{run.match_field}:{run.mode}", back_href=f"{record_base(resource.key)}/import",
    )  # fmt: skip
    return render("import/map.html", _crumbs(resource), wizard=_wizard(resource), mapping=shown)
