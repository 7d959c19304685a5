"""The REST face: `/api/v1/<plugin>/<resource>`, derived from declarations, for programs with a token.

It must not hold rules; it reads requests, calls the resource layer and writes JSON.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the API's routes to the application."""
    from diwan.rest import actions, around, edge, explaining, log, openapi, printing, records, teams, working  # noqa: F401  (their routes register on import)

    edge.register(app)
