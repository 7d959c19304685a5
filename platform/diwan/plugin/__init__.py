"""Public: the whole API for plugin authors. Everything outside this, `diwan.services` and `diwan.testing` is private.

Re-exports only: nothing is defined here. `api.txt` beside it is the promise; a test holds the two together.
"""

from __future__ import annotations

from sqlalchemy.orm import Mapped, relationship

from diwan.db.clock import today
from diwan.db.context import current
from diwan.errors import DiwanError, Invalid, NotFound, Refuse
from diwan.events import Created, Creating, Deleted, Deleting, Event, Updated, Updating, emit
from diwan.kernel.faces import progress, render
from diwan.kernel.manifest import API
from diwan.kernel.plugin import Plugin
from diwan.kernel.results import Chart, Check, Rows, Stat
from diwan.outgoing import CallRefused, Reply, Unreachable, fetch
from diwan.resources import Section, field
from diwan.resources.actions import act
from diwan.resources.acts import Derived, Lifecycle, State, Status, Transition
from diwan.resources.model import Model
from diwan.resources.reach import me
from diwan.services import Service, use

__all__ = [
    "API",
    "CallRefused",
    "Chart",
    "Check",
    "Created",
    "Creating",
    "Deleted",
    "Deleting",
    "Derived",
    "DiwanError",
    "Event",
    "Invalid",
    "Lifecycle",
    "Mapped",
    "Model",
    "NotFound",
    "Plugin",
    "Refuse",
    "Reply",
    "Rows",
    "Section",
    "Service",
    "Stat",
    "State",
    "Status",
    "Transition",
    "Unreachable",
    "Updated",
    "Updating",
    "act",
    "current",
    "emit",
    "fetch",
    "field",
    "me",
    "progress",
    "relationship",
    "render",
    "today",
    "use",
]
