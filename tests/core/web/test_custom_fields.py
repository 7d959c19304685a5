"""The pages on which an administrator adds fields, and how forms and lists show them."""

from __future__ import annotations

from typing import Any

import pytest

from diwan.testing.world import Business, World


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("kitchen")


def test_a_field_is_added_shown_filled_and_put_away(kitchen: Business) -> None:
    client, home = kitchen.client(), f"{kitchen.url}/settings/fields"
    assert "Clients" in client.get(home).text
    assert "No fields of your own yet" in client.get(f"{home}/kitchen/client").text
    assert "One choice" in client.get(f"{home}/kitchen/client/new").text
    form = client.get(f"{home}/kitchen/client/new?kind=choice")
    assert 'name="label.ar"' in form.text
    sent: dict[str, Any] = {
        "kind": "choice", "label.en": "Shirt <b>", "label.ar": "قميص", "help.en": "Which one?", "required": "1",
        "choices-0-en": "Small", "choices-0-ar": "صغير", "choices-1-en": "Large", "choices-2-en": "",
        "choices-3-en": "Gone", "choices-3-delete": "1",
    }  # fmt: skip
    assert client.post(f"{home}/kitchen/client/new", data=sent).status_code == 303
    page = client.get(f"{home}/kitchen/client").text
    assert "Shirt &lt;b&gt;" in page
    assert "x_shirt_b" in page
    assert "1 field" in client.get(home).text
    record = client.get(f"{kitchen.url}/kitchen/client/new").text
    assert "More fields" in record
    assert 'name="x_shirt_b"' in record
    assert "Small" in record
    assert "Gone" not in record
    assert client.post(f"{kitchen.url}/kitchen/client/new", data={"name": "Ada"}).status_code == 422
    made = client.post(f"{kitchen.url}/kitchen/client/new", data={"name": "Ada", "x_shirt_b": "large"})
    assert made.status_code == 303
    assert "Large" in client.get(f"{kitchen.url}/kitchen/client?columns=name,x_shirt_b").text
    token = {"Authorization": f"Bearer {kitchen.token()}"}
    [body] = client.get("/api/v1/kitchen/client", headers=token).json["data"]
    assert body["x_shirt_b"] == "large"
    assert "x_shirt_b" in client.get("/api/v1/openapi.json", headers=token).text
    [address] = {part.split('"')[0] for part in page.split('href="') if "/settings/fields/kitchen/client/0" in part}
    for act, seen in (("archive", "Bring back"), ("restore", "Put away")):
        assert client.post(f"{address}/{act}").status_code == 303
        assert seen in client.get(f"{home}/kitchen/client").text
    again = client.get(address).text
    assert 'value="صغير"' in again
    assert client.post(address, data={"label.en": "Shirt"}).status_code == 422  # no choice is left
    assert client.post(f"{address}/explode").status_code == 404


def test_what_is_wrong_is_told_and_what_was_typed_stays(kitchen: Business) -> None:
    answer = kitchen.client().post(
        f"{kitchen.url}/settings/fields/kitchen/client/new", data={"kind": "reference", "help.en": "Kept"}
    )
    assert answer.status_code == 422
    assert "A value is required." in answer.text
    assert 'value="Kept"' in answer.text


def test_only_administrators_and_only_what_is_there(kitchen: Business, other_business: Business) -> None:
    cook = kitchen.client(kitchen.member("kitchen.*"))
    home = f"{kitchen.url}/settings/fields"
    for address in (home, f"{home}/kitchen/client", f"{home}/kitchen/client/new"):
        assert cook.get(address).status_code == 403
    client = kitchen.client()
    for address in (f"{home}/no/such", f"{home}/kitchen/line", f"{home}/contacts/contact"):
        assert client.get(address).status_code == 404
    lost = "01a20d1e-d6e9-7ba4-9ad0-7ef97bebd9db"
    assert client.get(f"{home}/kitchen/client/{lost}").status_code == 404
    assert client.post(f"{home}/kitchen/client/{lost}/archive").status_code == 404


def test_in_arabic(world: World) -> None:
    business = world.business("kitchen", language="ar")
    client, home = business.client(), f"{business.url}/settings/fields"
    sent = {"kind": "text", "label.ar": "رقم الطاولة"}
    assert client.post(f"{home}/kitchen/client/new", data=sent).status_code == 303
    assert "رقم الطاولة" in client.get(f"{business.url}/kitchen/client/new").text
    assert "x_" in client.get(f"{home}/kitchen/client").text


def test_a_form_shows_and_saves_every_kind(kitchen: Business) -> None:
    client = kitchen.client()
    page = client.get(f"{kitchen.url}/kitchen/order/new")
    assert page.status_code == 200
    for name in ("name.ar", "length", "deposit", "tags", "colour", "about", "others", "image"):
        assert f'name="{name}"' in page.text, name
    sent = {
        "subject": "Feast", "name.en": "Party", "name.ar": "حفلة", "length": "1:30", "deposit": "1.250", "tags": "a, b",
        "colour": "#aabbcc", "about": "<p>Hi<script>x</script></p>", "weight": "2", "discount": "5", "state": "draft",
        "priority": "low", "line-0-item": "Rice", "line-0-quantity": "2", "line-0-price": "1.5",
    }  # fmt: skip
    made = client.post(f"{kitchen.url}/kitchen/order/new", data=sent)
    assert made.status_code == 303, made.text
    shown = client.get(made.location).text
    for value in ('value="1:30"', 'value="1.250"', 'value="a, b"', 'value="حفلة"', "#aabbcc", "3.000"):
        assert value in shown, value
    columns = "subject,name,length,deposit,total,tags,colour,weight,discount,others,about,number,image"
    table = client.get(f"{kitchen.url}/kitchen/order?columns={columns}").text
    for value in ("Party", "1:30", "1.250", "3.000", "kg", "5%", 'fill="#aabbcc"'):
        assert value in table, value
