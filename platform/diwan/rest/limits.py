"""How often one may ask: so many requests a minute for a token, a person, a business, an address of the internet.

It must never stop a request because the counting server is away.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import Flask, Response, current_app, g

from diwan.config import Config
from diwan.db.context import Tenant, current
from diwan.errors import TooMany
from diwan.jobs.counters import WINDOW, Counters
from diwan.kit.i18n import LazyText, _, ngettext
from diwan.kit.ids import sha256
from diwan.users.throttle import network

EXTENSION = "diwan.limits"

TOKEN, PERSON, BUSINESS, PLACE = "token", "person", "business", "place"
# Requests that cost more than a page, a minute for each person or token.
HEAVY: Final[Mapping[str, int]] = {"export": 30, "import": 60, "print": 60, "search": 240}

WHO: Mapping[str, LazyText] = {
    TOKEN: _("This token has made its requests of this minute."),
    PERSON: _("You have made more requests in this minute than one person may."),
    BUSINESS: _("Your business has made more requests in this minute than it may."),
    PLACE: _("More requests came from your network in this minute than may."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """`quotas`: requests in each minute of the clock by name; 0, or none, is no limit."""

    quotas: Mapping[str, int]
    counters: Counters
    heavy: Mapping[str, int] = field(default_factory=lambda: HEAVY)

    def take(self, **subjects: str) -> None:
        """Count one request of each subject, by the names of their limits. Raises TooMany for one beyond a quota."""
        wanted = [(name, quota, subject) for name, subject in subjects.items() if (quota := self._quota(name))]
        if not wanted:
            return
        numbers = self.counters.add(*(f"{name}:{subject}" for name, _quota, subject in wanted))
        seconds = max(1, round(WINDOW - time.time() % WINDOW))
        found = g.setdefault("rates", [])
        passed = None
        for (name, quota, _subject), number in zip(wanted, numbers, strict=True):
            found.append((name, quota, max(0, quota - number), seconds))
            if number > quota and passed is None:
                passed = name
        if passed is not None:
            raise TooMany(f"{WHO.get(passed, WHO[PERSON])} {_go_on(seconds)}", retry_after=seconds)

    def tell(self, response: Response) -> None:
        """Write what is left into the answer (draft-ietf-httpapi-ratelimit-headers-10)."""
        found: list[tuple[str, int, int, int]] = g.get("rates", [])
        if found:
            policies = [f'"{name}";q={quota};w={WINDOW}' for name, quota, _left, _seconds in found]
            response.headers["RateLimit-Policy"] = ", ".join(policies)
            response.headers["RateLimit"] = ", ".join(f'"{name}";r={left};t={s}' for name, _quota, left, s in found)

    def _quota(self, name: str) -> int:
        quota = self.quotas.get(name)
        return self.heavy.get(name, 0) if quota is None else quota


def of_app() -> Limits:
    """Return the limits of the running application."""
    found: Limits = current_app.extensions[EXTENSION]
    return found


def take_token(secret: str, heavy: str = "") -> None:
    """Count a request with a token that is valid. Raises TooMany."""
    own = sha256(secret)[:16].hex()
    subjects = {TOKEN: own, BUSINESS: str(current.tenant.id)}
    of_app().take(**subjects, **({heavy: own} if heavy else {}))


def take_person(tenant: Tenant | None, heavy: str = "") -> None:
    """Count a request of who is signed in, in a business. Raises TooMany."""
    own = str(current.user.id)
    subjects = {PERSON: own, **({BUSINESS: str(tenant.id)} if tenant else {})}
    of_app().take(**subjects, **({heavy: own} if heavy else {}))


def take_place(ip: str) -> None:
    """Count a request of somebody unknown, by the network it comes from. Raises TooMany.

    Those who are known are counted by who they are: behind one address there may be a whole office.
    """
    of_app().take(**{PLACE: network(ip)})


def configure(app: Flask) -> None:
    """Give the application its limits, as its settings say."""
    config: Config = app.config["DIWAN"]
    quotas = {
        TOKEN: config.api_rate, PERSON: config.person_rate, BUSINESS: config.tenant_rate, PLACE: config.ip_rate
    }  # fmt: skip
    heavy = HEAVY if config.person_rate else {}
    app.extensions[EXTENSION] = Limits(quotas, Counters.of(config), heavy)


def _go_on(seconds: int) -> str:
    return ngettext("Go on in %(n)d second.", "Go on in %(n)d seconds.", seconds)
