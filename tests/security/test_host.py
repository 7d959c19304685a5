"""To whom a request is addressed: only the names of this server count, and links in mails never come from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from diwan.testing.visitor import Visitor
from diwan.testing.world import Business
from diwan.web import bounds


def ask(app: Flask, host: str, path: str = "/login", **headers: str) -> int:
    return app.test_client().get(path, headers={"Host": host, **headers}).status_code


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_its_own_names(app: Flask, host: str) -> None:
    assert ask(app, host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "evil.localhost", "localhost:x", "localhost:80:80", "localhost/a", "",
     "localhost@evil.example", "user@localhost", "[::1", "[::2]", "localhost localhost", "localhost,evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/login", "/api/v1/", "/nothing"])
def test_any_other_name_is_refused_by_all_faces(app: Flask, host: str, path: str) -> None:
    assert ask(app, host, path) == 400


def test_monitors_may_use_any_name(app: Flask) -> None:
    assert ask(app, "10.0.0.7:8000", "/healthz") == 200


def test_what_a_proxy_says_the_name_was_does_not_count(app: Flask) -> None:
    page = app.test_client().get(
        "/login", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    )
    assert page.status_code == 200
    assert "evil" not in page.text


@pytest.mark.parametrize(
    ("base_url", "hosts", "names"),
    [
        ("https://erp.example", (), {"erp.example"}),
        ("https://ERP.example:8443/", ("second.example",), {"erp.example", "second.example"}),
        ("http://127.0.0.1:8000", (), {"127.0.0.1", "localhost", "[::1]"}),
        ("http://[2001:db8::1]:8000", (), {"[2001:db8::1]"}),
    ],
)
def test_names_come_from_settings(app: Flask, base_url: str, hosts: tuple[str, ...], names: set[str]) -> None:
    config = replace(app.config["DIWAN"], base_url=base_url, hosts=hosts)
    assert bounds.hosts_of(config) == names


def test_links_in_mails_come_from_the_setting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, bounds.EXTENSION, frozenset({"localhost", "other.example"}))
    visitor = Visitor(app)
    visitor.sign_up()
    visitor.post("/logout")
    visitor.get("/forgot")
    form = {"email": visitor.email, "csrf_token": visitor.csrf}
    answer = visitor.browser.post("/forgot", data=form, headers={"Host": "localhost"})
    assert answer.status_code < 400
    text = visitor.newest()
    assert app.config["DIWAN"].base_url in text
    assert "other.example" not in text


def test_links_in_pages_name_no_server(business: Business) -> None:
    for path in ("", "/contacts/contact", "/people", "/settings"):
        text = business.client().get(business.url + path).text
        assert 'href="http://localhost' not in text


# --- redirects

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example//",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example/",
    "HTTPS://evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,evil",
    "%2f%2fevil.example",
    "%5cevil.example",
    " //evil.example",
    "/ /evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "//evil.example@localhost/",
    "//localhost@evil.example/",
    "http://localhost.evil.example/",
    ".evil.example",
    "@evil.example",
    "evil.example",
    "／／evil.example",
]


def leads_away(answer: Any) -> bool:
    """Read a Location as the most careless browser does."""
    target = (answer.headers.get("Location") or "/").replace("\\", "/")
    target = "".join(c for c in target if c > " " and c != "\x7f")
    return not target.startswith("/") or target.startswith("//")


@pytest.fixture(scope="module")
def known(app: Flask) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_up()
    return visitor


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example", "/\t/evil.example"])
def test_no_login_leads_elsewhere(app: Flask, known: Visitor, target: str) -> None:
    visitor = Visitor(app, email=known.email)
    assert visitor.browser.get("/login", query_string={"next": target}).status_code == 200
    answer = visitor.log_in(next=target)
    assert answer.status_code == 303
    assert answer.location == "/"


def test_no_login_of_who_is_signed_in_leads_elsewhere(business: Business) -> None:
    client = business.client()
    for target in ELSEWHERE:
        answer = client.get("/login", query_string={"next": target})
        assert answer.status_code == 303, target
        assert answer.location == "/", target


def test_no_page_that_asks_first_leads_elsewhere(business: Business) -> None:
    client = business.client()
    steps = [
        (method, path, target)
        for target in ELSEWHERE
        for method, path in (
            ("GET", "/account/confirm"), ("POST", "/account/confirm"), ("POST", "/preferences/language"),
            ("POST", f"{business.url}/preferences/look"),
        )
    ]  # fmt: skip
    for method, path, target in steps:
        headers = {"Referer": f"http://localhost{target}"} if target.isprintable() and target.isascii() else {}
        form = {"next": target, "language": "en"} if method == "POST" else None
        query = {"next": target, "from": target}
        answer = client.open(path, method=method, query_string=query, data=form, headers=headers)
        assert answer.status_code < 500, (method, path)
        assert not leads_away(answer), (method, path, answer.location)


def test_a_next_within_the_site_works(app: Flask, known: Visitor) -> None:
    visitor = Visitor(app, email=known.email)
    assert visitor.log_in(next="/t/somewhere?a=https://b.example//c").location == "/t/somewhere?a=https://b.example//c"
