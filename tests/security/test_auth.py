"""Attacks on accounts: strangers, guessing, enumeration, forged hosts, dead links."""

import re
import time
from dataclasses import replace
from statistics import median
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business
from diwan.users import codes, passwords
from diwan.users import service as users

PASSWORD = "seven quiet otters"


@pytest.fixture(scope="module")
def known(app: Flask) -> Visitor:
    """Somebody with an account and a business."""
    visitor = Visitor(app)
    visitor.sign_up()
    return visitor


def run(app: Flask, statement: str, **values: object) -> None:
    with app.app_context(), scope(), unit_of_work() as session:
        session.execute(text(statement), values)


# --- strangers


def test_strangers_and_unknown_businesses_look_the_same(app: Flask, business: Business) -> None:
    stranger = Visitor(app)
    stranger.sign_up()
    seen = set()
    for slug in (business.tenant.slug, f"no-such-{uuid4().hex[:8]}", "x" * 300):
        for path in ("", "/people", "/contacts/contact", "/settings"):
            answer = stranger.get(f"/t/{slug}{path}")
            assert answer.status_code == 404
            body = re.sub(r'content="[^"]*"|value="[^"]*"|<code dir="ltr">[^<]*', "", answer.text)
            seen.add(body)
    assert len(seen) == 1


def test_anonymous_people_do_not_learn_which_businesses_exist(app: Flask, business: Business) -> None:
    for slug in (business.tenant.slug, "no-such-business"):
        answer = Visitor(app).get(f"/t/{slug}/people")
        assert answer.location == f"/login?next=%2Ft%2F{slug}%2Fpeople"


# --- guessing


def login_row(app: Flask, email: str) -> None:
    """Forget what was counted for an address."""
    with app.app_context():
        users.LOGIN_ACCOUNT.forget(email)


def test_guessing_is_slowed_down_but_the_owner_is_not_locked_out(app: Flask) -> None:
    owner = Visitor(app)
    owner.sign_up()
    attacker = Visitor(app, email=owner.email)
    codes_seen = [attacker.log_in("wrong password!").status_code for _ in range(7)]
    assert codes_seen == [422] * 5 + [429] * 2
    assert attacker.log_in(PASSWORD).status_code == 429
    assert Visitor(app, email=owner.email).log_in(PASSWORD).status_code == 303


