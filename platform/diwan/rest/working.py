"""Jobs over the API: `GET /api/v1/jobs/<id>` tells how work stands that a request of this person began.

It must tell nothing of the jobs of others.
"""

from __future__ import annotations

from uuid import UUID

from flask import Response

from diwan import jobs
from diwan.db import current, unit_of_work
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.rest import schemas
from diwan.rest.reading import check_parameters
from diwan.rest.records import reply, routes
from diwan.rest.schemas import Schema

STATES = {"ready": "waiting", "leased": "running", "done": "done", "parked": "failed", "cancelled": "cancelled"}
"""How the API calls the states of the outbox."""
NUMBER: Schema = {"type": "integer", "minimum": 0}
JOB: Schema = {
    "type": "object",
    "required": ["id", "state", "attempts", "done", "total", "message", "error", "created_at", "finished_at"],
    "additionalProperties": False,
    "properties": {
        "id": schemas.UUID_TEXT, "state": {"type": "string", "enum": [*STATES.values()]}, "attempts": NUMBER,
        "done": NUMBER, "total": NUMBER, "message": {"type": "string"}, "error": {"type": "string"},
        "created_at": schemas.MOMENT, "finished_at": {**schemas.MOMENT, "type": ["string", "null"]},
    },
}  # fmt: skip


@routes.get("/jobs/<id>")
def job(id: str) -> Response:
    """Return how a job stands. Raises NotFound for one that another person began."""
    check_parameters()
    with unit_of_work():
        try:
            found = jobs.status(UUID(id))
        except ValueError:
            found = None
        if found is None or found.principal is None or found.principal != current.user.principal:
            raise NotFound(_("There is no such job, or it finished weeks ago."))
    return reply(
        {
            "id": found.id, "state": STATES[found.state], "attempts": found.attempts, "done": found.done,
            "total": found.total, "message": found.message, "error": found.error or "",
            "created_at": found.created_at, "finished_at": found.finished_at,
        }
    )  # fmt: skip
