"""Which resource a page is about, and whether this person may do that there.

Every page of a resource begins with `find`; it must not look at the request's body.
"""

from __future__ import annotations

from diwan.db import current
from diwan.errors import NotFound
from diwan.kit.i18n import _
from diwan.resources import Resource, people


def find(plugin: str, name: str, action: str, *, picker: bool = False) -> Resource:
    """Return a resource that is on, for a person with the right. Raises NotFound or Denied.

    Colleagues have no screens here, but `picker`s choose them.
    """
    resource: Resource | None = current.lineup.resources.get(f"{plugin}.{name}")
    if resource is None or resource.part_of or (resource.key == people.KEY and not picker):
        raise NotFound(_("There is nothing at this address. It may have moved, or its module is switched off."))
    resource.require(action)
    return resource