def test_an_attack_from_everywhere_spares_a_known_device(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Visitor(app)
    owner.sign_up()
    owner.post("/logout")
    monkeypatch.setattr(users, "LOGIN_ACCOUNT", replace(users.LOGIN_ACCOUNT, name=uuid4().hex, free=2, wait=60))
    for _ in range(3):
        Visitor(app, email=owner.email).log_in("wrong password!")
    assert Visitor(app, email=owner.email).log_in(PASSWORD).status_code == 429
    assert owner.log_in(PASSWORD).status_code == 303


def test_a_forged_device_is_not_known(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, thief = Visitor(app), Visitor(app)
    owner.sign_up()
    thief.sign_up()
    thief.post("/logout")
    thief.email = owner.email
    monkeypatch.setattr(users, "LOGIN_ACCOUNT", replace(users.LOGIN_ACCOUNT, name=uuid4().hex, free=1, wait=60))
    thief.log_in("wrong password!")
    assert thief.log_in(PASSWORD).status_code == 429


def test_codes_cannot_be_tried_out(app: Flask) -> None:
    """A new code costs a mail, five tries end it, and both are limited by address and by place."""
    attacker = Visitor(app)
    tried = 0
    for _ in range(8):
        answer = attacker.post("/sign-up", email=attacker.email, business="A", country="DE", language="en")
        if answer.status_code == 429:
            break
        for guess in range(8):
            tried += attacker.post("/sign-up/code", code=f"{guess:06}").status_code == 422
    assert tried <= 20


# --- enumeration


def test_sign_up_answers_the_same_for_a_known_address(app: Flask, known: Visitor) -> None:
    before = len(known.mails())
    pages = []
    for email in (known.email, f"{uuid4().hex[:12]}@example.com"):
        visitor = Visitor(app, email=email)
        sent = visitor.post("/sign-up", email=email, business="A", country="DE", language="en")
        page = visitor.get("/sign-up/code").text.replace(email, "E")
        wrong = visitor.post("/sign-up/code", code="000000")
        pages.append(
            (sent.status_code, sent.location, re.sub(r'content="[^"]*"|value="[^"]*"', "", page), wrong.status)
        )
    assert pages[0] == pages[1]
    assert len(known.mails()) == before + 1
    assert "already have" in known.mails()[-1]["Subject"]
    assert not re.search(r"\b\d{6}\b", known.newest())


def test_login_and_reset_answer_the_same_for_an_unknown_address(app: Flask, known: Visitor) -> None:
    for path, form in (("/login", {"password": "wrong password!"}), ("/forgot", {})):
        pages = []
        for email in (known.email, f"{uuid4().hex[:12]}@example.com"):
            visitor = Visitor(app, email=email)
            answer = visitor.post(path, email=email, **form)
            page = re.sub(r'content="[^"]*"|value="[^"]*"', "", answer.text.replace(email, "E"))
            pages.append((answer.status_code, page))
        assert pages[0] == pages[1]


def test_an_unknown_address_costs_the_same_digest(app: Flask, known: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    original = passwords.HASHER

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return original.verify(stored, password)

        def __getattr__(self, name: str) -> object:
            return getattr(original, name)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for email in (known.email, f"{uuid4().hex[:12]}@example.com", "nonsense"):
        Visitor(app, email=email).log_in("wrong password!")
    assert len(verified) == 3
    parameters = {stored.rsplit("$", 2)[0] for stored in verified}
    assert len(parameters) == 1


def test_the_time_of_a_login_tells_nothing(app: Flask, known: Visitor) -> None:
    times: dict[str, list[float]] = {known.email: [], "nobody@example.com": []}
    for _ in range(5):
        for email, measured in times.items():
            visitor = Visitor(app, email=email)
            visitor.get("/login")
            started = time.process_time()
            visitor.post("/login", email=email, password="wrong password!")
            measured.append(time.process_time() - started)
            login_row(app, email)
    first, second = (median(measured) for measured in times.values())
    assert 0.5 < first / second < 2


# --- links in mails


def test_reset_by_mail_once_and_everywhere_else_logged_out(app: Flask) -> None:
    owner, elsewhere = Visitor(app), None
    owner.sign_up()
    elsewhere = Visitor(app, email=owner.email)
    elsewhere.log_in(PASSWORD)
    here = Visitor(app, email=owner.email)
    here.get("/forgot")
    assert here.post("/forgot", email=owner.email.upper()).status_code == 200
    link = here.link()
    here.get(link)
    assert here.post(link, password="short").status_code == 422
    assert here.post(link, password="five new blue herons").location == "/"
    assert elsewhere.get("/choose").location.startswith("/login")
    assert owner.get("/choose").location.startswith("/login")
    assert here.get("/choose").status_code == 200
    assert "was changed" in here.mails()[-1]["Subject"]
    assert here.get(link).status_code == 404
    here.get("/choose")
    assert here.post(link, password="another fine password").status_code == 404
    assert Visitor(app, email=owner.email).log_in(PASSWORD).status_code == 422
    assert Visitor(app, email=owner.email).log_in("five new blue herons").status_code == 303


def test_an_old_reset_link_is_dead(app: Flask, known: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(app, email=known.email)
    visitor.get("/forgot")
    visitor.post("/forgot", email=known.email)
    link = visitor.link()
    assert visitor.get(link).status_code == 200
    monkeypatch.setattr(codes, "now", lambda: now() + codes.LINK_LIFE)
    assert visitor.get(link).status_code == 404


def test_a_sign_up_code_is_no_reset_link_and_the_other_way_round(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="A", country="DE", language="en")
    assert visitor.get(f"/reset/{visitor.code()}").status_code == 404


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto"])
def test_links_in_mails_do_not_follow_the_request(app: Flask, known: Visitor, header: str) -> None:
    visitor = Visitor(app, email=f"{uuid4().hex[:12]}@example.com")
    visitor.sign_up()
    visitor.post("/logout")
    visitor.get("/forgot")
    form = {"email": visitor.email, "csrf_token": visitor.csrf}
    answer = visitor.browser.post("/forgot", data=form, headers={header: "evil.example"})
    if answer.status_code == 400:  # a host that is not ours is not served at all
        assert header == "Host"
        return
    assert "evil" not in visitor.newest()
    assert app.config["DIWAN"].base_url in visitor.newest()


def test_mails_repeat_nothing_that_a_stranger_typed(app: Flask) -> None:
    visitor = Visitor(app)
    business = "Win a prize at http://evil.example"
    visitor.post("/sign-up", email=visitor.email, business=business, country="DE", language="en")
    assert "evil" not in str(visitor.mails()[-1])


def test_a_password_is_hashed_again_when_parameters_change(app: Flask) -> None:
    from argon2 import PasswordHasher

    visitor = Visitor(app)
    visitor.sign_up()
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    run(app, 'UPDATE core."user" SET password_hash = :hash WHERE email = :email', hash=old, email=visitor.email)
    assert Visitor(app, email=visitor.email).log_in(PASSWORD).status_code == 303
    with app.app_context(), scope(), unit_of_work():
        user = users.find_user(visitor.email)
        assert user is not None
        assert not passwords.needs_rehash(user.password_hash)
