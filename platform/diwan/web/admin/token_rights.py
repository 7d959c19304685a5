"""What a token may do: offered by module, read from a form, told in words.

It must offer no more than the person who chooses may do; `users.tokens` and `open_token` hold the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from diwan.access.permissions import PERMISSIONS, covers_all
from diwan.db import current
from diwan.errors import Invalid
from diwan.kernel.catalogue import installed
from diwan.kit.i18n import _, ngettext
from diwan.web.admin.roles import permission_label

ALL, READ, CHOSEN = "all", "read", "chosen"
EVERYTHING = ["*"]
SHOWN = 3
"""So many permissions are told in a list; the rest is a number."""


def read_form(form: MultiDict[str, str]) -> list[str]:
    """Return the grants that a form asks for. Raises Invalid."""
    scope = form.get("scope", "")
    if scope == ALL:
        return EVERYTHING
    if scope == READ:
        return [key for key in _offered() if key.endswith(".read")]
    wanted = form.getlist("grants") if scope == CHOSEN else []
    offered = {*_offered(), *(f"{name}.*" for name in current.lineup.plugins)}
    if not wanted or not offered.issuperset(wanted):
        raise Invalid({"grants": _("Choose at least one permission.")})
    return wanted


def scopes(*, service: bool) -> list[tuple[str, object]]:
    """Return the three ways to choose."""
    found: list[tuple[str, object]] = [(READ, _("Only reading")), (CHOSEN, _("What I choose"))]
    if not service:
        return [(ALL, _("Whatever I may do")), *found]
    return [*found, (ALL, _("Everything"))] if covers_all(current.user.grants, EVERYTHING) else found


def groups(chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return the permissions by module, with those that are chosen."""
    offered = _offered()
    found = []
    for name in current.lineup.plugins:
        keys = [key for key in offered if key.startswith(f"{name}.")]
        whole = f"{name}.*"
        if covers_all(current.user.grants, [whole]):
            keys = [whole, *keys]
        if keys:
            found.append(_group(name, installed()[name].label, keys, chosen))
    if core := [key for key in offered if key in PERMISSIONS]:
        found.append(_group("core", _("Administration"), core, chosen))
    return found


def told(grants: Sequence[str], *, service: bool) -> dict[str, Any]:
    """Return rights in words: a line, and all of them where the line leaves some out."""
    if list(grants) == EVERYTHING:
        return {"short": _("Everything") if service else _("Whatever its person may do"), "all": []}
    if all(grant.endswith(".read") for grant in grants):
        short: object = _("Only reading")
    else:
        labels = [str(permission_label(grant)) for grant in grants[:SHOWN]]
        rest = len(grants) - SHOWN
        more = [ngettext("%(n)d more", "%(n)d more", rest)] if rest > 0 else []
        short = " · ".join([*labels, *more])
    return {"short": short, "all": [str(permission_label(grant)) for grant in grants] if len(grants) > SHOWN else []}


def _offered() -> list[str]:
    """Return the permissions that the actor holds without any restriction."""
    keys: Iterable[str] = {*PERMISSIONS, *current.lineup.permissions}
    return sorted(key for key in keys if current.user.can(key) and covers_all(current.user.grants, [key]))


def _group(name: str, label: object, keys: Sequence[str], chosen: Sequence[str]) -> dict[str, Any]:
    return {
        "id": f"f-grants-{name}", "name": "grants", "kind": "choices", "label": label, "value": chosen, "wide": True,
        "open": any(key in chosen for key in keys), "count": len(keys),
        "choices": [{"value": key, "label": permission_label(key)} for key in keys],
    }  # fmt: skip
