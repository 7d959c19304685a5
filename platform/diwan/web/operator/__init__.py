"""The operator's console: health, businesses, jobs and modules of the whole installation, and the log of operators.

It must show no tenant's data, and answer everybody who is no operator like any unknown address.
"""

from __future__ import annotations

from flask import Flask

from diwan.web.operator import businesses, jobs, log, overview
from diwan.web.operator.frame import pages

# Once, when this is imported: a process may make several applications of the same blueprint.
for part in (overview, businesses, jobs, log):
    part.bind(pages)


def register(app: Flask) -> None:
    """Bind the pages."""
    app.register_blueprint(pages)
