"""Sessions in PostgreSQL: the browser holds a random token, the table its digest, the person and a little data.

One look-up answers session, person, tenant and rights together. It must not write unless something changed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SessionInterface, SessionMixin
from psycopg.types.json import Jsonb

from diwan.access.holding import grants_held
from diwan.db.base import now
from diwan.db.context import Actor, Tenant, tenant_from
from diwan.db.direct import fetch_row
from diwan.db.grants import Grants
from diwan.errors import Unavailable
from diwan.kit import ids
from diwan.tenants.countries import country_codes

log = logging.getLogger(__name__)

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=90)
ANONYMOUS = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=5)
SEEN_CLOSELY = timedelta(minutes=1)
PAUSE = "pause"
TOKEN_LENGTH = 43
USER = "_user_id"  # Flask-Login's key; it is kept in the column user_id, not in the data

OPEN = "SELECT * FROM core.open_session(%s, %s, %s)"
# A row that was ended elsewhere in the meantime does not come back: the update then finds nothing.
# The person's own "last seen" follows in the same statement.
UPDATE = """WITH kept AS (UPDATE core.session
        SET data = %(data)s, seen_at = %(now)s, ip = %(ip)s, country = %(country)s,
        expires_at = least(%(until)s, created_at + %(absolute)s) WHERE id = %(id)s RETURNING user_id)
    UPDATE core."user" u SET seen_at = %(now)s FROM kept
    WHERE u.id = kept.user_id AND (u.seen_at IS NULL OR u.seen_at < %(now)s - %(every)s)"""
# The person chose a session of their own at login: the old one goes in the same statement (no fixation).
REPLACE = """WITH ended AS (DELETE FROM core.session WHERE id = %s)
    INSERT INTO core.session (id, user_id, data, ip, user_agent, country, created_at, seen_at, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"""
END = "DELETE FROM core.session WHERE id = %s"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person of a session, as Flask-Login wants to see one."""

    id: UUID
    email: str
    name: str
    language: str
    theme: str = "auto"
    preferences: Mapping[str, Any] = field(default_factory=dict)
    is_authenticated: bool = field(default=True, init=False)
    is_active: bool = field(default=True, init=False)
    is_anonymous: bool = field(default=False, init=False)

    def get_id(self) -> str:
        return str(self.id)

    def actor(self, grants: tuple[str, ...] = ()) -> Actor:
        """Return who acts in a scope."""
        made = Grants.of(grants)
        return Actor(self.id, self.name, self.email, self.language, grants=made, preferences=self.preferences)


class ServerSession(dict[str, Any], SessionMixin):
    """The data of one session. It is read from the database when first needed; `load` says for which tenant."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.loaded = self.new = not token
        self.modified = self.ended = self.rotated = self.closed = False
        self.passive = False  # the page asked by itself: that is no sign of a person
        self.seen_every = SEEN_EVERY
        self.created_at: datetime | None = None
        self.seen_at: datetime | None = None
        self.user: SignedIn | None = None
        self.tenant: Tenant | None = None
        self.grants: tuple[str, ...] = ()

    def load(self, slug: str = "") -> None:
        """Read session, person, and what the person is in the business with this slug: one round trip."""
        if self.loaded:
            return
        # Closed until the answer is there: should the database be away, the page that says so finds an empty session.
        self.close()
        moment = now()
        row = fetch_row(OPEN, (ids.sha256(self.token), slug, moment))
        if row is not None and row.membership_id is not None:
            self.tenant = tenant_from(row)
            self.grants = grants_held(self.tenant, row.membership_id, row.rights, moment)
        self.closed = False
        if row is None:
            self.token, self.new = "", True
            return
        super().update(row.data)
        self.seen_at, self.created_at = row.seen_at, row.created_at
        if row.user_id is not None:
            self.user = SignedIn(
                row.user_id, row.email, row.user_name, row.user_language, row.theme, row.preferences or {}
            )
            super().__setitem__(USER, str(row.user_id))

    def close(self) -> None:
        """Be empty for this request: nothing is read, nothing will be written."""
        self.loaded = self.closed = True

    def rotate(self) -> None:
        """Give the browser another token with the next answer; the one it has stops working."""
        self.rotated = self.modified = True

    def end(self) -> None:
        """Forget all of it; the browser's token stops working."""
        self.load()
        self.clear()
        self.user, self.ended, self.modified = None, True, True

    def longest_pause(self) -> timedelta:
        """Return for how long nobody used this session, at the longest, since it began."""
        pause = now() - self.seen_at if self.seen_at else timedelta()
        return max(pause, timedelta(seconds=dict.get(self, PAUSE, 0)))

    @property
    def user_changed(self) -> bool:
        before = str(self.user.id) if self.user else None
        return super().get(USER) != before

    # What Flask, Flask-Login and Flask-WTF use of a dictionary.

    def __getitem__(self, key: str) -> Any:
        self.load()
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.load()
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.load()
        return super().__contains__(key)

    def __len__(self) -> int:
        self.load()
        return super().__len__()

    def __iter__(self) -> Iterator[str]:
        self.load()
        return super().__iter__()

    def __setitem__(self, key: str, value: Any) -> None:
        self.load()
        # A list may have been changed in place before it comes back (flashes): it never counts as unchanged.
        if isinstance(value, list | dict) or super().get(key, self) != value:
            self.modified = True
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.load()
        self.modified = True
        super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:
        self.load()
        self.modified = self.modified or super().__contains__(key)
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **values: Any) -> None:
        for key, value in dict(*others, **values).items():
            self[key] = value

    def clear(self) -> None:
        self.modified = True
        super().clear()


