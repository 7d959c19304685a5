"""Further addresses and channels keep the order that people give them."""

from __future__ import annotations

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business


def test_addresses_and_channels_are_put_in_another_order(business: Business) -> None:
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        made = resources.create(contact, {
            "name": "Ada", "address": [{"street": "First"}, {"street": "Second"}],
            "channel": [{"value": "1"}, {"value": "2"}],
        })  # fmt: skip
        id = made.id
    head = {"Authorization": f"Bearer {business.token()}"}
    client, place = business.world.app.test_client(), f"/api/v1/contacts/contact/{id}"
    body = client.get(place, headers=head).json
    turned = {name: list(reversed(body[name])) for name in ("address", "channel")}
    for rows in turned.values():
        for row in rows:
            row.pop("position", None)
    assert client.patch(place, json=turned, headers=head).status_code == 200
    body = client.get(place, headers=head).json
    assert [row["street"] for row in body["address"]] == ["Second", "First"]
    assert [row["value"] for row in body["channel"]] == ["2", "1"]
    page = business.client().get(f"{business.url}/contacts/contact/{id}").text
    assert page.index('value="Second"') < page.index('value="First"')
    assert "data-line-grip" in page
    assert "data-unordered" not in page
