"""No page shows a text that no catalogue translates: every page is read in a made-up language."""

from __future__ import annotations

import io
import re
from html import escape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from diwan import jobs
from diwan.db import current
from diwan.mail import service
from diwan.testing.mails import VALUES
from diwan.testing.texts import untranslated
from diwan.testing.visitor import CSRF
from diwan.testing.world import Business

CONTACT = {
    "name": "النور",
    "kind": "organisation",
    "roles": ["customer", "supplier"],
    "email": "noor@example.com",
    "country": "KW",
    "code": "N-1",
}
TABLE = "name,e-mail,country\nالأفق,ufuq@example.com,KW\nالبحر,wrong,Nowhere\n,nobody@example.com,\n"
SHOWN = {"noor@example.com", "N-1", "ufuq@example.com", "nobody@example.com", "contacts.csv", "Nowhere", "wrong"}


def test_every_page_of_a_business(reader, pseudo_business: Business) -> None:
    base = pseudo_business.url
    reader.data |= SHOWN | {"name", "e-mail", "country", "KWD", "back draft"}  # the last: for the script of boards
    made = reader.post(f"{base}/contacts/contact/new", **CONTACT)
    assert made.status_code == 303, made.text
    reader.post(made.location, **{**CONTACT, "version": "1", "code": "", "phone": "+965 2222 3333"})
    reader.post(f"{base}/contacts/contact/new", **{**CONTACT, "code": "N-1", "name": "البحر"})
    reader.post(f"{made.location}/archive")
    reader.post(f"{base}/hello/greeting/new", text="أهلًا", language="ar")
    for kind in ("", "?kind=service"):
        reader.post(f"{base}/tokens/new{kind}", name="تكامل", scope="read", expires="30")
    reader.post(f"{base}/people/invitations", email="noor@example.com", roles="owner")
    reader.post(f"{base}/people/roles/new", **{"name": "بائع", "g.contacts.contact.read": "own"})

    reader.walk(base, "/choose", f"{base}/contacts/contact?q=noor", f"{base}/search?q=noor", f"{base}/search")

    assert reader.left == {}
    assert len(reader.read) > 30
    broken = {path: status for path, status in reader.read.items() if status >= 400}
    assert broken == {}


def test_what_forms_say_to_wrong_values(reader, pseudo_business: Business) -> None:
    base = pseudo_business.url
    reader.data |= {"wrong"}
    forms: dict[str, dict[str, object]] = {
        f"{base}/contacts/contact/new": {
            "name": "", "kind": "wrong", "email": "wrong", "phone": "wrong", "website": "wrong", "country": "wrong",
            "code": "1" * 50, "organisation": "wrong", "address-0-kind": "office", "address-0-city": "الكويت",
        },
        f"{base}/settings": {"name": "", "country": "wrong", "language": "wrong", "timezone": "wrong"},
        f"{base}/tokens/new": {"name": "", "scope": "wrong", "expires": "wrong"},
        f"{base}/tokens/new?kind=service": {"name": "", "scope": "chosen", "expires": "30", "grants": "wrong"},
        f"{base}/people/invitations": {"email": "wrong"},
        f"{base}/people/roles/new": {"name": "", "g.contacts.contact.read": "wrong!"},
        "/businesses/new": {"business": "", "country": "wrong"},
    }  # fmt: skip
    for place, form in forms.items():
        answer = reader.post(place, **form)
        assert answer.status_code == 422, place
    reader.get(f"{base}/nothing/here")
    reader.get("/nothing")
    reader.get("/t/nobody")
    assert reader.left == {}


def test_every_step_of_an_import(reader, pseudo_business: Business) -> None:
    reader.data |= SHOWN | {"name", "e-mail", "country", "KW"}
    start = f"{pseudo_business.url}/contacts/contact/import"
    for content in (b"%PDF-1.7", b"", b"PK\x03\x04", b"{}"):
        answer = reader.post(start, file=(io.BytesIO(content), "contacts.csv"))
        assert answer.status_code in (413, 422), answer.text
    begun = reader.post(start, file=(io.BytesIO(TABLE.encode()), "contacts.csv"))
    assert begun.status_code == 303, begun.text
    run = begun.location
    reader.get(run)
    reader.post(run)
    mapped = reader.post(
        run, **{"column-0": "name", "column-1": "email", "column-2": "country", "match": "email:update"}
    )
    assert mapped.status_code == 303, mapped.text
    reader.get(f"{run}/check")
    _work(pseudo_business)
    reader.get(f"{run}/check")
    reader.post(f"{run}/check")
    reader.get(f"{run}/run")
    _work(pseudo_business)
    reader.get(f"{run}/result")
    reader.post(f"{run}/undo")
    _work(pseudo_business)
    reader.get(f"{run}/result")
    reader.get(start)
    assert reader.left == {}
    assert reader.read[f"{run}/result"] == 200


def _work(business: Business) -> None:
    with business.acting():
        jobs.run_pending()
        current.session.commit()


def test_every_page_for_visitors(visitor) -> None:
    login = visitor.get("/login")
    csrf = CSRF.search(login.text)
    assert csrf
    token = csrf[1]
    visitor.walk("/login", "/sign-up", "/forgot", "/reset/wrong", "/invitation/wrong", "/nothing")
    visitor.post("/login", csrf_token=token, email="wrong@example.com", password="wrong")
    visitor.post("/sign-up", csrf_token=token, email="wrong", business="", country="wrong", language="wrong")
    visitor.post("/forgot", csrf_token=token, email="name@example.com")
    begun = {"email": "name@example.com", "business": "شركة", "country": "KW", "language": "xx"}
    assert visitor.post("/sign-up", csrf_token=token, **begun).status_code == 303
    visitor.get("/sign-up/code")
    visitor.post("/sign-up/code", csrf_token=token, code="000000")
    visitor.post("/login", email="without a token")
    assert visitor.left == {}
    assert visitor.read["/sign-up"] == 200


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>⟦Save⟧</p>", []),
        ("<p>Save</p>", ["Save"]),
        ("<p>⟦Search ⟦Contacts⟧⟧ 12/2 · الكويت</p>", []),
        ("<p>⟦Search⟧ contacts</p>", ["⟦Search⟧ contacts"]),
        ('<input placeholder="Name" aria-label="⟦Name⟧">', ["Name"]),
        ('<button data-confirm="Really delete it?" data-row="x">⟦Delete⟧</button>', ["Really delete it?"]),
        ("<p>Acme Ltd</p><script>let words = 1</script><p>Acme</p>", ["Acme"]),
    ],
)
def test_the_reader_finds_what_is_not_translated(html: str, found: list[str]) -> None:
    assert untranslated(html, {"Acme Ltd"}) == found


def test_the_address_of_a_form_is_no_text(client: FlaskClient, business: Business) -> None:
    """The same pages in English: the reader must find plenty there, or it reads nothing."""
    page = client.get(business.url).text
    assert len(untranslated(page)) > 10
    assert not re.search("⟦", page)


@pytest.mark.parametrize("example", VALUES)
def test_every_mail(pseudo: str, app: Flask, example: str) -> None:
    with app.app_context():
        mail = service.compose("salem@example.com", example.partition(".")[0], pseudo, VALUES[example])
    said = {part.get_content_subtype(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    parts = [escape(mail["Subject"]), escape(said["plain"]), said["html"]]
    typed = {str(value) for value in VALUES[example].values()} | set(VALUES[example].get("report", []))
    for part in parts:
        assert untranslated(re.sub(r"https?://\S+?(?=[\s<])", "", part), typed | {app.config["DIWAN"].base_url}) == []
