"""Attacks on sessions: fixation, forged requests, redirects elsewhere; what a stolen cookie is worth, and how long."""

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.kit import ids
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business
from diwan.web.sessions import DatabaseSessions

PASSWORD = "seven quiet otters"


@pytest.fixture(scope="module")
def known(app: Flask) -> Visitor:
    """Somebody with an account and a business."""
    visitor = Visitor(app)
    visitor.sign_up()
    return visitor


def flags(answer, name: str):
    cookie = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        cookie.load(line)
    return cookie[name]


def run(app: Flask, statement: str, **values: object) -> None:
    with app.app_context(), scope(), unit_of_work() as session:
        session.execute(text(statement), values)


# --- sessions


def test_the_session_changes_at_login_and_the_old_one_is_dead(app: Flask, known: Visitor) -> None:
    victim = Visitor(app, email=known.email)
    victim.get("/login")
    planted = victim.cookie()
    assert planted
    assert victim.log_in(PASSWORD).status_code == 303
    assert victim.cookie() != planted
    attacker = app.test_client()
    attacker.set_cookie(app.session_interface.name, planted)
    assert attacker.get("/choose").location.startswith("/login")


def test_a_made_up_token_becomes_no_session(app: Flask) -> None:
    visitor = Visitor(app)
    made_up = ids.token()
    visitor.browser.set_cookie(app.session_interface.name, made_up)
    visitor.get("/login")
    assert visitor.cookie() not in ("", made_up)


def test_only_the_digest_of_the_token_is_stored(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.get("/login")
    token = visitor.cookie()
    assert len(token) == 43
    with app.app_context(), scope(), unit_of_work() as session:
        rows = session.execute(text("SELECT id, s::text AS row FROM core.session s WHERE ip = :ip"), {"ip": visitor.ip})
        row = rows.one()
    assert row.id == ids.sha256(token)
    assert token not in row.row


def test_cookie_flags(app: Flask) -> None:
    answer = app.test_client().get("/login")
    cookie = flags(answer, app.session_interface.name)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_cookie_flags_with_https(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "session_interface", DatabaseSessions(https=True, port=443))
    answer = app.test_client().get("/login", base_url="https://localhost")
    cookie = flags(answer, "__Host-diwan")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_logout_ends_the_session_on_the_server(app: Flask, known: Visitor) -> None:
    visitor = Visitor(app, email=known.email)
    visitor.log_in(PASSWORD)
    token = visitor.cookie()
    visitor.get("/choose")
    assert visitor.get("/logout").status_code in (404, 405)
    assert visitor.post("/logout").status_code == 303
    thief = app.test_client()
    thief.set_cookie(app.session_interface.name, token)
    assert thief.get("/choose").location.startswith("/login")


@pytest.mark.parametrize("column", ["expires_at", "disabled_at"])
def test_an_old_session_and_a_closed_account_are_out(app: Flask, column: str) -> None:
    visitor = Visitor(app)
    path = visitor.sign_up()
    assert visitor.get(path).status_code == 200
    if column == "expires_at":
        run(app, "UPDATE core.session SET expires_at = :at WHERE ip = :ip", at=now(), ip=visitor.ip)
    else:
        run(app, 'UPDATE core."user" SET disabled_at = :at WHERE email = :email', at=now(), email=visitor.email)
    assert visitor.get(path).location.startswith("/login")


def test_idle_and_absolute_limits(app: Flask) -> None:
    """Use extends a session by the idle limit, but never beyond ninety days after login."""
    visitor = Visitor(app)
    path = visitor.sign_up()
    run(
        app,
        "UPDATE core.session SET created_at = :long_ago, seen_at = :before WHERE ip = :ip",
        long_ago=now() - timedelta(days=85),
        before=now() - timedelta(hours=1),
        ip=visitor.ip,
    )
    assert visitor.get(path).status_code == 200
    with app.app_context(), scope(), unit_of_work() as session:
        row = session.execute(text("SELECT * FROM core.session WHERE ip = :ip"), {"ip": visitor.ip}).one()
    assert timedelta(days=4.9) < row.expires_at - now() < timedelta(days=5.1)
    assert now() - row.seen_at < timedelta(minutes=1)


def test_reading_writes_nothing(app: Flask) -> None:
    visitor = Visitor(app)
    path = visitor.sign_up()
    visitor.get(path)
    read = "SELECT xmin::text FROM core.session WHERE ip = :ip"
    with app.app_context(), scope(), unit_of_work() as session:
        before = session.execute(text(read), {"ip": visitor.ip}).scalar_one()
    for _ in range(3):
        assert "Set-Cookie" not in visitor.get(path).headers
    with app.app_context(), scope(), unit_of_work() as session:
        assert session.execute(text(read), {"ip": visitor.ip}).scalar_one() == before


def test_error_pages_make_no_session(app: Flask) -> None:
    visitor = Visitor(app)
    for path in ("/nothing/here", "/reset/unknown", "/invitation/unknown"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


# --- forged requests


@pytest.mark.parametrize("path", ["/login", "/sign-up", "/forgot", "/logout", "/preferences/language"])
def test_forms_need_the_token_of_their_session(app: Flask, path: str) -> None:
    visitor, other = Visitor(app), Visitor(app)
    visitor.get("/login")
    other.get("/login")
    for token in ("", "nonsense", other.csrf):
        assert visitor.browser.post(path, data={"csrf_token": token}).status_code == 400


def test_forms_of_a_business_need_the_token(business: Business) -> None:
    client = business.client()
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    answer = client.post(f"{business.url}/settings", data={"name": "Stolen"})
    assert answer.status_code == 400
    assert "Stolen" not in client.get(f"{business.url}/settings").text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/ok\r\nX-Injected: 1",
    ],
)
def test_login_redirects_only_within_the_site(app: Flask, known: Visitor, target: str) -> None:
    visitor = Visitor(app, email=known.email)
    answer = visitor.log_in(PASSWORD, next=target)
    assert answer.location == "/"
    assert "X-Injected" not in answer.headers
    assert "evil" not in (visitor.get(f"/login?next={target}").location or "")


def test_login_brings_one_back(app: Flask, known: Visitor) -> None:
    visitor = Visitor(app, email=known.email)
    asked = visitor.get("/t/somewhere/contacts/contact?q=a&page=2")
    assert asked.location.startswith("/login?next=")
    visitor.get(asked.location)
    answer = visitor.post("/login", email=known.email, password=PASSWORD, next="/t/somewhere/contacts/contact?q=a")
    assert answer.location == "/t/somewhere/contacts/contact?q=a"


def test_language_switch_returns_only_to_this_site(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.get("/login")
    form = {"language": "ar", "csrf_token": visitor.csrf}
    answer = visitor.browser.post("/preferences/language", data=form, headers={"Referer": "https://evil.example/x"})
    assert answer.location == "/"
    answer = visitor.browser.post("/preferences/language", data=form, headers={"Referer": "http://localhost/sign-up"})
    assert answer.location == "/sign-up"
    assert 'dir="rtl"' in visitor.get("/sign-up").text
