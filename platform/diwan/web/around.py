"""What stands around a record: star, tags, related records, tasks, files, comments and history, in one fragment.

It must work as a page of its own without JavaScript; each act answers with the fragment, or with that page.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import orjson
from flask import Blueprint, Flask, Response, current_app, redirect, request, send_file
from flask.typing import ResponseReturnValue

from diwan import collaboration, files
from diwan.collaboration.comments import Said
from diwan.db import current
from diwan.errors import Denied, DiwanError, Invalid, NotFound
from diwan.files import types
from diwan.kit.i18n import _, listed, ngettext
from diwan.resources import Resource, store
from diwan.resources.values import title_text
from diwan.web import around_view
from diwan.web.cells import record_base
from diwan.web.finding import find
from diwan.web.shell import render, tell
from diwan.web.when import moment_of

pages = Blueprint("around", __name__, url_prefix="/t/<slug>")
RECORD = "/<plugin>/<name>/<uuid:id>/around"


def register(app: Flask) -> None:
    """Add the routes."""
    app.register_blueprint(pages)


@pages.get(RECORD)
def show(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    collaboration.visit(resource, id)
    return _answer(resource, id, title)


@pages.get(f"{RECORD}/activity")
def activity(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    if not _asked_by_htmx():
        return _answer(resource, id, title)
    return render("around/activity.html", around=around_view.activity(resource, id, request.args))


@pages.get(f"{RECORD}/people")
def people(plugin: str, name: str, id: UUID, **_slug: str) -> Response:
    """Answer the composer: whom one can mention, by what was typed behind the @."""
    resource, _title = _open(plugin, name, id, "read")
    found = collaboration.suggest(resource, id, request.args.get("q", "")[:80])
    items = [{"id": str(person.id), "name": person.name, "email": person.email} for person in found]
    return Response(orjson.dumps({"items": items}), content_type="application/json")


@pages.post(f"{RECORD}/comments")
def comment(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    body = request.form.get("body", "")

    def act() -> object:
        return _untold(collaboration.add_comment(resource, id, title, body, _ids(request.form.getlist("mention"))))

    return _act(resource, id, title, act, typed=body)


@pages.post(f"{RECORD}/comments/<uuid:comment_id>")
def edit_comment(plugin: str, name: str, id: UUID, comment_id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    text = request.form.get("body", "")

    def act() -> object:
        mentions = _ids(request.form.getlist("mention"))
        return _untold(collaboration.edit_comment(resource, id, comment_id, title, text, mentions))

    return _act(resource, id, title, act)


def _untold(said: Said) -> str | None:
    """Who was mentioned in vain, in words."""
    if not said.without_right:
        return None
    return ngettext(
        "%(names)s may not see this record and was not told.",
        "%(names)s may not see this record and were not told.",
        len(said.without_right), names=listed(said.without_right),
    )  # fmt: skip


@pages.post(f"{RECORD}/comments/<uuid:comment_id>/delete")
def delete_comment(plugin: str, name: str, id: UUID, comment_id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    return _act(resource, id, title, lambda: collaboration.delete_comment(resource, id, comment_id))


@pages.post(f"{RECORD}/<any(follow, unfollow, star, unstar):verb>")
def mark(plugin: str, name: str, id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    acts: dict[str, Callable[[], None]] = {
        "follow": lambda: collaboration.follow(resource, id, [current.user.id]),
        "unfollow": lambda: collaboration.unfollow(resource, id),
        "star": lambda: collaboration.star(resource, id),
        "unstar": lambda: collaboration.unstar(resource, id),
    }
    return _act(resource, id, title, acts[verb])


@pages.post(f"{RECORD}/tags")
def add_tag(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "update")
    typed = request.form.get("tag", "")
    return _act(resource, id, title, lambda: collaboration.add_tag(resource, id, title, typed))


@pages.post(f"{RECORD}/tags/<uuid:tag_id>/remove")
def remove_tag(plugin: str, name: str, id: UUID, tag_id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "update")
    return _act(resource, id, title, lambda: collaboration.remove_tag(resource, id, title, tag_id))


@pages.post(f"{RECORD}/tags/<uuid:tag_id>/tone")
def colour_tag(plugin: str, name: str, id: UUID, tag_id: UUID, **_slug: str) -> ResponseReturnValue:
    """Choose the colour of a tag that the record has; it is the same wherever the tag is."""
    resource, title = _open(plugin, name, id, "update")
    if tag_id not in {mark.id for mark in collaboration.tags_for(resource.key, [id]).get(id, ())}:
        raise NotFound(_("This tag is no longer there."))
    return _act(resource, id, title, lambda: collaboration.set_tone(tag_id, request.form.get("tone", "")))


@pages.post(f"{RECORD}/tasks")
def add_task(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    form = request.form

    def act() -> None:
        assignee = _ids([form.get("assignee", "")])
        collaboration.create_task(
            form.get("title", ""), resource=resource, record_id=id, record_title=title,
            assignee_id=assignee[0] if assignee else None, due_at=moment_of(form.get("due", ""), "due"),
            remind_at=moment_of(form.get("remind", ""), "remind"), note=form.get("note", ""),
        )  # fmt: skip

    return _act(resource, id, title, act)


@pages.post(f"{RECORD}/tasks/<uuid:task_id>/<any(done, open):verb>")
def settle_task(plugin: str, name: str, id: UUID, task_id: UUID, verb: str, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "read")
    if task_id not in {task.id for task in collaboration.tasks_of(resource, id)}:
        raise NotFound(_("This task is no longer there."))
    return _act(resource, id, title, lambda: collaboration.complete_task(task_id, done=verb == "done"))


@pages.post(f"{RECORD}/files")
def attach(plugin: str, name: str, id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "update")

    def act() -> None:
        sent = [file for file in request.files.getlist("file") if file.filename]
        if not sent:
            raise Invalid({"file": _("Choose a file.")})
        limit = current_app.config["DIWAN"].upload_limit
        for file in sent:
            collaboration.attach(resource, id, title, file.stream, file.filename or "", limit=limit)

    return _act(resource, id, title, act)


@pages.get(f"{RECORD}/files/<uuid:file_id>")
def read_file(plugin: str, name: str, id: UUID, file_id: UUID, **_slug: str) -> Response:
    """Send a file as a download. `?show=1` shows a picture or a PDF in its place."""
    resource, _title = _open(plugin, name, id, "read")
    found = collaboration.find_attachment(resource, id, file_id)
    shown = found.previews and bool(request.args.get("show"))
    answer = send_file(
        files.path_of(found.file_id), mimetype=found.mime if shown else types.BINARY, as_attachment=not shown,
        download_name=found.name, max_age=0,
    )  # fmt: skip
    answer.headers["X-Content-Type-Options"] = "nosniff"
    pdf = found.mime == "application/pdf"  # a browser's own reader does not work inside a sandbox
    answer.headers["Content-Security-Policy"] = "default-src 'none'" if pdf else "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@pages.post(f"{RECORD}/files/<uuid:file_id>/delete")
def detach(plugin: str, name: str, id: UUID, file_id: UUID, **_slug: str) -> ResponseReturnValue:
    resource, title = _open(plugin, name, id, "update")
    return _act(resource, id, title, lambda: collaboration.detach(resource, id, title, file_id))


def _open(plugin: str, name: str, id: UUID, right: str) -> tuple[Resource, str]:
    """The resource and the record's title, for a person with the right. Raises NotFound or Denied."""
    resource = find(plugin, name, "read")
    if right != "read":
        resource.require(right)
    record = store.get(resource, id, action=right)
    return resource, title_text(resource, {resource.title: getattr(record, resource.title)}, current.language)


