"""The shapes in which the records of a resource are shown: a list, and what else its fields allow.

It must give every shape the same state, so that switching shows the same records.
"""

from __future__ import annotations

from collections.abc import Mapping

from diwan.web import lists
from diwan.web.shell import render
from diwan.web.state import ListState


def show(state: ListState, arguments: Mapping[str, str]) -> str:
    """Return the page of a resource in the shape that its address asks for."""
    resource = state.resource
    shown = lists.build(resource, arguments)
    return render("list.html", [(resource.labels, state.href)], list=shown)
