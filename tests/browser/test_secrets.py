"""Secrets at the screen: typed once, then only whether there is one; replaced, removed, never in the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from diwan.testing.chrome import Windows
from diwan.testing.world import Business, World

Check = Callable[..., list[str]]
SECRET = "sk_live_of_the_shop"


@pytest.fixture
def kitchen(live_world: World) -> Business:
    return live_world.business("kitchen")


def test_typed_replaced_removed(windows: Windows, kitchen: Business, axe: Check) -> None:
    page = windows.open(kitchen.owner)
    page.goto(f"{kitchen.url}/kitchen/client/new")
    page.locator("#f-name").fill("Shop")
    key = page.get_by_label("Key of the shop", exact=True)
    key.fill(SECRET)
    expect(key).to_have_attribute("type", "password")
    page.locator("#record-form [data-save]").click()
    told = page.locator('[data-field="shop_key"]')
    expect(told).to_contain_text("Set. It is not shown again.")
    expect(page.get_by_label("Key of the shop", exact=True)).to_have_value("")
    assert SECRET not in page.content()
    assert axe(page) == []
    page.get_by_label("Certificate", exact=True).fill("-----BEGIN\nx\n-----END")
    page.locator("#record-form [data-save]").click()
    expect(page.locator('[data-field="certificate"]')).to_contain_text("Set. It is not shown again.")
    told.get_by_label("Remove it").check()
    page.locator("#record-form [data-save]").click()
    expect(told).not_to_contain_text("Set.")
    expect(page.locator('[data-field="certificate"]')).to_contain_text("Set. It is not shown again.")
