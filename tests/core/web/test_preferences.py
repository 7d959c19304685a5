"""A person's preferences: kept with the account, followed by every page, never more than what is offered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from diwan import resources
from diwan.db import current, scope, unit_of_work
from diwan.testing.world import Business, World


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts", "hello")


def root(business: Business, path: str = "") -> str:
    found = re.search("<html[^>]*>", business.client().get(business.url + path).text)
    assert found
    return found[0]


def stored(business: Business) -> dict[str, Any]:
    with business.world.app.app_context(), scope(), unit_of_work() as session:
        query = text('SELECT preferences FROM core."user" WHERE id = :id')
        return dict(session.scalar(query, {"id": business.owner.id}))


def test_what_is_saved_holds_on_every_device(business: Business) -> None:
    sent = {"language": "ar", "calendar": "both", "digits": "arab", "week_start": "0"}
    answer = business.client().post(f"{business.url}/preferences?card=reading", data=sent)
    assert answer.status_code == 303
    again = root(business)
    assert 'lang="ar"' in again
    assert 'data-calendar="both"' in again
    assert 'data-digits="arab"' in again
    assert 'data-week-start="0"' in again
    page = business.client().get(f"{business.url}/preferences").text
    assert re.search(r'name="calendar" value="both" checked', page)


def test_lists_and_forms_follow_calendar_and_digits(business: Business) -> None:
    with business.acting(), unit_of_work():
        record = resources.create(current.lineup.resources["contacts.contact"], {"name": "Cedar"})
    path = f"{business.url}/contacts/contact/{record.id}"
    assert "AH" not in business.client().get(path).text
    business.client().post(f"{business.url}/preferences", data={"calendar": "hijri", "digits": "arab"})
    page = business.client().get(path).text
    assert re.search(r"[٠-٩]{1,2} [\w’' -]+ [٠-٩]{4} AH", page)  # created, in the reader's calendar


def test_theme_and_density_by_a_script_or_a_form(business: Business) -> None:
    client = business.client()
    look = f"{business.url}/preferences/look"
    assert client.post(look, data={"theme": "dark"}, headers={"Accept": "application/json"}).status_code == 204
    assert client.post(look, data={"density": "compact"}).status_code == 303
    assert 'data-theme="dark"' in root(business)
    assert 'data-density="compact"' in root(business)


def test_unknown_values_change_nothing(business: Business) -> None:
    sent = {"calendar": "mayan", "digits": "<b>", "theme": "pink", "density": "x", "week_start": "9", "language": "tlh"}
    business.client().post(f"{business.url}/preferences", data=sent)
    assert stored(business) == {}
    assert 'data-theme="auto"' in root(business)


def test_single_keys_can_be_switched_off(business: Business) -> None:
    assert 'data-keys="on"' in root(business)
    business.client().post(f"{business.url}/preferences?card=keyboard", data={})
    assert 'data-keys="off"' in root(business)
    business.client().post(f"{business.url}/preferences", data={"theme": "dark"})  # another card: not touched
    assert 'data-keys="off"' in root(business)
    business.client().post(f"{business.url}/preferences?card=keyboard", data={"shortcuts": "1"})
    assert 'data-keys="on"' in root(business)


def nav(business: Business, path: str = "") -> list[str]:
    page = business.client().get(business.url + path).text
    side = page[page.index('<nav class="nav"') : page.index('<div class="side-foot">')]
    return re.findall(r'href="([^"]*)"', side)


def arrange(business: Business, **form: Any) -> None:
    answer = business.client().post(f"{business.url}/preferences/navigation", data=form)
    assert answer.status_code == 303


def test_the_navigation_is_arranged_hidden_and_pinned(business: Business, world: World) -> None:
    contact, greeting = f"{business.url}/contacts/contact", f"{business.url}/hello/greeting"
    before = nav(business)
    assert before.index(contact) < before.index(greeting)
    shown = ["contacts.contact", "hello.greeting", "core.people", "core.modules", "core.settings"]
    arrange(business, order=["hello", "hello.greeting", "contacts", "contacts.contact"], shown=shown)
    after = nav(business)
    assert after.index(greeting) < after.index(contact)
    assert f"{business.url}/audit" not in after
    assert f"{business.url}/audit" in nav(business, "/audit")  # shown while one is there
    arrange(business, order=["contacts", "hello"], shown=shown, pinned=["core.people", "evil"])
    assert nav(business)[1] == f"{business.url}/people"
    assert f"{business.url}/audit" not in nav(business)
    elsewhere = world.business("contacts", "hello")
    assert f"{elsewhere.url}/audit" in nav(elsewhere)
    arrange(business, reset="1")
    assert nav(business) == before


def test_an_arrow_moves_one_step_without_a_script(business: Business) -> None:
    order = ["contacts", "contacts.contact", "hello", "hello.greeting", "core.admin"]
    arrange(business, order=order, shown=["contacts.contact", "hello.greeting"], move="down contacts")
    found = nav(business)
    assert found.index(f"{business.url}/hello/greeting") < found.index(f"{business.url}/contacts/contact")


def test_what_the_person_may_not_see_cannot_be_pinned(business: Business) -> None:
    reader = business.member("contacts.contact.read")
    data = {"pinned": ["hello.greeting", "core.audit"], "shown": ["contacts.contact"]}
    business.client(reader).post(f"{business.url}/preferences/navigation", data=data)
    page = business.client(reader).get(business.url).text
    assert "hello/greeting" not in page
    assert "/audit" not in page


def test_sections_stay_closed(business: Business) -> None:
    address = f"{business.url}/preferences/navigation/section"
    assert business.client().post(address, data={"section": "hello", "closed": "1"}).status_code == 204
    page = business.client().get(business.url).text
    assert re.search(r'data-section="hello"(?! open)', page)
    assert re.search(r'data-section="hello" open', business.client().get(f"{business.url}/hello/greeting").text)
    business.client().post(address, data={"section": "<script>", "closed": "1"})
    assert stored(business)["menus"][str(business.tenant.id)]["closed"] == ["hello"]


def test_forms_need_their_token(business: Business) -> None:
    client = business.client()
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    for path in ("/preferences", "/preferences/look", "/preferences/navigation", "/preferences/navigation/section"):
        assert client.post(business.url + path, data={"theme": "dark"}).status_code == 400
