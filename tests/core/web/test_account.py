"""One's own account: devices, password, name; what each act ends, whom it tells, and where it is written down."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from diwan.db import scope, unit_of_work
from diwan.db.direct import fetch_row
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business

PASSWORD = "seven quiet otters"
NEW = "five new blue herons"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
END = re.compile(r'formaction="(/account/sessions/[0-9a-f]{32}/end)"')


def visitor(app: Flask, email: str = "", agent: str = CHROME) -> Visitor:
    made = Visitor(app, email=email)
    made.browser.environ_base["HTTP_USER_AGENT"] = agent
    return made


@pytest.fixture
def mariam(app: Flask) -> Visitor:
    made = visitor(app)
    made.home = made.sign_up(password=PASSWORD)  # type: ignore[attr-defined]
    return made


def elsewhere(mariam: Visitor, agent: str = "curl/8.5.0") -> Visitor:
    made = visitor(mariam.app, mariam.email, agent)
    assert made.log_in(PASSWORD).status_code == 303
    return made


def logged(mariam: Visitor) -> str:
    return mariam.get(f"{mariam.home}/audit").text  # type: ignore[attr-defined]


def subjects(mariam: Visitor) -> list[str]:
    return [mail["Subject"] for mail in mariam.mails()]


@pytest.mark.parametrize("page", ["", "/profile", "/security", "/sessions"])
def test_strangers_are_sent_to_the_login(app: Flask, page: str) -> None:
    assert Visitor(app).get(f"/account{page}").location.startswith(("/login", "/account/profile"))


@pytest.mark.parametrize("act", ["profile", "password", "email", "sessions/end-others", f"sessions/{'0' * 32}/end"])
def test_strangers_and_forged_forms_change_nothing(mariam: Visitor, act: str) -> None:
    assert Visitor(mariam.app).post(f"/account/{act}").location.startswith("/login")
    assert mariam.browser.post(f"/account/{act}", data={"csrf_token": "forged"}).status_code == 400


def test_the_way_back_leads_to_a_business_of_ones_own(mariam: Visitor, business: Business) -> None:
    home = mariam.home  # type: ignore[attr-defined]
    assert f'href="/account?from={home.rpartition("/")[2]}"' in mariam.get(home).text
    assert f'href="{home}"' in mariam.get("/account/profile").text
    assert business.url not in mariam.get(f"/account/profile?from={business.tenant.slug}").text


# --- devices


def test_devices_are_listed_and_ended_at_once(mariam: Visitor) -> None:
    other = elsewhere(mariam)
    page = mariam.get("/account/sessions").text
    assert "Chrome on Windows" in page
    assert "curl/8.5.0" in page
    assert other.ip in page
    assert page.count("This device") == 1
    actions = END.findall(page)
    assert len(actions) == 1
    assert mariam.post(actions[0]).location == "/account/sessions"
    assert other.get("/choose").location.startswith("/login")
    assert mariam.get("/choose").status_code == 200
    assert "logged out one of their devices" in logged(mariam)
    assert "was logged out already" in mariam.get(mariam.post(actions[0]).location).text


def test_a_page_shows_nothing_that_opens_a_session(app: Flask, mariam: Visitor) -> None:
    with app.app_context(), scope():
        row = fetch_row(
            'SELECT s.id FROM core.session s JOIN core."user" u ON u.id = s.user_id WHERE u.email = %s', (mariam.email,)
        )
    other = elsewhere(mariam)
    page = other.get("/account/sessions").text
    for secret in (row.id.hex(), row.id.hex()[:32], mariam.cookie(), other.cookie()):
        assert secret not in page


def test_nobody_ends_the_session_of_another(mariam: Visitor) -> None:
    elsewhere(mariam)
    action = END.findall(mariam.get("/account/sessions").text)[0]
    stranger = visitor(mariam.app)
    stranger.sign_up()
    stranger.get("/account/sessions")
    stranger.post(action)
    assert action in mariam.get("/account/sessions").text


def test_all_others_are_ended_together(mariam: Visitor) -> None:
    others = [elsewhere(mariam) for _ in range(2)]
    mariam.get("/account/sessions")
    mariam.post("/account/sessions/end-others")
    assert "2 devices were logged out" in mariam.get("/account/sessions").text
    assert all(other.get("/choose").location.startswith("/login") for other in others)
    assert len(END.findall(mariam.get("/account/sessions").text)) == 0


def test_what_a_browser_says_of_itself_is_escaped(mariam: Visitor) -> None:
    elsewhere(mariam, agent="<script>alert(1)</script>")
    page = mariam.get("/account/sessions").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_country_is_shown_where_a_proxy_of_ours_tells_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    made = visitor(app)
    made.browser.environ_base["HTTP_X_COUNTRY"] = "KW"
    made.sign_up(password=PASSWORD)
    assert "Kuwait" not in made.get("/account/sessions").text
    monkeypatch.setitem(app.config, "DIWAN", replace(app.config["DIWAN"], country_header="X-Country"))
    other = visitor(app, made.email)
    other.browser.environ_base["HTTP_X_COUNTRY"] = "kw"
    other.log_in(PASSWORD)
    assert f"{other.ip}, Kuwait" in other.get("/account/sessions").text
    assert "Kuwait" in made.newest()
    forged = visitor(app, made.email)
    forged.browser.environ_base["HTTP_X_COUNTRY"] = "<b>"
    forged.log_in(PASSWORD)
    assert "<b>," not in forged.get("/account/sessions").text


# --- a new device


def test_a_new_device_is_told_by_mail_and_only_once(mariam: Visitor) -> None:
    assert not any("new device" in subject for subject in subjects(mariam))
    other = elsewhere(mariam, agent=CHROME.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64"))
    assert subjects(mariam)[-1] == "Your Diwan account was opened on a new device"
    text = mariam.newest()
    assert "Chrome on Linux" in text
    assert other.ip in text
    assert "/account/sessions" in text
    count = len(mariam.mails())
    for known in (other, mariam):
        known.get("/choose")
        known.post("/logout")
        known.csrf = ""
        known.log_in(PASSWORD)
    assert len(mariam.mails()) == count
    with mariam.app.app_context(), scope():
        plain = other.cookie(_device(other)).encode()
        assert fetch_row("SELECT count(*) AS n FROM core.device WHERE digest = %s", (plain,)).n == 0


def test_a_device_of_one_account_is_new_to_another(mariam: Visitor) -> None:
    other = visitor(mariam.app)
    other.sign_up(password=PASSWORD)
    other.get("/choose")
    other.post("/logout")
    shared = Visitor(mariam.app, email=mariam.email)
    shared.browser = other.browser
    assert shared.log_in(PASSWORD).status_code == 303
    assert "new device" in subjects(mariam)[-1]


def _device(visitor: Visitor) -> str:
    return f"{visitor.app.session_interface.name}-device"  # type: ignore[attr-defined]


# --- the password


def test_a_new_password_ends_all_other_sessions_and_is_told(mariam: Visitor) -> None:
    other, before = elsewhere(mariam), mariam.cookie()
    mariam.get("/account/security")
    assert mariam.post("/account/password", current=PASSWORD, password=NEW).location == "/account/security"
    assert other.get("/choose").location.startswith("/login")
    assert mariam.get("/account/security").status_code == 200
    assert mariam.cookie() != before
    assert "was changed" in subjects(mariam)[-1]
    assert visitor(mariam.app, mariam.email).log_in(PASSWORD).status_code == 422
    assert visitor(mariam.app, mariam.email).log_in(NEW).status_code == 303
    page = logged(mariam)
    assert NEW not in page
    assert PASSWORD not in page


@pytest.mark.parametrize(
    ("current", "password", "said"),
    [
        ("not my password", NEW, "This is not your password."),
        (PASSWORD, PASSWORD, "This is the password that you have."),
        (PASSWORD, "password123!", "among the first"),
        (PASSWORD, "Blue Horizon 1", "too close"),
        ("", "", "This is not your password."),
    ],
)
def test_a_password_is_refused_with_a_reason(mariam: Visitor, current: str, password: str, said: str) -> None:
    other = elsewhere(mariam)
    mariam.get("/account/security")
    answer = mariam.post("/account/password", current=current, password=password)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{password}"' not in answer.text or not password
    assert other.get("/choose").status_code == 200


def test_an_open_browser_is_no_place_to_guess_the_password(mariam: Visitor) -> None:
    mariam.get("/account/security")
    codes = [mariam.post("/account/password", current=f"guess {n}", password=NEW).status_code for n in range(8)]
    assert codes[:5] == [422] * 5
    assert 429 in codes[5:]
    answer = mariam.post("/account/email", email=f"{uuid4().hex[:8]}@example.com", password="guess")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


# --- the profile


def test_name_and_language_are_kept_and_the_name_is_written_down(mariam: Visitor) -> None:
    mariam.get("/account/profile")
    assert mariam.post("/account/profile", name="  Mariam   Sabah ", language="ar").location == "/account/profile"
    page = mariam.get("/account/profile").text
    assert 'lang="ar"' in page
    assert "Mariam Sabah" in page
    mariam.post("/account/profile", name="Mariam Sabah", language="en")
    assert "Mariam Sabah" in logged(mariam)
    answer = mariam.post("/account/profile", name=" ", language="en")
    assert answer.status_code == 422
    assert "Enter a name." in answer.text


def test_the_log_of_another_business_stays_out_of_it(mariam: Visitor, business: Business) -> None:
    from diwan.audit import service as audit

    mariam.get("/account/profile")
    mariam.post("/account/profile", name="Somebody Else", language="en")
    with business.acting(), unit_of_work():
        assert [entry for entry in audit.entries() if entry.action == "renamed"] == []


def test_a_person_of_two_businesses_is_written_down_in_both(mariam: Visitor) -> None:
    mariam.get("/businesses/new")
    second = mariam.post("/businesses/new", name="Second", country="DE", language="en").location
    mariam.get("/account/profile")
    mariam.post("/account/profile", name="Mariam In Both", language="en")
    for home in (mariam.home, second):  # type: ignore[attr-defined]
        assert "Mariam In Both" in mariam.get(f"{home}/audit").text
    assert "Your businesses" in mariam.get("/account/profile").text


# --- last seen


def test_last_seen_follows_the_session_without_a_statement_of_its_own(app: Flask, mariam: Visitor) -> None:
    with app.app_context(), scope():
        fetch_row("""UPDATE core.session SET seen_at = seen_at - interval '1 hour' WHERE user_id =
            (SELECT id FROM core."user" WHERE email = %s)""", (mariam.email,))  # fmt: skip
        fetch_row("UPDATE core.\"user\" SET seen_at = seen_at - interval '1 hour' WHERE email = %s", (mariam.email,))
        before = seen(mariam)
    mariam.get("/choose")
    with app.app_context(), scope():
        after = seen(mariam)
    mariam.get("/choose")
    with app.app_context(), scope():
        assert before is None or after > before
        assert seen(mariam) == after is not None


def seen(mariam: Visitor) -> Any:
    return fetch_row('SELECT seen_at FROM core."user" WHERE email = %s', (mariam.email,)).seen_at
