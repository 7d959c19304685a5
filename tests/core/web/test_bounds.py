"""What every request of a page passes: how often, how large; and the addresses that machines know by heart."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from diwan.config import Config, ConfigError
from diwan.db.base import now
from diwan.jobs.counters import Counters
from diwan.rest import limits
from diwan.testing.world import Business


@pytest.fixture
def limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(heavy: dict[str, int] | None = None, **quotas: int) -> None:
        made = limits.Limits(quotas, Counters.of(app.config["DIWAN"]), heavy or {})
        monkeypatch.setitem(app.extensions, limits.EXTENSION, made)

    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_020.0 + 2)
    return change


def test_a_person_is_slowed_with_a_page_that_says_when(business: Business, limit: Any) -> None:
    limit(person=2)
    client = business.client()
    assert [client.get(business.url).status_code for _n in range(3)] == [200, 200, 429]
    page = client.get(business.url)
    assert page.headers["Retry-After"] == "58"
    assert page.headers["RateLimit-Policy"] == '"person";q=2;w=60'
    assert "You have made more requests in this minute than one person may." in page.text
    assert 'class="error-page"' in page.text
    assert business.client(business.member("*")).get(business.url).status_code == 200


def test_a_business_is_one(business: Business, other_business: Business, limit: Any) -> None:
    limit(business=2)
    first, second = business.client(), business.client(business.member("*"))
    assert [each.get(business.url).status_code for each in (first, second, first)] == [200, 200, 429]
    assert other_business.client().get(other_business.url).status_code == 200


def test_strangers_are_counted_by_network_and_members_are_not(app: Flask, business: Business, limit: Any) -> None:
    limit(place=2)
    stranger, member = app.test_client(), business.client()
    assert [stranger.get("/login").status_code for _n in range(3)] == [200, 200, 429]
    assert member.get(business.url).status_code == 200
    assert app.test_client().get("/healthz").status_code == 200


def test_what_costs_more(business: Business, limit: Any) -> None:
    limit(person=100, heavy={"export": 1, "search": 2})
    client, place = business.client(), f"{business.url}/contacts/contact"
    assert [client.get(f"{place}/export").status_code for _n in range(2)] == [200, 429]
    assert [client.get(f"{business.url}/palette?q=a").status_code for _n in range(3)] == [200, 200, 429]
    assert client.get(place).status_code == 200


# --- sizes


def test_a_form_has_its_size(app: Flask, business: Business) -> None:
    client, most = business.client(), app.config["DIWAN"].form_limit
    new = f"{business.url}/contacts/contact/new"
    assert client.post(new, data={"name": "A", "notes": "n" * 5_000}).status_code == 303
    assert client.post(new, data={"name": "A", "notes": "n" * most}).status_code == 413
    fields = "&".join(f"a{n}=" for n in range(11_000))
    form = "application/x-www-form-urlencoded"
    assert client.post(new, data=fields, content_type=form).status_code == 413
    assert client.post(new, data="x" * (most + 1), content_type="text/plain").status_code == 413
    parts = {f"a{n}": "1" for n in range(6_000)}
    assert client.post(new, data=parts, content_type="multipart/form-data").status_code == 413


def test_a_page_and_the_api_refuse_compressed_bodies(business: Business) -> None:
    client = business.client()
    for path in (f"{business.url}/contacts/contact/new", "/api/v1/contacts/contact"):
        for coding in ("gzip", "br", "deflate", "x"):
            answer = client.post(path, data=b"\x1f\x8b", headers={"Content-Encoding": coding})
            assert answer.status_code == 415
    answer = client.post(
        f"{business.url}/contacts/contact/new", data={"name": "A"}, headers={"Content-Encoding": "identity"}
    )
    assert answer.status_code == 303


# --- well-known addresses


def test_nobody_to_tell(app: Flask) -> None:
    assert app.test_client().get("/.well-known/security.txt").status_code == 404


def test_whom_to_tell(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(app.config["DIWAN"], security_contact="mailto:a@example.com,https://example.com/report")
    monkeypatch.setitem(app.config, "DIWAN", config)
    answer = app.test_client().get("/.well-known/security.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in answer.text.splitlines()]
    assert [value for name, value in fields if name == "Contact"] == [
        "mailto:a@example.com",
        "https://example.com/report",
    ]
    told = dict(fields)
    assert timedelta(days=30) < datetime.fromisoformat(told["Expires"]) - now() < timedelta(365)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", told["Expires"])
    assert told["Canonical"] == f"{config.base_url}/.well-known/security.txt"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ""),
        ("sec@example.com", "mailto:sec@example.com"),
        (" https://example.com/x , tel:+965-1 ", "https://example.com/x,tel:+965-1"),
        ("javascript:alert(1)", None),
        ("http://example.com", None),
        ("https://a\nExpires: never", None),
    ],
)
def test_the_contact_is_checked(text: str, meant: str | None) -> None:
    env = {"DIWAN_HOME": "/tmp/x", "DIWAN_SECURITY_CONTACT": text}
    if meant is None:
        with pytest.raises(ConfigError):
            Config.from_env(env)
    else:
        assert Config.from_env(env).security_contact == meant


def test_robots_and_passwords(app: Flask) -> None:
    assert app.test_client().get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert app.test_client().get("/.well-known/change-password").location == "/account/security"