def _act(resource: Resource, id: UUID, title: str, act: Callable[[], object], typed: str = "") -> ResponseReturnValue:
    """Do something and answer with what the record looks like now; an error keeps what was typed."""
    try:
        answer = act()
        said = answer if isinstance(answer, str) else None
    except (Denied, NotFound):
        raise
    except DiwanError as error:
        current.session.rollback()
        text = listed(error.errors.values()) if isinstance(error, Invalid) else error.message
        return _answer(resource, id, title, ("bad", text), typed), 200 if _asked_by_htmx() else error.status
    if _asked_by_htmx():
        return _answer(resource, id, title, ("warn", said) if said else None)
    if said:
        tell("warn", said)
    return redirect(f"{record_base(resource.key)}/{id}/around", 303)


def _answer(resource: Resource, id: UUID, title: str, note: tuple[str, object] | None = None, typed: str = "") -> str:
    shown = around_view.build(resource, id, request.args)
    shown |= {"note": {"tone": note[0], "text": note[1]} if note else None, "typed": typed, "title": title}
    base = record_base(resource.key)
    crumbs = [(resource.labels, base), (title, f"{base}/{id}"), (_("Activity"), request.path)]
    return render("around/page.html", crumbs, around=shown, partial=_asked_by_htmx())


def _asked_by_htmx() -> bool:
    return "HX-Request" in request.headers


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        if text:
            try:
                found.append(UUID(text))
            except ValueError:
                raise Invalid({"person": _("Choose somebody from the list.")}) from None
    return found
