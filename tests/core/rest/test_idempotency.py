"""A request that is sent twice with one Idempotency-Key takes effect once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.jobs import sweeper
from diwan.resources import store

Api = Any
CONTACTS = "/api/v1/contacts/contact"
KEY = {"Idempotency-Key": "order-4711"}


def number(api: Api) -> int:
    return int(api("GET", f"{CONTACTS}?count=true&limit=1").json["count"]["number"])


def test_the_same_request_gets_the_same_answer_and_acts_once(api: Api) -> None:
    first = api("POST", CONTACTS, {"name": "Oryx"}, **KEY)
    again = api("POST", CONTACTS, {"name": "Oryx"}, **KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert [again.headers[name] for name in ("Location", "ETag", "Content-Type")] == [
        first.headers[name] for name in ("Location", "ETag", "Content-Type")
    ]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert number(api) == 1
    other = api("POST", CONTACTS, {"name": "Oryx"}, **{"Idempotency-Key": "order-4712"})
    assert other.json["id"] != first.json["id"]


def test_a_key_belongs_to_one_request(api: Api) -> None:
    made = api("POST", CONTACTS, {"name": "Oryx"}, **KEY).json
    for method, path, body in (
        ("POST", CONTACTS, {"name": "Other"}),
        ("POST", f"{CONTACTS}?partial=false", {"name": "Oryx"}),
        ("PATCH", f"{CONTACTS}/{made['id']}", {"name": "Oryx"}),
        ("POST", f"{CONTACTS}/{made['id']}/archive", None),
    ):
        answer = api(method, path, body, **KEY)
        assert (answer.status_code, answer.json["code"]) == (422, "refused")
    assert number(api) == 1


def test_a_change_is_made_once(api: Api) -> None:
    path = api("POST", CONTACTS, {"name": "Oryx"}).headers["Location"]
    for _again in range(2):
        changed = api("PATCH", path, {"name": "Oryx Medical"}, **{"If-Match": '"1"', **KEY})
        assert (changed.status_code, changed.json["version"]) == (200, 2)


def test_a_refused_request_may_be_mended_under_its_key(api: Api) -> None:
    assert api("POST", CONTACTS, {"name": ""}, **KEY).status_code == 422
    assert api("POST", CONTACTS, {"name": "Oryx"}, **KEY).status_code == 201


def test_keys_of_people_and_businesses_do_not_meet(
    app: Flask, api: Api, business: Any, world: Any, program: Any
) -> None:
    assert api("POST", CONTACTS, {"name": "Oryx"}, **KEY).status_code == 201
    colleague = program(app.test_client(), business.token(business.member("contacts.*")))
    assert colleague("POST", CONTACTS, {"name": "Other"}, **KEY).status_code == 201
    stranger = program(app.test_client(), world.business("contacts").token())
    assert stranger("POST", CONTACTS, {"name": "Third"}, **KEY).status_code == 201
    assert number(api) == 2


@pytest.mark.parametrize("key", ["", "  ", "x" * 201])
def test_a_key_is_a_short_text(api: Api, key: str) -> None:
    assert api("POST", CONTACTS, {"name": "Oryx"}, **{"Idempotency-Key": key}).status_code == 400
    assert number(api) == 0


def test_two_at_once_act_once(app: Flask, api: Api, program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    create = store.create

    def slow(*arguments: Any) -> Any:
        inside.set()
        go_on.wait(10)
        return create(*arguments)

    monkeypatch.setattr(store, "create", slow)
    answers: list[Any] = []
    other = program(app.test_client(), api.headers["Authorization"].removeprefix("Bearer "))
    first = threading.Thread(target=lambda: answers.append(other("POST", CONTACTS, {"name": "Oryx"}, **KEY)))
    first.start()
    assert inside.wait(10)
    meanwhile = api("POST", CONTACTS, {"name": "Oryx"}, **KEY)
    go_on.set()
    first.join(10)
    assert (meanwhile.status_code, meanwhile.json["code"]) == (409, "in_flight")
    assert answers[0].status_code == 201
    later = api("POST", CONTACTS, {"name": "Oryx"}, **KEY)
    assert (later.json["id"], later.headers["Idempotent-Replayed"]) == (answers[0].json["id"], "true")
    assert number(api) == 1


def test_many_at_once_act_once(app: Flask, api: Api, program: Any) -> None:
    token = api.headers["Authorization"].removeprefix("Bearer ")
    barrier, statuses = threading.Barrier(4), list[int]()

    def send() -> None:
        mine = program(app.test_client(), token)
        barrier.wait(10)
        statuses.append(mine("POST", CONTACTS, [{"name": "Oryx"}, {"name": "Gazelle"}], **KEY).status_code)

    threads = [threading.Thread(target=send) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(statuses) == 4
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert number(api) == 2


def test_keys_are_forgotten_after_a_day(api: Api, business: Any) -> None:
    api("POST", CONTACTS, {"name": "Oryx"}, **KEY)
    api("POST", CONTACTS, {"name": "Gazelle"}, **{"Idempotency-Key": "young"})
    with business.acting(), unit_of_work() as session:
        session.connection().execute(
            text(
                "UPDATE core.idempotency_key SET created_at = :old WHERE tenant_id = :tenant AND key_hash ="
                " (SELECT key_hash FROM core.idempotency_key WHERE tenant_id = :tenant ORDER BY created_at LIMIT 1)"
            ),
            {"old": now() - timedelta(days=1, minutes=1), "tenant": current.tenant.id},
        )
    with business.world.app.app_context():
        assert sweeper.clean() >= 1
    assert "Idempotent-Replayed" in api("POST", CONTACTS, {"name": "Gazelle"}, **{"Idempotency-Key": "young"}).headers
    assert "Idempotent-Replayed" not in api("POST", CONTACTS, {"name": "Oryx"}, **KEY).headers
