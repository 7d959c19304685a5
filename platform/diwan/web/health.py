"""Whether this process is up (`/healthz`) and whether all that it needs is (`/readyz`).

Both answer without a session; they must tell nothing about tenants.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue

from diwan import jobs
from diwan.db.direct import fetch_row
from diwan.errors import DiwanError
from diwan.kernel import health as plugins

pages = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Add both addresses."""
    app.register_blueprint(pages)


@pages.get("/healthz")
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@pages.get("/readyz")
def ready() -> ResponseReturnValue:
    parts: dict[str, Any] = {"database": _database(), "queue": jobs.health(), "plugins": plugins.readiness()}
    ok = all(part.get("ok") for part in parts.values())
    return jsonify(status="ready" if ok else "not ready", **parts), 200 if ok else 503


def _database() -> dict[str, Any]:
    try:
        row = fetch_row("SELECT count(*) AS plugins FROM core.plugin", ())
    except DiwanError:
        return {"ok": False, "problem": "no answer"}
    except Exception:
        return {"ok": False, "problem": "not migrated"}
    return {"ok": row is not None}
