"""Saved views of a list: one's own, and those shared with everybody; and what a list needs to know of both at once.

It must not look into a definition: the list that reads it decides what still makes sense.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update

from diwan.db.base import now
from diwan.db.context import current
from diwan.db.direct import read_rows
from diwan.errors import Denied, Invalid, NotFound, Refuse, TooLarge
from diwan.kit.i18n import _
from diwan.preferences.models import SavedView

SHARE = "core.view.share"
ALL = "all"
"""The name, in addresses and preferences, of the list as it is without a view."""
MOST_VIEWS = 50
LONGEST_NAME = 60
MOST_BYTES = 20_000

PREFERENCE_SQL = """SELECT value FROM core.preference
    WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND key = %(key)s"""
VIEWS_SQL = """SELECT id, name, owner_id, shared, is_default, definition FROM core.saved_view
    WHERE tenant_id = %(tenant)s AND resource = %(resource)s AND (shared OR owner_id = %(user)s)
    ORDER BY position, created_at, id LIMIT 200"""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view as somebody who may use it sees it."""

    id: UUID
    name: str
    owner_id: UUID
    shared: bool
    is_default: bool
    definition: Mapping[str, Any]

    @property
    def mine(self) -> bool:
        return self.owner_id == current.user.id

    @property
    def changeable(self) -> bool:
        """Whether the person who acts may change it: one's own, and shared ones with the right to share."""
        return current.user.can(SHARE) if self.shared else self.mine


@dataclass(frozen=True, slots=True)
class Setup:
    """What a person has arranged for one list: columns, widths, the view to begin with; and the views there are."""

    chosen: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[View, ...] = ()

    def find(self, id: str) -> View | None:
        """Return a view by its id as text."""
        return next((view for view in self.views if str(view.id) == id), None)

    @property
    def default(self) -> View | None:
        """The view in which the list opens: the person's choice, else the one that is for everybody."""
        wanted = self.chosen.get("view")
        if wanted == ALL:
            return None
        mine = self.find(wanted) if isinstance(wanted, str) else None
        return mine or next((view for view in self.views if view.is_default and view.shared), None)


def preference_key(resource: str) -> str:
    """Return the key of a person's arrangement of a resource's list."""
    return f"list.{resource}"


def setup(resource: str) -> Setup:
    """Return a person's arrangement of a list, in one round trip."""
    values = {
        "tenant": current.tenant.id, "user": current.user.id, "resource": resource, "key": preference_key(resource)
    }  # fmt: skip
    chosen, views = read_rows((PREFERENCE_SQL, values), (VIEWS_SQL, values))
    found = chosen[0][0] if chosen else {}
    return Setup(found if isinstance(found, dict) else {}, tuple(View(*row) for row in views))


def get_view(resource: str, id: UUID, *, lock: bool = False) -> SavedView:
    """Return a view that the person who acts may see. Raises NotFound."""
    statement = select(SavedView).where(
        SavedView.tenant_id == current.tenant.id, SavedView.id == id, SavedView.resource == resource
    )
    view = current.session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if view is None or not (view.shared or view.owner_id == current.user.id):
        raise NotFound(_("There is no such view. Somebody may have removed it."))
    return view


def make_view(
    resource: str, name: str, definition: Mapping[str, Any], *, shared: bool = False, everybody: bool = False
) -> SavedView:
    """Save a view. `everybody`: a shared one in which the list opens for all who have not chosen another."""
    if current.user.id is None:
        raise Denied(_("Only people save views."))
    if shared:
        current.require(SHARE)
    there = select(SavedView.id).where(
        SavedView.tenant_id == current.tenant.id, SavedView.resource == resource, SavedView.owner_id == current.user.id
    )
    if len(current.session.execute(there).all()) >= MOST_VIEWS:
        raise Refuse(_("You have %(most)s views of this list; remove one first.", most=MOST_VIEWS))
    moment = now()
    view = SavedView(
        tenant_id=current.tenant.id, resource=resource, name=_named(name), owner_id=current.user.id, shared=shared,
        is_default=False, definition=_small(definition), created_at=moment, updated_at=moment,
    )  # fmt: skip
    current.session.add(view)
    current.session.flush()
    if everybody:
        _open_for_everybody(view)
    return view


def update_view(
    resource: str,
    id: UUID,
    *,
    name: str | None = None,
    definition: Mapping[str, Any] | None = None,
    shared: bool | None = None,
    everybody: bool | None = None,
) -> SavedView:
    """Change what is given of a view."""
    view = _changeable(resource, id)
    if shared is not None and shared != view.shared:
        current.require(SHARE)
        if view.owner_id != current.user.id:
            raise Refuse(_("Somebody else made this view; it stays shared until it is removed."))
        view.shared = shared
    if name is not None:
        view.name = _named(name)
    if definition is not None:
        view.definition = _small(definition)
    view.updated_at = now()
    current.session.flush()
    if everybody is not None and everybody != view.is_default:
        _open_for_everybody(view) if everybody else _close(view)
    if not view.shared:
        _close(view)
    return view


def delete_view(resource: str, id: UUID) -> str:
    """Remove a view; return its name."""
    view = _changeable(resource, id)
    name = view.name
    current.session.delete(view)
    current.session.flush()
    return name


def _changeable(resource: str, id: UUID) -> SavedView:
    view = get_view(resource, id, lock=True)
    if view.shared:
        current.require(SHARE)
    return view


def _open_for_everybody(view: SavedView) -> None:
    current.require(SHARE)
    if not view.shared:
        raise Invalid({"everybody": _("Only a shared view can be the first for everybody.")})
    others = update(SavedView.__table__).where(  # type: ignore[arg-type]
        SavedView.tenant_id == view.tenant_id, SavedView.resource == view.resource, SavedView.is_default
    )
    current.session.connection().execute(others.values(is_default=False))
    view.is_default = True
    current.session.flush()


def _close(view: SavedView) -> None:
    view.is_default = False
    current.session.flush()


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": _("Give the view a name.")})
    if len(name) > LONGEST_NAME:
        raise Invalid({"name": _("At most %(most)s characters.", most=LONGEST_NAME)})
    return name


def _small(definition: Mapping[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(definition)) > MOST_BYTES:
        raise TooLarge(_("This view is too long to be kept."))
    return dict(definition)
