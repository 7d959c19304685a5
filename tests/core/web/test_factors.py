"""Two-step sign-in of one's own account: its page, what each act leaves behind and whom it tells."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from diwan.testing.two_steps import Careful
from diwan.testing.visitor import Visitor
from diwan.users import factors
from diwan.users.factors import recovery
from diwan.users.factors.passkeys import site_of

PASSWORD = "seven quiet otters"


@pytest.fixture
def person(app: Flask) -> Careful:
    visitor = Careful(app)
    visitor.home = visitor.sign_up()  # type: ignore[attr-defined]
    return visitor


def told(person: Visitor) -> list[str]:
    return [mail["Subject"] for mail in person.mails()]


def test_strangers_are_sent_to_the_login(app: Flask) -> None:
    for path in (
        "security/app",
        "security/passkeys/new",
        "security/codes",
        "security/codes.txt",
        "confirm",
        "second-step",
    ):
        assert Visitor(app).get(f"/account/{path}").location.startswith("/login?next=")


def test_a_wrong_code_enrols_nothing_and_keeps_the_key(person: Careful) -> None:
    page = person.get("/account/security/app")
    key = re.search(r'class="key"[^>]*><code>([^<]+)', page.text)
    assert key is not None
    answer = person.post("/account/security/app", code="000 000")
    assert answer.status_code == 422
    assert "This code does not fit" in answer.text
    assert key[1] in answer.text, "the app that was set up just now still fits"
    assert "off" in person.get("/account/security").text


def test_what_was_done_is_told_by_mail_and_in_the_log(person: Careful) -> None:
    person.enrol()
    person.add_passkey()
    page = person.get("/account/security").text
    assert "10 codes left" in page
    assert "My key" in page
    assert person.get("/account/security/app").location == "/account/security", "there is one app"
    person.post("/account/security/codes")
    person.post("/account/security/app/off")
    assert [subject for subject in told(person) if "Diwan account" in subject][:4] == [
        "An authenticator app was set up for your Diwan account",
        "A passkey was added to your Diwan account",
        "New recovery codes were made for your Diwan account",
        "The authenticator app of your Diwan account was turned off",
    ]
    log = person.get(f"{person.home}/audit").text  # type: ignore[attr-defined]
    for words in ("added a step to their sign-in", "made new recovery codes", "removed a step from their sign-in"):
        assert words in log


def test_a_passkey_is_renamed_and_removed(person: Careful) -> None:
    person.add_passkey()
    found = re.search(r"/account/security/passkeys/[0-9a-f-]{36}", person.get("/account/security").text)
    assert found is not None
    assert person.post(found[0], name="").status_code == 422
    assert person.post(found[0], name="  Work <b>laptop ").location == "/account/security"
    assert "Work &lt;b&gt;laptop" in person.get("/account/security").text
    assert person.post(f"{found[0]}/remove").location == "/account/security"
    assert "A passkey was removed from your Diwan account" in told(person)
    mail = person.mails()[-1].get_body(("html",))
    assert "Work &lt;b&gt;laptop" in mail.get_content()  # type: ignore[union-attr]
    assert person.post(f"{found[0]}/remove").status_code == 404


def test_few_codes_are_said(person: Careful, monkeypatch: pytest.MonkeyPatch) -> None:
    person.enrol()
    monkeypatch.setattr(recovery, "FEW", 9)
    again = Careful(person.app, email=person.email)
    again.log_in(PASSWORD)
    assert again.second(person.papers[0], "recovery").location == "/"
    page = again.get("/account/security").text
    assert "9 codes left" in page
    assert "Make new ones soon" in page


def test_a_sign_in_of_two_steps_stands_so_in_the_log(person: Careful) -> None:
    person.enrol()
    again = Careful(person.app, email=person.email)
    again.log_in(PASSWORD)
    again.second(person.code())
    again.get(person.home)  # type: ignore[attr-defined]
    assert "Two steps" in again.get(f"{person.home}/audit").text  # type: ignore[attr-defined]


def test_the_second_step_leads_to_where_one_was_going(person: Careful) -> None:
    person.enrol()
    again = Careful(person.app, email=person.email)
    where = f"{person.home}/people"  # type: ignore[attr-defined]
    assert again.log_in(PASSWORD, next=where).location == "/login/second"
    assert again.second(person.code()).location == where
    again.get("/choose")
    assert again.post("/login/second", way="app", code=person.code()).location == "/", "sent twice"


def test_codes_are_a_file_for_programs_that_print(person: Careful) -> None:
    person.enrol()
    answer = person.get("/account/security/codes.txt")
    assert answer.mimetype == "text/plain"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert all(code in answer.text for code in person.papers)


def test_without_a_name_there_are_no_passkeys(person: Careful, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diwan.web.auth.ceremony.site_of", lambda _url: None)
    assert "Log in with a passkey" not in Visitor(person.app).get("/login").text
    assert "/passkeys/new" not in person.get("/account/security").text
    assert person.post("/account/security/passkeys/options").status_code == 422


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://diwan.example", ("diwan.example", "https://diwan.example")),
        ("https://diwan.example:443/", ("diwan.example", "https://diwan.example")),
        ("https://diwan.example:8443", ("diwan.example", "https://diwan.example:8443")),
        ("http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("http://diwan.example", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("", None),
    ],
)
def test_whose_passkeys_they_are(url: str, found: tuple[str, str] | None) -> None:
    site = site_of(url)
    assert (site and (site.id, site.origin)) == found


def test_factors_are_false_when_there_are_none() -> None:
    assert not factors.Factors(False, 0, 5)
    assert factors.Factors(False, 1, 0)
