"""Whether this process is up (`/healthz`) and whether all that it needs is (`/readyz`).

Both answer without a session; they must tell nothing about tenants.
"""

from __future__ import annotations

from typing import Any

import psycopg
from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from diwan import jobs
from diwan.db import unit_of_work
from diwan.kernel import deploy
from diwan.kernel.catalogue import installed

pages = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Add both addresses."""
    app.register_blueprint(pages)


@pages.get("/healthz")
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@pages.get("/readyz")
def ready() -> ResponseReturnValue:
    parts: dict[str, Any] = {**_database_and_plugins(), "queue": jobs.health()}
    ok = all(part["ok"] for part in parts.values())
    return jsonify(status="ready" if ok else "not ready", **parts), 200 if ok else 503


def _database_and_plugins() -> dict[str, Any]:
    """Compare the database with the installed code. A plugin that is stopped is named but stops nobody else."""
    try:
        with unit_of_work() as session:
            current = deploy.core_is_current(session)
            plugins = deploy.refresh(session) if current else installed()
    except (SQLAlchemyError, psycopg.Error):
        return {"database": {"ok": False, "problem": "no answer"}}
    states = {entry.name: entry.state for entry in plugins.values()}
    return {
        "database": {"ok": current, **({} if current else {"problem": "not migrated"})},
        "plugins": {"ok": "unmigrated" not in states.values(), "states": states},
    }
