"""Two businesses side by side: each request of one is sent by the other. Nothing crosses, nothing tells what is there.

What the neighbour is told of an id of ours is, word for word, what is told of an id that never was.
"""

from __future__ import annotations

import re
import statistics
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.security.matrix.journey import JOURNEY, Step
from tests.security.matrix.stage import PLUGINS, filled, rows_of
from tests.security.matrix.things import SECRET, Things, lead_of
from werkzeug.test import TestResponse

from diwan import jobs
from diwan.bulk import service as bulk
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.leaving import takeouts
from diwan.resources import custom
from diwan.settings import service as settings
from diwan.testing.world import World

ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}")
TOKEN = re.compile(r'name="(?:csrf-token|csrf_token)"[^>]*>|"[^"]*\.[\w-]{6}\.[\w-]{27}"')


class Ours:
    """The business whose secrets are kept: everything in it has the secret word in its name."""

    def __init__(self, world: World, config: Config) -> None:
        self.config = config
        self.business = world.business(*PLUGINS)
        owner, tenant = self.business.owner, self.business.tenant
        with psycopg.connect(config.database_owner_url, autocommit=True) as sql:
            sql.execute("UPDATE core.tenant SET name = %s WHERE id = %s", (f"{SECRET} Trading", tenant.id))
            sql.execute('UPDATE core."user" SET name = %s WHERE id = %s', (f"{SECRET} Owner", owner.id))
        made = Things(self.business, owner)
        self.ids = {name: made[name] for name in made} | {"person": str(owner.id)}
        # A job of ours that is over, a lead that is starred and seen, a setting.
        with self.business.acting(), unit_of_work():
            settings.write("kitchen", {"greeting": f"{SECRET} greets"})
        self.client = self.business.client()
        self.client.post(f"{self.business.url}/shop/lead/{self.ids['lead']}/around/star")
        self.headers = {"Authorization": f"Bearer {self.business.token()}"}

    def rows(self) -> dict[str, set[str]]:
        return rows_of(self.config, self.business.tenant.id)


class Neighbour:
    """Another business with the same modules, and as many own fields; its owner tries to get across."""

    def __init__(self, world: World) -> None:
        self.business = world.business(*PLUGINS)
        lead_of(self.business, self.business.owner, "Of the neighbour")
        with self.business.acting(), unit_of_work():
            contact = current.lineup.resources["contacts.contact"]
            custom.create_field(contact, {"kind": "text", "label": {"en": "Shoe size"}})
        self.headers = {"Authorization": f"Bearer {self.business.token()}"}

    def send(self, step: Step, things: Mapping[str, str], headers: Mapping[str, str] | None = None) -> TestResponse:
        """Send a step in a browser of its own, so that no message of another request stands on the page."""
        return send(self.business.client(), step, things, {**self.headers, **(headers or {})})


@pytest.fixture(scope="module")
def sides(app: Flask, config: Config) -> Iterator[tuple[Ours, Neighbour]]:
    with World(app) as world:
        yield Ours(world, config), Neighbour(world)


def send(client: FlaskClient, step: Step, things: Mapping[str, str], headers: dict[str, str]) -> TestResponse:
    """Send a step with these ids."""
    path = re.sub(r"\{(\w+)\}", lambda found: things[found[1]], step.path)
    mine = {name: value for name, value in headers.items() if name != "Authorization" or step.path.startswith("/api/")}
    if step.json is not None:
        return client.open(path, method=step.method, json=filled(step.json, things), headers=mine)
    return client.open(path, method=step.method, data=filled(step.form, things) or None, headers=mine)


def text(answer: TestResponse) -> str:
    """All that an answer says: its headers and its body."""
    return f"{answer.status}\n{answer.headers}\n{answer.get_data().decode(errors='replace')}"


def plain(answer: TestResponse) -> tuple[int, str, str]:
    """An answer without what differs from request to request."""
    where = ID.sub("ID", answer.headers.get("Location", ""))
    return answer.status_code, where, ID.sub("ID", TOKEN.sub("TOKEN", answer.get_data().decode(errors="replace")))


