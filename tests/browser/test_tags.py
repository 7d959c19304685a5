"""Tags as people use them in lists, and the things around a record that are changed: tasks, colours of tags."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import expect

from diwan import collaboration, resources
from diwan.db import current, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.world import Business, World

CONTACT = "contacts.contact"


def make(business: Business, count: int = 4) -> list[UUID]:
    with business.acting(), unit_of_work():
        resource = current.lineup.resources[CONTACT]
        made = [resources.create(resource, {"name": f"Cedar {number}"}).id for number in range(count)]
        collaboration.add_tag(resource, made[0], "Cedar 0", "Partner")
        collaboration.add_tag(resource, made[1], "Cedar 1", "شريك قديم")
        collaboration.create_task("Call them", resource=resource, record_id=made[0], record_title="Cedar 0")
        collaboration.add_comment(resource, made[0], "Cedar 0", "Ready, please look.")
    return made


@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1440), ("ar", "dark", 1440), ("en", "light", 390)]
)
def test_records_are_tagged_from_their_list(
    windows: Windows, live_world: World, axe: Callable[..., list[str]], language: str, theme: str, width: int
) -> None:
    business = live_world.business("contacts", language=language)
    ids = make(business)
    page = windows.open(business.owner, theme=theme, width=width)
    base = f"{business.url}/contacts/contact"
    page.goto(f"{base}?columns=name,@tags,created_at")
    for id in ids[:3]:
        page.locator(f"#select-{id}").check()
    page.locator('[formaction$="/bulk/tag"]').click()
    dialog = page.locator("#list-dialog")
    dialog.locator("input[name=tag]").fill("VIP")
    assert axe(page) == []
    dialog.locator("button[name=do]").click()
    expect(page.locator("tr[data-row]", has_text="VIP")).to_have_count(3)
    page.goto(f'{base}?where=[["@tags","has","vip"]]&columns=name,@tags')
    expect(page.locator("tr[data-row]")).to_have_count(3)
    assert axe(page) == []
    page.goto(f"{base}/{ids[0]}/around")
    colours = page.locator("details", has=page.locator(".tag-tones"))
    colours.locator("summary").click()
    assert axe(page) == []
    colours.locator(".tag-tones", has_text="VIP").locator("button[value=violet]").click()
    expect(page.locator(".around-tags .badge.violet", has_text="VIP")).to_be_visible()
    page.locator(".task a.icon-btn").click()
    page.locator("textarea[name=note]").fill("Ask for Sami")
    assert axe(page) == []
    page.locator("main form button.primary").click()
    page.goto(f"{business.url}/tasks")
    expect(page.locator("main")).to_contain_text("Ask for Sami")
