"""The screens of API tokens: made by choosing permissions, shown once, seen and revoked by who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.testing.world import Business
from diwan.users import tokens

SECRET = re.compile(r'value="(dwn_[\w-]{43})"')


def make(client: Any, business: Business, kind: str = "", **form: Any) -> Any:
    values = {"name": "Shop", "scope": "all", "expires": "365", **form}
    return client.post(f"{business.url}/tokens/new" + (f"?kind={kind}" if kind else ""), data=values)


def secret_of(answer: Any) -> str:
    found = SECRET.search(answer.text)
    assert answer.status_code == 200
    assert found, answer.text
    return found[1]


def test_a_token_is_made_shown_once_and_revoked(app: Flask, business: Business) -> None:
    client = business.client()
    assert "No tokens yet" in client.get(f"{business.url}/tokens").text
    secret = secret_of(make(client, business, name="My script"))
    page = client.get(f"{business.url}/tokens").text
    assert secret not in page
    assert "My script" in page
    assert secret[:10] in page
    with app.app_context(), scope():
        assert tokens.open_token(secret, "10.4.5.6")[1].can("core.role.update")
    page = client.get(f"{business.url}/tokens").text
    assert "10.4.5.6" in page
    place = re.search(r'formaction="([^"]+/revoke)"', page)
    assert place
    assert client.post(place[1]).status_code == 303
    assert "My script" not in client.get(f"{business.url}/tokens").text.replace("The token “My script” was revoked", "")


def test_permissions_are_chosen(app: Flask, business: Business) -> None:
    client = business.client()
    page = client.get(f"{business.url}/tokens/new").text
    assert 'value="contacts.contact.read"' in page
    assert 'value="core.role.update"' in page
    chosen = ["contacts.contact.read", "contacts.contact.create"]
    secret = secret_of(make(client, business, scope="chosen", grants=chosen))
    with app.app_context(), scope():
        actor = tokens.open_token(secret)[1]
    assert actor.can("contacts.contact.create")
    assert not actor.can("contacts.contact.delete")
    assert not actor.can("core.role.update")
    reading = secret_of(make(client, business, scope="read"))
    with app.app_context(), scope():
        actor = tokens.open_token(reading)[1]
    assert actor.can("contacts.contact.read")
    assert not actor.can("contacts.contact.create")


@pytest.mark.parametrize(
    "form",
    [
        {"name": " "},
        {"scope": "chosen"},
        {"scope": "chosen", "grants": ["contacts.contact.read", "nobody.knows.this"]},
        {"scope": "chosen", "grants": ["*"]},
        {"scope": "other"},
        {"expires": "7"},
    ],
)
def test_what_makes_no_sense_comes_back(business: Business, form: dict[str, Any]) -> None:
    answer = make(business.client(), business, **form)
    assert answer.status_code == 422
    assert 'class="err"' in answer.text


def test_one_is_offered_what_one_holds(business: Business) -> None:
    member = business.member("core.token.manage", "contacts.contact.read")
    client = business.client(member)
    page = client.get(f"{business.url}/tokens/new").text
    assert 'value="contacts.contact.read"' in page
    assert 'value="contacts.contact.update"' not in page
    assert 'value="core.role.update"' not in page
    assert make(client, business, scope="chosen", grants=["contacts.contact.update"]).status_code == 422


def test_tokens_of_the_business(app: Flask, business: Business) -> None:
    client = business.client()
    secret = secret_of(make(client, business, kind="service", name="Web shop", scope="chosen", grants=["contacts.*"]))
    with app.app_context(), scope():
        assert tokens.open_token(secret)[1].kind == "service"
    assert "Web shop" not in client.get(f"{business.url}/tokens").text
    page = client.get(f"{business.url}/tokens/all").text
    assert "Web shop" in page
    assert business.owner.name in page
    with business.acting(), unit_of_work() as session:
        ends = session.scalar(text("SELECT expires_at - created_at FROM core.api_token"))
    assert ends.days in (364, 365)


def test_who_may_see_and_revoke_what(business: Business, other_business: Business) -> None:
    member = business.member("core.token.manage", "contacts.*")
    theirs, owners = business.client(member), business.client()
    make(theirs, business, name="Of a member")
    make(owners, business, name="Of the owner")
    assert theirs.get(f"{business.url}/tokens/all").status_code == 403
    assert theirs.get(f"{business.url}/tokens/new?kind=service").status_code == 403
    assert make(theirs, business, kind="service").status_code == 403
    mine = theirs.get(f"{business.url}/tokens").text
    assert "Of the owner" not in mine
    assert "/tokens/all" not in mine
    everybodys = owners.get(f"{business.url}/tokens/all").text
    assert "Of a member" in everybodys
    of_owner = re.search(r'formaction="([^"]+/revoke)"', owners.get(f"{business.url}/tokens").text)
    assert of_owner
    assert theirs.post(of_owner[1]).status_code == 404
    foreign = of_owner[1].replace(business.url, other_business.url)
    assert other_business.client().post(foreign).status_code == 404
    for place in re.findall(r'formaction="([^"]+/revoke)"', everybodys):
        answer = owners.post(place, data={"from": "all"})
        assert answer.location == f"{business.url}/tokens/all"
    assert (
        "Of a member" not in owners.get(f"{business.url}/tokens/all").text.split("<ul", 1)[-1].split("was revoked")[-1]
    )


def test_without_any_right_there_is_nothing(business: Business) -> None:
    client = business.client(business.member("contacts.*"))
    for path in ("", "/all", "/new"):
        assert client.get(f"{business.url}/tokens{path}").status_code == 403


def test_the_list_takes_the_same_number_of_statements(business: Business, statements: Any) -> None:
    client = business.client()
    client.get(f"{business.url}/tokens/all")
    counts = []
    for number in (1, 6):
        with business.acting(), unit_of_work():
            for _n in range(number):
                tokens.create_service("Shop", ["contacts.*"])
        counts.append(statements(lambda: client.get(f"{business.url}/tokens/all")))
    assert counts[0] == counts[1]
