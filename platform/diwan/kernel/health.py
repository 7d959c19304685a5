"""How the plugins of this process are: their states, open breakers, and what they say of themselves.

It must answer also when a plugin's code does not.
"""

from __future__ import annotations

from diwan.db import current
from diwan.errors import DiwanError
from diwan.kernel import guard
from diwan.kernel.catalogue import Plugins, installed
from diwan.kernel.results import Check
from diwan.kit.i18n import _

STATES = {
    "ready": _("Ready"),
    "rejected": _("Not accepted: its description does not fit this platform"),
    "blocked": _("Waits for another module"),
    "broken": _("Its code does not work"),
    "unmigrated": _("The database lacks its newest tables"),
    "missing": _("Not installed any more; its data is kept"),
}


def report(*, reasons: bool = False) -> list[Check]:
    """Return the checks of all plugins: state first, then their own. `reasons` name code and are for operators only."""
    plugins = installed()
    return [*_states(plugins, reasons=reasons), *_breakers(), *_own(plugins)]


def _states(plugins: Plugins, *, reasons: bool) -> list[Check]:
    return [
        Check(
            entry.label,
            entry.state == "ready",
            ("; ".join(entry.problems) if reasons else "") or STATES[entry.state],
            entry.name,
        )
        for entry in plugins.values()
    ]


def _breakers() -> list[Check]:
    """Those of the tenant that asks: what goes wrong at its neighbours is not its business."""
    tenant = current.tenant_or_none
    here = (None, tenant.id if tenant else None)
    return [
        Check(key, False, _("Paused after several failures"), key.partition(".")[0])
        for key in dict.fromkeys(key for _kind, key, owner in guard.paused() if owner in here)
    ]


def _own(plugins: Plugins) -> list[Check]:
    checks: list[Check] = []
    for contribution in plugins.contributions:
        if contribution.kind != "hook" or contribution.name != "health":
            continue
        try:
            answers = guard.call(contribution, breaker=False) or []
        except DiwanError as error:
            answers = [Check(contribution.key, False, str(error))]
        checks.extend(Check(answer.name, answer.ok, answer.text, contribution.plugin) for answer in answers)
    return checks
