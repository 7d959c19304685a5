"""The first page of the console: does everything work; and the modules with the reasons of those that do not.

It must answer also while the queue or a plugin does not.
"""

from __future__ import annotations

import platform
from datetime import timedelta
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from diwan import __version__, jobs
from diwan.db import current
from diwan.db.base import now
from diwan.kernel import deploy, health
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _, ngettext
from diwan.operators import console, support
from diwan.web.operator.frame import clock, show, size

OLD = 300
"""Seconds after which a job that waits is a problem."""
FRESH = timedelta(days=30)
TONES = {"ready": "ok", "missing": "mute", "blocked": "warn", "unmigrated": "warn"}


def bind(pages: Blueprint) -> None:
    """Add the pages."""
    pages.get("")(index)
    pages.get("/modules")(modules)


def index() -> ResponseReturnValue:
    queue = jobs.health()  # first: it ends the transaction that is open
    moment = now()
    plugins = installed()
    stopped = [entry for entry in plugins.values() if entry.state != "ready"]
    groups = console.jobs()
    parked = sum(group.jobs for group in groups if group.state == "parked")
    totals = console.totals(moment - FRESH)
    checks = [*_servers(queue), *_work(queue, moment), _tables(), _plugins(stopped, len(plugins))]
    return show(
        "operator/overview.html",
        [(_("Overview"), "")],
        stats=[
            {"label": _("Businesses"), "value": totals.all, "icon": "building-store", "href": "/operator/businesses",
             "note": ngettext("%(n)s new in 30 days", "%(n)s new in 30 days", totals.fresh)},
            {"label": _("Suspended"), "value": totals.suspended, "icon": "player-pause",
             "href": "/operator/businesses?state=suspended"},
            {"label": _("Waiting jobs"), "value": sum(g.jobs for g in groups if g.state == "ready"),
             "icon": "list-check", "href": "/operator/jobs"},
            {"label": _("Parked jobs"), "value": parked, "icon": "alert-triangle", "href": "/operator/jobs",
             "tone": "tone-bad" if parked else None},
        ],
        checks=sorted(checks, key=lambda check: bool(check["ok"])),
        grants=[
            {
                "business": grant.tenant_name, "href": f"/operator/businesses/{grant.tenant_id}",
                "open_href": f"/t/{grant.slug}" if grant.mine else None, "level": support.LEVELS[grant.level],
                "reason": grant.reason, "until": clock(grant.expires_at),
            }
            for grant in console.grants()
        ],
        versions=_versions(),
    )  # fmt: skip


def modules() -> ResponseReturnValue:
    shown = [
        {
            "label": entry.label,
            "name": entry.name,
            "version": entry.version,
            "state": health.STATES[entry.state],
            "tone": TONES.get(entry.state, "bad"),
            "problems": entry.problems,
        }
        for entry in sorted(installed().values(), key=lambda entry: (entry.state == "ready", entry.name))
    ]
    own = [
        {"name": check.name, "ok": check.ok, "text": check.text, "module": check.plugin}
        for check in health.report()
        if check.plugin and not _is_state(check)
    ]
    return show("operator/modules.html", [(_("Modules"), "")], modules=shown,
                checks=sorted(own, key=lambda check: bool(check["ok"])))  # fmt: skip


def _is_state(check: Any) -> bool:
    entry = installed().get(check.plugin)
    return entry is not None and check.name == entry.label


def _check(name: object, text: object, *, ok: bool) -> dict[str, Any]:
    return {"name": name, "ok": ok, "text": text}


def _servers(queue: dict[str, Any]) -> list[dict[str, Any]]:
    server = console.server()
    reached = bool(queue["queue"])
    return [
        _check(_("PostgreSQL"), _("%(version)s · %(size)s of data", version=server.version, size=size(server.bytes)),
               ok=True),
        _check(_("Valkey"), _("It answers") if reached else
               _("It does not answer: jobs wait in the database until it does"), ok=reached),
    ]  # fmt: skip


def _work(queue: dict[str, Any], moment: Any) -> list[dict[str, Any]]:
    oldest, workers = queue["oldest_seconds"] or 0, queue["workers"]
    leases = console.leases()
    leading = [lease for lease in leases if lease.until > moment]
    waited = (
        ngettext("The oldest waits for %(n)s second", "The oldest waits for %(n)s seconds", int(oldest))
        if oldest
        else _("Nothing waits")
    )
    return [
        _check(_("Workers"), ngettext("%(n)s at work or ready", "%(n)s at work or ready", workers) if workers else
               _("None is running: start `diwan worker`"), ok=bool(workers)),
        _check(_("Scheduler"), _("%(holder)s leads", holder=leading[0].holder) if leading else
               _("None leads: start `diwan scheduler`"), ok=bool(leading)),
        _check(_("Queue"), waited, ok=oldest < OLD),
    ]  # fmt: skip


def _tables() -> dict[str, Any]:
    current_ = deploy.core_is_current(current.session)
    text = _("All tables are those of this version") if current_ else _("Older than this version: run `diwan migrate`")
    return _check(_("Database structure"), text, ok=current_)


def _plugins(stopped: list[Any], total: int) -> dict[str, Any]:
    text = (
        ngettext("%(n)s of %(total)s does not work", "%(n)s of %(total)s do not work", len(stopped), total=total)
        if stopped else _("All work")
    )  # fmt: skip
    return {**_check(_("Modules"), text, ok=not stopped), "href": "/operator/modules"}


def _versions() -> list[dict[str, Any]]:
    return [
        {"label": "Diwan", "value": __version__},
        {"label": "Python", "value": platform.python_version()},
        {"label": "PostgreSQL", "value": console.server().version},
        *({"label": entry.name, "value": entry.version} for entry in installed().values() if entry.version),
    ]
