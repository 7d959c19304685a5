"""No form of the pages works without its token, nor from another site; a new route is tried by itself."""

from __future__ import annotations

import pytest
from flask import Flask
from tests.security.test_headers import UNSAFE, address, rules

from diwan.testing.browsing import signed_in
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business

EXEMPT = {"health", "rest"}
"""Blueprints without cookies."""


def test_every_form_needs_its_token(app: Flask, business: Business) -> None:
    client = business.client()
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    tried = []
    for method, rule in rules(app, UNSAFE):
        if rule.endpoint.split(".")[0] in EXEMPT:
            continue
        path = address(rule, business)
        answer = client.open(path, method=method, data={"name": "Stolen"})
        assert answer.status_code == 400, f"{method} {path}"
        tried.append(path)
    assert len(tried) > 80
    assert client.get(business.url).status_code == 200  # still signed in: /logout was one of them


def test_tokens_are_of_one_session(app: Flask, business: Business) -> None:
    first, second = business.client(), business.client()
    swapped = second.environ_base["HTTP_X_CSRFTOKEN"]
    path = f"{business.url}/contacts/contact/new"
    assert first.post(path, data={"name": "Mine"}).status_code == 303
    assert first.post(path, data={"name": "Mine"}, headers={"X-CSRFToken": swapped}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
    ],
)
def test_what_another_site_sends_is_refused_also_with_a_token(
    business: Business, headers: dict[str, str], allowed: bool
) -> None:
    answer = business.client().post(f"{business.url}/contacts/contact/new", data={"name": "A"}, headers=headers)
    assert answer.status_code == (303 if allowed else 400)


def test_links_from_other_sites_open_pages(business: Business) -> None:
    answer = business.client().get(business.url, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


# --- sessions


def test_what_a_visitor_had_before_is_worth_nothing_after_login(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_up()
    visitor.post("/logout")
    visitor.get("/login")
    before, token = visitor.cookie(), visitor.csrf
    assert visitor.log_in().status_code == 303
    assert visitor.cookie() != before
    attacker = app.test_client()
    attacker.set_cookie(app.session_interface.name, before)  # type: ignore[attr-defined]
    assert attacker.get("/choose").location.startswith("/login")
    form = {"csrf_token": token, "language": "ar"}
    assert visitor.browser.post("/preferences/language", data=form).status_code == 400
    mine = visitor.cookie()
    visitor.get("/account")
    assert visitor.post("/logout").status_code == 303
    for _n in range(2):
        thief = app.test_client()
        thief.set_cookie(app.session_interface.name, mine)  # type: ignore[attr-defined]
        assert thief.get("/choose").location.startswith("/login")


@pytest.mark.parametrize("planted", ["", "x" * 43, "short", "ü" * 43, "x" * 4000, "' OR 1=1 --"])
def test_a_cookie_that_we_did_not_give_opens_nothing(app: Flask, planted: str) -> None:
    client = app.test_client()
    client.set_cookie(app.session_interface.name, planted)  # type: ignore[attr-defined]
    assert client.get("/choose").location.startswith("/login")
    page = client.get("/login")
    assert page.status_code == 200
    for cookie in page.headers.getlist("Set-Cookie"):
        assert not planted or planted not in cookie


def test_another_persons_login_in_the_same_browser_is_another_session(app: Flask, business: Business) -> None:
    member = business.member("contacts.contact.read")
    first, second = signed_in(app, business.owner), signed_in(app, member)
    name = app.session_interface.name  # type: ignore[attr-defined]
    one, two = first.get_cookie(name), second.get_cookie(name)
    assert one is not None
    assert two is not None
    assert one.value != two.value
