"""Another address for an account: the link to the new one, the way back from the old one, no answer for strangers."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask

from diwan.db import Tenant, scope, unit_of_work
from diwan.db.base import now
from diwan.errors import DiwanError
from diwan.tenants.service import actor_of, tenants_of
from diwan.testing.visitor import Visitor
from diwan.users import codes, email_change, tokens
from diwan.users import service as users
from diwan.users.factors.models import RecoveryCode, Totp

PASSWORD = "seven quiet otters"
UNDO = re.compile(r"/account/email/undo/[\w-]{43}")
CONFIRM = re.compile(r"/account/email/confirm/[\w-]{43}")


@pytest.fixture
def mariam(app: Flask) -> Visitor:
    made = Visitor(app)
    made.home = made.sign_up(password=PASSWORD)  # type: ignore[attr-defined]
    return made


def mailbox(app: Flask, email: str = "") -> Visitor:
    return Visitor(app, email=email or f"{uuid4().hex[:12]}@example.com")


def ask(mariam: Visitor, email: str, password: str = PASSWORD) -> str:
    mariam.get("/account/security")
    answer = mariam.post("/account/email", email=email, password=password)
    return answer.text if answer.status_code != 303 else mariam.get(answer.location).text


def link(box: Visitor, kind: re.Pattern[str]) -> str:
    found = kind.search(box.newest())
    assert found, box.newest()
    return found[0]


def test_the_address_changes_when_the_new_mailbox_says_so(app: Flask, mariam: Visitor) -> None:
    new, old = mailbox(app), mariam.email
    assert "We sent a link" in ask(mariam, new.email.upper())
    assert mariam.get("/account/security").text.count(old) >= 1
    path = link(new, CONFIRM)
    new.get(path)  # a mail scanner looks at it: nothing happens
    assert Visitor(app, email=new.email).log_in(PASSWORD).status_code == 422
    assert new.post(path).location == "/login"
    assert Visitor(app, email=new.email).log_in(PASSWORD).status_code == 303
    assert Visitor(app, email=old).log_in(PASSWORD).status_code == 422
    assert new.get(path).status_code == 404
    page = mariam.get(mariam.home).text  # type: ignore[attr-defined]
    assert new.email in page  # the membership went with the account
    log = mariam.get(f"{mariam.home}/audit").text  # type: ignore[attr-defined]
    assert old in log
    assert new.email in log


def test_the_old_mailbox_is_told_and_stops_it_before_it_happens(app: Flask, mariam: Visitor) -> None:
    new, old = mailbox(app), mailbox(app, mariam.email)
    ask(mariam, new.email)
    assert new.email in old.newest()
    undo, confirm = link(old, UNDO), link(new, CONFIRM)
    assert old.get(undo).status_code == 200
    assert old.post(undo).location.startswith("/reset/")
    assert new.get(confirm).status_code == 404
    assert mariam.get("/choose").location.startswith("/login")


def test_the_old_mailbox_takes_the_account_back(app: Flask, mariam: Visitor) -> None:
    thief, owner = mailbox(app), mailbox(app, mariam.email)
    ask(mariam, thief.email)
    undo = link(owner, UNDO)
    path = link(thief, CONFIRM)
    thief.get(path)
    thief.post(path)
    # The thief goes on: a second change, whose way back leads to the thief.
    third = mailbox(app)
    ask(mariam, third.email)
    back_to_thief = link(thief, UNDO)
    pending = link(third, CONFIRM)
    owner.get(undo)
    reset = owner.post(undo).location
    assert reset.startswith("/reset/")
    assert mariam.get("/choose").location.startswith("/login")
    assert owner.get(undo).status_code == 404
    assert thief.get(back_to_thief).status_code == 404
    assert third.get(pending).status_code == 404
    # The password that the thief knew is gone with it.
    assert Visitor(app, email=owner.email).log_in(PASSWORD).status_code == 422
    owner.get(reset)
    assert owner.post(reset, password="five new blue herons").status_code == 303
    assert Visitor(app, email=owner.email).log_in("five new blue herons").status_code == 303
    assert owner.email in owner.get("/account/security").text


def test_what_a_thief_added_goes_with_the_thief(app: Flask, mariam: Visitor) -> None:
    with app.app_context(), scope(), unit_of_work() as session:
        user = users.find_user(mariam.email)
        assert user is not None
        tenant = tenants_of(user.id)[0]
        session.add(Totp(user_id=user.id, secret=b"x", last_step=0, created_at=now()))
        own = mariam.email
    token_before = make_token(app, tenant, own, "before")
    thief, owner = mailbox(app), mailbox(app, own)
    ask(mariam, thief.email)
    undo = link(owner, UNDO)
    token_after = make_token(app, tenant, own, "after")
    with app.app_context(), scope(), unit_of_work() as session:
        user = users.find_user(own)
        assert user is not None
        session.add(RecoveryCode(user_id=user.id, digest=b"x" * 32))
        number = user.id
    owner.get(undo)
    owner.post(undo)
    with app.app_context(), scope(), unit_of_work() as session:
        assert session.get(Totp, number) is not None  # the owner's own, from before
        assert session.query(RecoveryCode).filter_by(user_id=number).count() == 0
    with app.app_context(), scope():
        assert tokens.open_token(token_before)[0].id == tenant.id
        with pytest.raises(DiwanError):
            tokens.open_token(token_after)


def make_token(app: Flask, tenant: Tenant, email: str, name: str) -> str:
    with app.app_context(), scope(), unit_of_work():
        user = users.find_user(email)
        assert user is not None
        actor = actor_of(user, ("*",))
    with app.app_context(), scope(tenant=tenant, user=actor), unit_of_work():
        return tokens.create(name)[1]


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_mail(app: Flask, mariam: Visitor) -> None:
    other = Visitor(app)
    other.sign_up()
    free = ask(mariam, mailbox(app).email)
    taken = ask(mariam, other.email)
    assert re.sub(r"[\w.]+@example\.com", "", taken).count("We sent a link") == free.count("We sent a link") == 1
    assert other.mails()[-1]["Subject"] == "Your address was asked for"
    assert "confirm" not in other.newest()
    assert "gets another address" in mariam.mails()[-1]["Subject"]


def test_an_address_that_was_taken_in_the_meantime_is_refused(app: Flask, mariam: Visitor) -> None:
    new = Visitor(app)
    ask(mariam, new.email)
    path = link(new, CONFIRM)
    new.sign_up()
    new.get(path)
    answer = new.post(path)
    assert answer.status_code >= 400
    assert "another account" in answer.text
    assert Visitor(app, email=mariam.email).log_in(PASSWORD).status_code == 303


@pytest.mark.parametrize(("email", "password", "said"), [
    ("new@example.com", "wrong", "This is not your password."), ("nonsense", PASSWORD, "complete e-mail address"),
    ("", PASSWORD, "complete e-mail address"), ("mine", PASSWORD, "your address already"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_reason(
    app: Flask, mariam: Visitor, email: str, password: str, said: str
) -> None:
    mariam.get("/account/security")
    before = len(mariam.mails())
    answer = mariam.post("/account/email", email=mariam.email if email == "mine" else email, password=password)
    assert answer.status_code == 422
    assert said in answer.text
    assert len(mariam.mails()) == before


def test_links_end_and_are_good_for_one_thing(app: Flask, mariam: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = mailbox(app), mailbox(app, mariam.email)
    ask(mariam, new.email)
    confirm, undo = link(new, CONFIRM), link(old, UNDO)
    secret, back = confirm.rpartition("/")[2], undo.rpartition("/")[2]
    for wrong in (f"/reset/{secret}", f"/account/email/undo/{secret}", f"/account/email/confirm/{back}"):
        assert new.get(wrong).status_code == 404
    monkeypatch.setattr(codes, "now", lambda: now() + email_change.EMAIL_LIFE)
    assert new.get(confirm).status_code == 404
    assert old.get(undo).status_code == 200
    monkeypatch.setattr(codes, "now", lambda: now() + timedelta(hours=72))
    assert old.get(undo).status_code == 404


def test_a_new_request_ends_the_one_before(app: Flask, mariam: Visitor) -> None:
    first, second = mailbox(app), mailbox(app)
    ask(mariam, first.email)
    ask(mariam, second.email)
    assert first.get(link(first, CONFIRM)).status_code == 404
    assert second.get(link(second, CONFIRM)).status_code == 200


def test_mails_to_one_address_are_few(app: Flask, mariam: Visitor) -> None:
    answers = []
    for _ in range(6):
        mariam.get("/account/security")
        answers.append(mariam.post("/account/email", email=mailbox(app).email, password=PASSWORD).status_code)
    assert answers[:4] == [303] * 4
    assert answers[4:] == [429] * 2
