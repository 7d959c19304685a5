"""The people of the matrix and their requests: one business whose things nobody may touch, one where all goes well.

It must send what an entry says and judge nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from tests.security.matrix.need import LIST, MEMBER, OWNER, PLACE, RECORD, RIGHT, Need
from tests.security.matrix.things import Things, lead_of
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from diwan.config import Config
from diwan.testing.browsing import signed_in
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business, Person, World

PLUGINS = ("contacts", "kitchen", "shop")
THINGS = {"slug", "id", "job", "business", "address"}
"""The arguments that are filled with the id of a thing."""
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(app: Flask) -> Mapping[str, Rule]:
    """Every address of the application: `endpoint METHOD`; `endpoint/id METHOD` where one endpoint has two."""
    found: dict[str, list[Rule]] = {}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & METHODS:
            found.setdefault(f"{rule.endpoint} {method}", []).append(rule)
    named = {}
    for key, rules in found.items():
        endpoint, method = key.split()
        for rule in rules:
            several = len(rules) > 1 and "id" in rule.arguments
            named[f"{endpoint}/id {method}" if several else key] = rule
    return named


class Stage:
    """Who tries the addresses."""

    def __init__(self, world: World) -> None:
        self.world, self.app = world, world.app
        self.business, self.fair, self.neighbour = (world.business(*PLUGINS) for _ in range(3))
        self.holder = self.business.member("*")
        self.things = Things(self.business, self.holder)
        for name in self.things:  # all of them at once: what is refused later leaves them as they are
            self.things[name]
        self.routes = routes(self.app)
        self._members: dict[tuple[str, ...], Person] = {}
        self._clients: dict[Any, FlaskClient] = {}

    def send(self, key: str, need: Need, column: str) -> TestResponse:
        """Send the request of an entry as this kind of visitor."""
        if column == "allowed":
            return self._allowed(key, need)
        things: Mapping[str, str] = self.things
        if column == "forged":
            things = {**things, "slug": self.neighbour.tenant.slug}
        person = self._person(need, column)
        if column == "smuggled":
            assert person is not None
            things = {**things, "lead": lead_of(self.business, person, "Mine")}
        if key.startswith("rest."):
            grants = ("core.none",) if column == "narrowed" else ("*",)
            return self._call(key, need, things, self._bearer(person, grants) if person else {})
        return self._open(self._browser(column, person), key, need, things)

    def _person(self, need: Need, column: str) -> Person | None:
        """Who stands in a column, without being the one who may."""
        match column:
            case "anonymous" | "anybody":
                return None
            case "stranger" | "forged":
                return self.neighbour.owner
            case "unproven":
                return self.world.operator()
            case "narrowed":
                return self.business.owner
            case "without" if need.who == OWNER:
                return self._member("*")
            case "without":
                return self._member(*(need.grants[:-1] if need.who == RIGHT else ()))
            case "reader":
                return self._member(need.given()[0])
            case "half":
                return self._member(need.given()[0], *need.given(":own")[1:])
            case "own" | "smuggled":
                return self._member(*need.given(":own"))
            case "others":
                return self._member(*need.given())
        raise AssertionError(column)

    def _allowed(self, key: str, need: Need) -> TestResponse:
        """Somebody with exactly the right, with things that were just made."""
        business = self.fair
        person = business.owner if need.who == OWNER else business.member(*need.given())
        things = Things(business, person)
        if key.startswith("rest."):
            return self._call(key, need, things, _bearer(business, person, ("*",)))
        if need.who == "operator":
            return self._open(self.world.desk(), key, need, things)
        return self._open(signed_in(self.app, person), key, need, things)

    def _member(self, *grants: str) -> Person:
        if grants not in self._members:
            self._members[grants] = self.business.member(*grants)
        return self._members[grants]

    def _browser(self, column: str, person: Person | None) -> FlaskClient:
        if person is not None:
            if person.id not in self._clients:
                self._clients[person.id] = signed_in(self.app, person)
            return self._clients[person.id]
        if column in self._clients:
            return self._clients[column]
        visitor = Visitor(self.app)
        visitor.get("/login")
        visitor.browser.environ_base["HTTP_X_CSRFTOKEN"] = visitor.csrf
        if column == "anonymous":  # public addresses change a session: each has its own
            self._clients[column] = visitor.browser
        return visitor.browser

    def _bearer(self, person: Person, grants: tuple[str, ...]) -> dict[str, str]:
        place = (person.id, grants)
        if place not in self._clients:
            business = self.neighbour if person is self.neighbour.owner else self.business
            self._clients[place] = _bearer(business, person, grants)  # type: ignore[assignment]
        return self._clients[place]  # type: ignore[return-value]

    def _call(self, key: str, need: Need, things: Mapping[str, str], headers: dict[str, str]) -> TestResponse:
        body = None if need.json is None else filled(need.json, things)
        client, method = self.app.test_client(), key.split()[1]
        return client.open(self._address(key, need, things), method=method, json=body, headers=headers)

    def _open(self, client: FlaskClient, key: str, need: Need, things: Mapping[str, str]) -> TestResponse:
        method = key.split()[1]
        form = filled(need.form, things) if method != "GET" else None
        return client.open(self._address(key, need, things), method=method, data=form)

    def _address(self, key: str, need: Need, things: Mapping[str, str]) -> str:
        rule = self.routes[place(key)]
        of = {"slug": "slug", **need.of}
        if need.who in (RECORD, LIST, MEMBER):
            of = {**PLACE, "id": "lead", **of}
        values: dict[str, Any] = {}
        for name in rule.arguments:
            word = of[name]
            is_thing = name in THINGS or name.endswith("_id")
            values[name] = things[word] if is_thing and word in things else word
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        return built[1] + (f"?{filled(need.query, things)}" if need.query else "")


def place(key: str) -> str:
    """The address of a line: without what it does there."""
    return key.partition(" (")[0]


def _bearer(business: Business, person: Person, grants: tuple[str, ...]) -> dict[str, str]:
    return {"Authorization": f"Bearer {business.token(person, grants)}"}


def filled(given: Any, things: Mapping[str, str]) -> Any:
    """Return what is sent, with ids where it names things."""
    if isinstance(given, str):
        return given.format_map(things) if "{" in given else given
    if isinstance(given, Mapping):
        return {name: filled(value, things) for name, value in given.items()}
    return [filled(value, things) for value in given] if isinstance(given, list) else given


def rows_of(config: Config, tenant: int) -> dict[str, set[str]]:
    """What each table holds of a business."""
    with psycopg.connect(config.database_owner_url) as sql:
        sql.execute(f"SET app.tenant_id = '{tenant}'")
        tables = sql.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = 'tenant_id' AND c.relkind = 'r' AND c.relname <> 'audit_head'"
        ).fetchall()
        return {name: {row for (row,) in sql.execute(f"SELECT t::text FROM {name} t")} for (name,) in tables}