def unknown(things: Mapping[str, str]) -> dict[str, str]:
    """Ids that never were, in the place of ids that are."""
    return {name: str(uuid4()) if ID.fullmatch(id) else id for name, id in things.items()}


@pytest.mark.parametrize("step", JOURNEY, ids=[f"{number}-{step.name}" for number, step in enumerate(JOURNEY)])
def test_nothing_crosses(sides: tuple[Ours, Neighbour], step: Step) -> None:
    ours, neighbour = sides
    answer = send(ours.client, step, ours.ids, ours.headers)
    assert answer.status_code < 400, text(answer)[:2000]
    if step.shows:
        assert SECRET in text(answer), "so that the test would see it cross"
    before, step = ours.rows(), step.in_other_words(SECRET)
    own = {**ours.ids, "slug": neighbour.business.tenant.slug}
    if not step.path.startswith("/api/"):
        strange = neighbour.send(step, ours.ids)
        assert strange.status_code == 404
        assert not crossed(ours, strange, step)
        assert plain(strange) == plain(neighbour.send(step, {**ours.ids, "slug": "nobody-has-this"}))
    crossing = neighbour.send(step, own)
    assert crossing.status_code < 500
    assert not crossed(ours, crossing, step)
    if step.has_ids:
        assert plain(crossing) == plain(neighbour.send(step, unknown(own)))
        if etag := answer.headers.get("ETag"):
            assert neighbour.send(step, own, {"If-None-Match": etag}).status_code == crossing.status_code != 304
    assert ours.rows() == before, "the neighbour has written into our business"


def crossed(ours: Ours, answer: TestResponse, step: Step) -> list[str]:
    """What of ours is in an answer: our secret word, our address, and ids that were not asked for."""
    said = text(answer)
    found = [word for word in (SECRET, ours.business.owner.email) if word in said]
    return found + [name for name, id in ours.ids.items() if ID.fullmatch(id) and id in said and name not in step.names]


def test_jobs_of_the_neighbour_do_nothing_to_ours(sides: tuple[Ours, Neighbour]) -> None:
    ours, neighbour = sides
    before, lead = ours.rows(), UUID(ours.ids["lead"])
    with neighbour.business.acting(), unit_of_work():
        leads = current.lineup.resources["shop.lead"]
        begun = [
            bulk.begin(leads, "delete", bulk.Selection((lead,))),
            bulk.begin(leads, "edit", bulk.Selection((lead,)), {"name": "Taken"}),
            bulk.begin(leads, "archive", bulk.Selection((), True, [["name", "contains", SECRET]])),
        ]
    with neighbour.business.acting():
        jobs.run_pending()
        current.session.commit()
    with neighbour.business.acting(), unit_of_work():
        assert all((status := jobs.status(id)) is not None and status.finished for id in begun)
    assert ours.rows() == before
    for id in begun:
        answer = ours.business.world.app.test_client().get(f"/api/v1/jobs/{id}", headers=ours.headers)
        assert answer.status_code == 404


def test_an_export_of_the_neighbours_data_has_nothing_of_ours(sides: tuple[Ours, Neighbour], tmp_path: Path) -> None:
    ours, neighbour = sides
    for business, there in ((neighbour.business, False), (ours.business, True)):
        path = tmp_path / f"{business.tenant.slug}.zip"
        with business.acting():
            takeouts.write_to(path, "test")
        with zipfile.ZipFile(path) as packed:
            found = b"".join(packed.read(name) for name in packed.namelist())
        for word in (ours.business.owner.email, ours.business.tenant.slug, f"{SECRET} Trading", f"{SECRET} says"):
            assert (word.encode() in found) is there, word


def test_the_time_of_an_answer_does_not_tell_that_an_id_is_there(sides: tuple[Ours, Neighbour]) -> None:
    ours, neighbour = sides
    client = neighbour.business.world.app.test_client()
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(60):
        known = number % 2 == 0
        id = ours.ids["lead"] if known else uuid4()
        began = time.perf_counter()
        answer = client.get(f"/api/v1/shop/lead/{id}", headers=neighbour.headers)
        took[known].append(time.perf_counter() - began)
        assert answer.status_code == 404
    there, never = statistics.median(took[True]), statistics.median(took[False])
    assert 0.5 < there / never < 2
