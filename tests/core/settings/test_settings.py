"""Settings of plugins: typed, with defaults, each business its own; the screen; stale saves; bad declarations."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from diwan import settings
from diwan.audit.service import entries
from diwan.db import current, unit_of_work
from diwan.errors import Invalid, Stale
from diwan.kernel import configuring
from diwan.kernel.catalogue import installed
from diwan.testing.world import Business, World

WHOLE = {"guests": "6", "greeting": "Hello", "tip": "12.5", "spicy": "1", "taste": "hot",
         "pattern.order.number": "B-{year}-{n:05}"}  # fmt: skip


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("contacts", "kitchen")


def config() -> Any:
    return installed()["kitchen"].plugin.config  # type: ignore[union-attr]


def place(business: Business) -> str:
    return f"{business.url}/settings/kitchen"


def test_defaults_hold_until_somebody_sets_something(kitchen: Business, world: World) -> None:
    other = world.business("contacts", "kitchen")
    with kitchen.acting():
        assert (config().guests, config().tip, config().spicy, config().greeting) == (4, Decimal(10), True, None)
        with pytest.raises(AttributeError, match="no setting 'salt'; known: guests"):
            config().salt  # noqa: B018
    assert kitchen.client().post(place(kitchen), data={**WHOLE, "version": "0"}).status_code == 303
    with kitchen.acting():
        assert (config().guests, config().tip, config().taste) == (6, Decimal("12.5"), "hot")
    with other.acting():
        assert config().guests == 4
    assert config().guests == 4  # outside of any business


def test_one_read_for_each_transaction(kitchen: Business) -> None:
    with kitchen.acting(), unit_of_work():
        assert settings.read("kitchen") is settings.read("kitchen")
        configuring.save("kitchen", installed()["kitchen"].plugin.contributions["settings"][0].options["fields"],  # type: ignore[union-attr]
                         {"guests": 9})  # fmt: skip
        assert config().guests == 9


def test_the_screen_shows_saves_and_audits(kitchen: Business) -> None:
    client = kitchen.client()
    page = client.get(place(kitchen)).text
    assert 'name="guests"' in page
    assert "O-{year}-{n:04}" in page
    wrong = client.post(place(kitchen), data={**WHOLE, "version": "0", "guests": "0", "greeting": "Kept"})
    assert wrong.status_code == 422
    assert 'id="f-guests-error"' in wrong.text
    assert "Kept" in wrong.text
    pattern = client.post(place(kitchen), data={**WHOLE, "version": "0", "pattern.order.number": "B-{colour}"})
    assert pattern.status_code == 422
    assert "f-pattern-order-number-error" in pattern.text
    with kitchen.acting():
        assert settings.read("kitchen").version == 0  # nothing of a refused save stays
    assert client.post(place(kitchen), data={**WHOLE, "version": "0"}).status_code == 303
    assert "B-{year}-{n:05}" in client.get(place(kitchen)).text
    assert client.post(f"{kitchen.url}/kitchen/order/new", data={"subject": "Lunch"}).status_code == 303
    assert "B-20" in client.get(f"{kitchen.url}/kitchen/order?as=list").text
    with kitchen.acting():
        found = entries(resource="core.setting")
    assert [entry.title for entry in found] == ["kitchen.order.number", "kitchen"]
    assert found[1].after["guests"] == 6


def test_a_stale_save_tells_what_is_stored(kitchen: Business) -> None:
    client = kitchen.client()
    assert client.post(place(kitchen), data={**WHOLE, "version": "0"}).status_code == 303
    late = client.post(place(kitchen), data={**WHOLE, "version": "0", "guests": "3"})
    assert late.status_code == 409
    assert "Somebody else has changed these settings" in late.text
    assert re.search(r"Guests of a table: <bdi>6</bdi>", late.text)
    seen = re.search(r'name="version" value="(\d+)"', late.text)
    assert seen
    assert client.post(place(kitchen), data={**WHOLE, "version": seen[1], "guests": "3"}).status_code == 303
    with kitchen.acting():
        assert config().guests == 3
        with pytest.raises(Stale):
            settings.write("kitchen", {"guests": 1}, 1)


def test_who_may(kitchen: Business) -> None:
    cook = kitchen.client(kitchen.member("kitchen.order.*"))
    assert cook.get(place(kitchen)).status_code == 403
    assert cook.post(place(kitchen), data=WHOLE).status_code == 403
    keeper = kitchen.client(kitchen.member("kitchen.settings.manage"))
    assert keeper.get(place(kitchen)).status_code == 200
    assert keeper.get(f"{kitchen.url}/settings/contacts").status_code == 404
    modules = kitchen.client().get(f"{kitchen.url}/modules").text
    assert f'href="{place(kitchen)}"' in modules


def test_unknown_settings_are_refused(kitchen: Business) -> None:
    fields = installed()["kitchen"].plugin.contributions["settings"][0].options["fields"]  # type: ignore[union-attr]
    with kitchen.acting(), pytest.raises(Invalid) as caught, unit_of_work():
        configuring.save("kitchen", fields, {"salt": 1})
    assert list(caught.value.errors) == ["salt"]
    with kitchen.acting():
        assert current.tenant


WRONG = {
    "days: int = 14": "Settings.days: needs `= field(...)`",
    'days = field("Days")': "Settings.days: needs an annotation",
    'days: "Nowhere" = field("Days")': "'Nowhere' is not defined",
    'days: str = field("Days", widget="file")': "files cannot be asked for here",
    'days: int = field("Days", unique=True)': "have no meaning here",
    "pass": "declares no field()",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_mistake_in_a_declaration_is_named(shelf: Any, line: str) -> None:
    shelf.write("sample", f"@plugin.settings\nclass Settings:\n    {line}\n")
    entry = shelf.load()["sample"]
    assert entry.state == "broken"
    assert WRONG[line] in "\n".join(entry.problems)
