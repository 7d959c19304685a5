"""How often a token may call; and that a counting server which is away stops nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from diwan.jobs.counters import Counters
from diwan.rest import limits

Api = Any
ME = "/api/v1/"


@pytest.fixture
def limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(quota: int, counters: Counters | None = None) -> None:
        found = app.extensions[limits.EXTENSION]
        monkeypatch.setitem(
            app.extensions, limits.EXTENSION, replace(found, quota=quota, counters=counters or found.counters)
        )

    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_020.0 + 2)  # two seconds into a window
    return change


def test_each_answer_tells_what_is_left(api: Api, limit: Any) -> None:
    limit(3)
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
    limit(1)
    assert [api("GET", ME).status_code for _n in range(2)] == [200, 429]
    assert program(app.test_client(), business.token())("GET", ME).status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_080.0)
    assert api("GET", ME).status_code == 200


def test_no_limit(api: Api, limit: Any) -> None:
    limit(0)
    assert "RateLimit" not in api("GET", ME).headers


def test_a_server_that_is_away_stops_nobody(app: Flask, api: Api, limit: Any) -> None:
    gone = Counters.of(replace(app.config["DIWAN"], redis_url="redis://127.0.0.1:1/0"))
    limit(1, gone)
    for _n in range(3):
        answer = api("GET", ME)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
    assert gone._away_until > 0