class DatabaseSessions(SessionInterface):
    """Keeps sessions in `core.session`."""

    def __init__(self, *, https: bool, port: int) -> None:
        # Browsers keep cookies per host, not per port: the port in the name lets several copies run on one machine.
        self.name = "__Host-diwan" if https else f"diwan-{port}"
        self.https = https

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        token = request.cookies.get(self.name, "")
        return ServerSession(token if len(token) == TOKEN_LENGTH and token.isascii() else "")

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        session = cast(ServerSession, session)
        if not session.loaded or session.closed or (session.new and session.ended):
            return
        try:
            self._save(session, response)
        except Unavailable:
            # The page's own work is committed already: what is lost is a message, or a login to repeat.
            log.exception("the session was not saved")

    def _save(self, session: ServerSession, response: Response) -> None:
        moment = now()
        if session.ended:
            fetch_row(END, (ids.sha256(session.token),))
            self._forget_cookie(response)
        elif session.new or session.rotated or session.user_changed:
            # A visitor who only got an error page needs no session; bots would fill the table.
            if session.modified and (response.status_code < 400 or not session.new):
                self._replace(session, response, moment)
        elif session.modified or (
            session.seen_at and moment - session.seen_at > session.seen_every and not session.passive
        ):
            # What is about to be forgotten with `seen_at`: a business may allow no long pauses.
            if (pause := session.longest_pause()) > SEEN_EVERY:
                dict.__setitem__(session, PAUSE, round(pause.total_seconds()))
            life = IDLE if session.user else ANONYMOUS
            fetch_row(UPDATE, _kept(session, moment, life))
            self._set_cookie(response, session.token, life)

    def _replace(self, session: ServerSession, response: Response, moment: datetime) -> None:
        old = ids.sha256(session.token) if session.token else b""
        session.token = ids.token()
        user_id = dict.get(session, USER)
        life = IDLE if user_id else ANONYMOUS
        fetch_row(
            REPLACE,
            (
                old,
                ids.sha256(session.token),
                UUID(user_id) if user_id else None,
                Jsonb(_data(session)),
                request.remote_addr or "",
                request.user_agent.string[:300],
                country(),
                moment,
                moment,
                moment + life,
            ),
        )
        self._set_cookie(response, session.token, life)

    def _set_cookie(self, response: Response, token: str, life: timedelta) -> None:
        response.set_cookie(self.name, token, max_age=life, path="/", secure=self.https, httponly=True, samesite="Lax")

    def _forget_cookie(self, response: Response) -> None:
        response.delete_cookie(self.name, path="/", secure=self.https, httponly=True, samesite="Lax")


def _data(session: ServerSession) -> dict[str, Any]:
    return {key: value for key, value in dict.items(session) if key != USER}


def _kept(session: ServerSession, moment: datetime, life: timedelta) -> dict[str, Any]:
    return {
        "id": ids.sha256(session.token), "data": Jsonb(_data(session)), "now": moment, "until": moment + life,
        "absolute": ABSOLUTE, "every": SEEN_EVERY, "ip": request.remote_addr or "", "country": country(),
    }  # fmt: skip


def country() -> str:
    """Return the country that a proxy of the operator tells of this request (DIWAN_COUNTRY_HEADER), or nothing."""
    header = current_app.config["DIWAN"].country_header
    code = request.headers.get(header, "").strip().upper() if header else ""
    return code if code in country_codes() else ""
