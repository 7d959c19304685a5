"""How often tokens, businesses and strangers may call; and that a counting server which is away stops nobody."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from diwan.jobs import counters
from diwan.jobs.counters import Counters
from diwan.rest import limits

Api = Any
ME = "/api/v1/"


@pytest.fixture
def limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(counted: Counters | None = None, heavy: dict[str, int] | None = None, **quotas: int) -> None:
        fresh = counted or Counters.of(app.config["DIWAN"])
        monkeypatch.setitem(app.extensions, limits.EXTENSION, limits.Limits(quotas, fresh, heavy or {}))

    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_020.0 + 2)  # two seconds into a minute
    return change


def test_each_answer_tells_what_is_left(api: Api, limit: Any) -> None:
    limit(token=3)
    answers = [api("GET", ME) for _n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.headers["RateLimit"] for answer in answers] == [f'"token";r={left};t=58' for left in (2, 1, 0)]
    assert answers[0].headers["RateLimit-Policy"] == '"token";q=3;w=60'
    late = api("GET", ME)
    assert (late.status_code, late.json["code"]) == (429, "too_many")
    assert late.headers["Retry-After"] == "58"
    assert late.headers["RateLimit"] == '"token";r=0;t=58'
    assert late.headers["X-Request-Id"] == late.json["request_id"]


def test_tokens_are_counted_apart_and_a_new_minute_begins_anew(
    app: Flask, api: Api, business: Any, program: Any, limit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(token=1)
    assert [api("GET", ME).status_code for _n in range(2)] == [200, 429]
    assert program(app.test_client(), business.token())("GET", ME).status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_080.0)
    assert api("GET", ME).status_code == 200


def test_all_tokens_of_a_business_count_together(
    app: Flask, api: Api, business: Any, other_business: Any, program: Any, limit: Any
) -> None:
    limit(token=10, business=2)
    second = program(app.test_client(), business.token())
    assert [each("GET", ME).status_code for each in (api, second, api, second)] == [200, 200, 429, 429]
    late = api("GET", ME)
    assert late.headers["RateLimit"] == '"token";r=7;t=58, "business";r=0;t=58'
    assert "business" in late.json["detail"]
    assert program(app.test_client(), other_business.token())("GET", ME).status_code == 200


def test_what_costs_more_has_a_limit_of_its_own(api: Api, limit: Any) -> None:
    limit(token=100, heavy={"export": 1, "search": 2})
    path = "/api/v1/contacts/contact"
    assert [api("GET", f"{path}?format=csv").status_code for _n in range(2)] == [200, 429]
    assert [api("GET", f"{path}?search=a").status_code for _n in range(3)] == [200, 200, 429]
    assert api("GET", path).status_code == 200


def test_strangers_are_counted_by_their_network(app: Flask, program: Any, business: Any, limit: Any) -> None:
    limit(place=2)
    stranger = program(app.test_client(), "dwn_" + "x" * 43)
    stranger.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:2::1"
    assert [stranger("GET", ME).status_code for _n in range(2)] == [401, 401]
    stranger.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:2::ffff"
    assert stranger("GET", ME).status_code == 429
    # Whoever has a token that works is known by it, whatever the neighbours do.
    neighbour = program(app.test_client(), business.token())
    neighbour.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:2::2"
    assert neighbour("GET", ME).status_code == 200


def test_no_limit(api: Api, limit: Any) -> None:
    limit(token=0)
    assert "RateLimit" not in api("GET", ME).headers


def test_a_server_that_is_away_stops_nobody(app: Flask, api: Api, limit: Any, caplog: pytest.LogCaptureFixture) -> None:
    gone = Counters.of(replace(app.config["DIWAN"], redis_url="redis://127.0.0.1:1/0"))
    limit(gone, token=3)
    for _n in range(3):
        assert api("GET", ME).status_code == 200
    assert gone.away_until > 0
    assert sum("the server is away" in record.message for record in caplog.records) == 1


# --- counting itself


@pytest.fixture
def pair(app: Flask) -> tuple[Counters, Counters]:
    """Two processes of one installation."""
    found = [Counters.of(app.config["DIWAN"]) for _n in range(2)]
    for one in found:
        one.prefix = f"{one.prefix}{time.monotonic_ns()}:" if one is found[0] else found[0].prefix
    return found[0], found[1]


def test_processes_learn_from_each_other_within_an_exchange(
    pair: tuple[Counters, Counters], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters.time, "time", lambda: 1_000_000_020.0)
    one, two = pair
    for _n in range(3):
        one.add("a")
    one.exchange()
    two.add("a")
    two.exchange()
    assert two.add("a") == (5,)
    two.exchange()
    one.add("a")
    one.exchange()
    assert one.add("a", "b") == (7, 1)


def test_threads_lose_nothing(pair: tuple[Counters, Counters], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters.time, "time", lambda: 1_000_000_020.0)
    monkeypatch.setattr(counters, "EVERY", 0.001)
    one, two = pair

    def work() -> None:
        for _n in range(500):
            one.add("a")

    threads = [threading.Thread(target=work) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.exchange()
    assert one.add("a") == (2001,)
    two.add("a")
    two.exchange()
    assert two.add("a")[0] in (2002, 2003)


def test_counting_costs_next_to_nothing(pair: tuple[Counters, Counters]) -> None:
    one, _two = pair
    begin = time.perf_counter()
    for _n in range(2_000):
        one.add("token:a", "business:b", "place:c")
    assert (time.perf_counter() - begin) / 2_000 < 0.0002
