"""Attacks on second factors: half a sign-in, codes seen or guessed, passkeys copied or of other sites."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.testing.passkey import SecurityKey
from diwan.testing.two_steps import Careful
from diwan.testing.visitor import Visitor
from diwan.users.factors import service as steps
from diwan.web.auth import ceremony, second

PASSWORD = "seven quiet otters"


@pytest.fixture
def owner(app: Flask) -> Careful:
    """Somebody with a business and an app, signed in."""
    visitor = Careful(app)
    visitor.home = visitor.sign_up()  # type: ignore[attr-defined]
    assert visitor.enrol().status_code == 303
    return visitor


def another(owner: Careful, ip: str = "") -> Careful:
    """Another browser of somebody who knows the address and the password."""
    made = Careful(owner.app, email=owner.email, ip=ip)
    made.secret, made.papers = owner.secret, owner.papers
    return made


def rows(app: Flask, statement: str, **values: object) -> list[object]:
    with app.app_context(), scope(), unit_of_work() as session:
        found = session.execute(text(statement), values)
        return list(found) if found.returns_rows else []


# --- half a sign-in


def test_the_password_alone_opens_nothing(owner: Careful) -> None:
    thief = another(owner)
    assert thief.log_in(PASSWORD).location == "/login/second"
    home = owner.home  # type: ignore[attr-defined]
    for path in ("/choose", home, f"{home}/people", "/account/security", "/account/confirm", "/account/second-step",
                 "/account/security/app", "/account/security/codes", "/businesses/new"):  # fmt: skip
        assert thief.get(path).location.startswith("/login"), path
    for path in ("/account/security/app", "/account/security/app/off", "/account/security/codes", "/account/confirm",
                 "/account/password", "/account/security/passkeys/options", f"{home}/people/invitations"):  # fmt: skip
        assert thief.post(path, password=PASSWORD).location.startswith("/login"), path
    assert thief.get("/").location == "/login"


def test_a_session_half_signed_in_has_no_person(owner: Careful) -> None:
    thief = another(owner)
    thief.log_in(PASSWORD)
    found = rows(owner.app, "SELECT user_id, data FROM core.session WHERE ip = :ip", ip=thief.ip)
    assert [row.user_id for row in found] == [None]  # type: ignore[attr-defined]


def test_the_token_changes_at_each_step(owner: Careful) -> None:
    person = another(owner)
    person.get("/login")
    seen = [person.cookie()]
    person.log_in(PASSWORD)
    seen.append(person.cookie())
    assert person.second(owner.code()).status_code == 303
    seen.append(person.cookie())
    assert len(set(seen)) == 3
    assert person.get("/choose").status_code == 200
    for token in seen[:2]:
        old = owner.app.test_client()
        old.set_cookie(owner.app.session_interface.name, token)  # type: ignore[attr-defined]
        assert old.get("/choose").location.startswith("/login")
        assert old.get("/login/second").location == "/login"


def test_half_a_sign_in_ends_with_time_and_with_the_password(owner: Careful, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, late = another(owner), another(owner)
    slow.log_in(PASSWORD)
    late.log_in(PASSWORD)
    slow.get("/login/second")
    changed = owner.post("/account/password", current=PASSWORD, password="five new blue herons")
    assert changed.status_code == 303, changed.text
    assert slow.post("/login/second", way="app", code=owner.code()).location == "/login"
    assert slow.get("/choose").location.startswith("/login")
    fresh = another(owner)
    fresh.log_in("five new blue herons")
    fresh.get("/login/second")
    monkeypatch.setattr(second, "now", lambda: now() + timedelta(seconds=second.LIFE + 1))
    assert fresh.post("/login/second", way="app", code=owner.code()).location == "/login"


def test_a_link_by_mail_does_not_go_round_the_second_step(owner: Careful) -> None:
    thief = another(owner)
    thief.get("/forgot")
    thief.post("/forgot", email=owner.email)
    link = thief.link()
    thief.get(link)
    assert thief.post(link, password="five new blue herons").location == "/login/second"
    assert thief.get("/choose").location.startswith("/login")
    thief.csrf = ""
    assert thief.second(owner.code()).location == "/"
    assert thief.get("/choose").status_code == 200


def test_who_has_two_steps_is_not_told_to_those_without_the_password(owner: Careful, app: Flask) -> None:
    plain = Visitor(app)
    plain.sign_up()
    answers = []
    for email in (owner.email, plain.email, f"{uuid4().hex[:12]}@example.com"):
        stranger = Visitor(app, email=email)
        answer = stranger.log_in("wrong password!")
        answers.append((answer.status_code, "second" in answer.text))
    assert len(set(answers)) == 1


# --- codes


def test_a_code_that_was_seen_is_worth_nothing(owner: Careful) -> None:
    person, thief = another(owner), another(owner)
    person.log_in(PASSWORD)
    thief.log_in(PASSWORD)
    code = owner.code()
    assert person.second(code).status_code == 303
    assert thief.second(code).status_code == 422
    assert thief.get("/choose").location.startswith("/login")


def test_guessing_codes_is_limited_for_each_place_and_for_the_account(
    owner: Careful, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = another(owner)
    thief.log_in(PASSWORD)
    seen = [thief.second(f"{guess:06}").status_code for guess in range(7)]
    assert seen == [422] * 5 + [429] * 2
    assert thief.second(owner.code()).status_code == 429, "even with the right one"
    monkeypatch.setattr(steps, "SECOND_ACCOUNT", replace(steps.SECOND_ACCOUNT, name=uuid4().hex, free=2, wait=60))
    from_everywhere = []
    for guess in range(4):
        bot = another(owner)
        bot.log_in(PASSWORD)
        from_everywhere.append(bot.second(f"{guess:06}").status_code)
    assert from_everywhere == [422, 422, 429, 429]
    owner.post("/logout")
    owner.csrf = ""
    owner.log_in(PASSWORD)
    assert owner.second(owner.code()).status_code == 303, "the person's own device is spared"


def test_a_recovery_code_works_once_and_is_told_by_mail(owner: Careful) -> None:
    person = another(owner)
    person.log_in(PASSWORD)
    assert person.second(owner.papers[0], "recovery").status_code == 303
    assert any("recovery code was used" in mail["Subject"] for mail in person.mails())
    thief = another(owner)
    thief.log_in(PASSWORD)
    assert thief.second(owner.papers[0], "recovery").status_code == 422
    assert thief.second("", "recovery").status_code == 422
    assert thief.second("x", "nonsense").status_code == 422


def test_codes_and_keys_are_shown_once_and_kept_by_nobody(owner: Careful) -> None:
    page = owner.get("/account/security/codes")
    assert page.headers["Cache-Control"] == "no-store"
    assert len(owner.papers) == 10
    assert owner.papers[0] in owner.get("/account/security/codes.txt").text
    stored = rows(owner.app, "SELECT data::text AS data FROM core.session WHERE ip = :ip", ip=owner.ip)
    assert owner.papers[0] not in str(stored)
    assert owner.secret not in str(stored)
    owner.post("/account/security/codes/done")
    assert owner.get("/account/security/codes").location == "/account/security"
    assert owner.get("/account/security/codes.txt").location == "/account/security"
    assert owner.secret not in owner.get("/account/security").text


def test_a_browser_left_open_changes_no_factor(owner: Careful) -> None:
    def later() -> None:
        past = now() - timedelta(hours=1)
        rows(owner.app, "UPDATE core.session SET created_at = :at WHERE ip = :ip", at=past, ip=owner.ip)

    later()
    for path in ("app/off", "codes", "passkeys", "passkeys/options", f"passkeys/{uuid4()}/remove"):
        assert owner.post(f"/account/security/{path}").location.startswith("/account/confirm?"), path
    owner.get("/account/confirm")
    assert owner.post("/account/confirm", way="password", password="wrong password!").status_code == 422
    confirmed = owner.post("/account/confirm", way="password", password=PASSWORD, next="//evil.example")
    assert confirmed.location == "/account/security"
    owner.csrf = ""
    owner.get("/account/security")
    assert owner.post("/account/security/app/off").location == "/account/security"
    assert "turned off" in owner.mails()[-1]["Subject"]
    assert Visitor(owner.app, email=owner.email).log_in(PASSWORD).location == "/"


# --- passkeys


def test_a_passkey_is_a_whole_sign_in(owner: Careful) -> None:
    key = owner.add_passkey()
    person = another(owner)
    assert person.log_in_with(key, next="/account/profile").location == "/account/profile"
    assert person.get("/choose").status_code == 200
    data = rows(owner.app, "SELECT data FROM core.session WHERE ip = :ip", ip=person.ip)[0].data  # type: ignore[attr-defined]
    assert data[steps.PROVEN] is True


def test_a_passkey_is_a_second_step(owner: Careful) -> None:
    key = owner.add_passkey(SecurityKey(owner.app.config["DIWAN"].base_url, verifies=False))
    person = another(owner)
    assert person.log_in_with(key).status_code == 422, "without finger, face or PIN it is no whole sign-in"
    person.log_in(PASSWORD)
    person.get("/login/second?way=passkey")
    told = key.answer(person.options("/login/second/options"))
    assert person.post("/login/second", way="passkey", credential=told).status_code == 303


def test_a_passkey_of_somebody_else_is_no_second_step(owner: Careful, app: Flask) -> None:
    other = Careful(app)
    other.sign_up()
    key = other.add_passkey()
    thief = another(owner)
    thief.log_in(PASSWORD)
    thief.get("/login/second")
    # There is no passkey, so no way to ask for one; whoever sends one all the same is refused.
    told = key.answer({"rpId": "localhost", "challenge": "AAAA"})
    assert thief.post("/login/second", way="passkey", credential=told).status_code == 422
    options = thief.options("/login/second/options")
    assert options.get("allowCredentials", []) == []
    assert thief.post("/login/second", way="passkey", credential=key.answer(options)).status_code == 422
    assert thief.get("/choose").location.startswith("/login")


def test_an_answer_works_once(owner: Careful) -> None:
    key = owner.add_passkey()
    person = another(owner)
    person.get("/login")
    told = key.answer(person.options("/login/passkey/options"))
    assert person.post("/login/passkey", credential=told).status_code == 303
    thief = another(owner)
    thief.get("/login")
    assert thief.post("/login/passkey", credential=told).status_code == 422
    thief.options("/login/passkey/options")
    assert thief.post("/login/passkey", credential=told).status_code == 422


def test_a_challenge_is_gone_after_a_wrong_answer(owner: Careful) -> None:
    key = owner.add_passkey()
    person = another(owner)
    person.get("/login")
    told = key.answer(person.options("/login/passkey/options"))
    assert person.post("/login/passkey", credential="nonsense").status_code == 422
    assert person.post("/login/passkey", credential=told).status_code == 422
    assert person.log_in_with(key).status_code == 303


def test_a_challenge_is_old_after_five_minutes(owner: Careful, monkeypatch: pytest.MonkeyPatch) -> None:
    key = owner.add_passkey()
    person = another(owner)
    person.get("/login")
    told = key.answer(person.options("/login/passkey/options"))
    monkeypatch.setattr(ceremony, "now", lambda: now() + timedelta(seconds=ceremony.LIFE + 1))
    assert person.post("/login/passkey", credential=told).status_code == 422


def test_an_answer_for_another_page_is_refused(owner: Careful) -> None:
    """A page that looks like ours gets answers for its own address only."""
    key = owner.add_passkey()
    for lie in ({"origin": "https://diwan.evil.example"}, {"user_handle": uuid4().bytes}):
        false = replace(key, **lie, count=key.count + 10)
        assert another(owner).log_in_with(false).status_code == 422
    answered = another(owner)
    answered.get("/login")
    options = answered.options("/login/passkey/options")
    told = key.answer({**options, "rpId": "evil.example"})
    assert answered.post("/login/passkey", credential=told).status_code == 422
    assert another(owner).log_in_with(key).status_code == 303


def test_the_host_of_the_request_does_not_count(owner: Careful) -> None:
    thief = another(owner)
    thief.get("/login")
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = thief.browser.post("/login/passkey/options", data={"csrf_token": thief.csrf}, headers=headers)
    assert answer.status_code in (200, 400)
    assert "evil" not in answer.text


def test_a_copied_passkey_is_noticed(owner: Careful) -> None:
    """The copy counts from where it was made: whoever comes second with a number is out."""
    key = owner.add_passkey()
    copy = replace(key)
    assert another(owner).log_in_with(key).status_code == 303
    assert another(owner).log_in_with(key).status_code == 303
    assert another(owner).log_in_with(copy).status_code == 422
    still = SecurityKey(owner.app.config["DIWAN"].base_url, counts=False)
    owner.add_passkey(still)
    assert [another(owner).log_in_with(still).status_code for _ in range(2)] == [303, 303], "many keys do not count"


HANDLE = '{"rawId": "AAAA", "id": "AAAA", "type": "public-key", "response": {"userHandle": 7}}'
NONSENSE = ["", "{", "[]", "null", '{"rawId": 1, "response": {}}', '{"rawId": "AA"}', "x" * 30_000, HANDLE]


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_refused_politely(app: Flask, answer: str) -> None:
    stranger = Careful(app)
    stranger.get("/login")
    stranger.options("/login/passkey/options")
    said = stranger.post("/login/passkey", credential=answer)
    assert said.status_code == 422
    assert "passkey could not be checked" in said.text


def test_a_mangled_passkey_is_refused_politely(owner: Careful) -> None:
    key = owner.add_passkey()
    for part in ("authenticatorData", "clientDataJSON", "signature"):
        for value in ("AAAA", "", "####", 5, None):
            person = another(owner)
            person.get("/login")
            told = json.loads(key.answer(person.options("/login/passkey/options")))
            told["response"][part] = value
            assert person.post("/login/passkey", credential=json.dumps(told)).status_code == 422, (part, value)


def test_nobody_touches_the_passkeys_of_another(owner: Careful, app: Flask) -> None:
    owner.add_passkey()
    found = rows(app, 'SELECT p.id FROM core.passkey p JOIN core."user" u ON u.id = p.user_id WHERE u.email = :email',
                 email=owner.email)  # fmt: skip
    theirs = found[0].id  # type: ignore[attr-defined]
    thief = Careful(app)
    thief.sign_up()
    thief.get("/account/security")
    for path in (f"/account/security/passkeys/{theirs}", f"/account/security/passkeys/{theirs}/remove"):
        assert thief.post(path, name="Mine").status_code == 404
    assert thief.get(f"/account/security/passkeys/{theirs}").status_code == 404
    assert owner.get(f"/account/security/passkeys/{theirs}").status_code == 200


def test_a_closed_account_has_no_passkeys(owner: Careful) -> None:
    key = owner.add_passkey()
    rows(owner.app, 'UPDATE core."user" SET disabled_at = :at WHERE email = :email', at=now(), email=owner.email)
    assert another(owner).log_in_with(key).status_code == 422
