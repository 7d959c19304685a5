"""Modules → Health: every module with its state, and a broken one with its reason, for those who manage modules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from diwan.kernel import catalogue
from diwan.testing.world import Business

FINE = """
@plugin.hook
def health():
    return [Check("Carrier's server", True, "12 ms"), Check("Postage", False, "Buy stamps.")]
"""


@pytest.fixture
def broken(app: Any, business: Business, shelf: Any) -> Business:
    """A business where one installed module is broken and another has checks of its own."""
    assert business.client().get(f"{business.url}/modules").status_code == 200
    shelf.case("import_error")
    shelf.write("fine", FINE)
    catalogue.activate(shelf.load(everything=True))
    return business


def lines(page: str) -> list[str]:
    """What stands in each line of the list, without tags."""
    found = re.findall(r"<li>(.*?)</li>", page[page.index('id="health"') :], re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", line)).strip() for line in found]


def test_a_broken_module_is_shown_first_and_its_reason_is_for_operators(broken: Business) -> None:
    answer = broken.client().get(f"{broken.url}/modules/health")
    assert answer.status_code == 200
    found = lines(answer.text)
    assert found[0].startswith("Needs attention Importerror ")
    assert found[0].endswith("Its code does not work")
    assert "a_module_that_does_not_exist" not in answer.text
    assert "Needs attention Postage Fine Buy stamps." in found
    assert "OK Contacts Ready" in found
    assert "OK Carrier&#39;s server Fine 12 ms" in found
    assert [line.startswith("Needs attention ") for line in found] == sorted(
        (line.startswith("Needs attention ") for line in found), reverse=True
    )


def test_it_speaks_arabic(broken: Business, world: Any) -> None:
    business = world.business("contacts", language="ar")
    page = business.client().get(f"{business.url}/modules/health").text
    assert "حالة الوحدات" in page
    found = lines(page)
    assert found[0].startswith("يحتاج إلى معالجة ")
    assert any(line.startswith("سليم ") for line in found)
    assert not [line for line in found if line.startswith(("OK", "Needs attention"))]


def test_the_modules_page_and_a_refusal_lead_there(broken: Business, world: Any) -> None:
    client, there = broken.client(), f"{broken.url}/modules/health"
    assert re.search(rf'<div class="acts"><a [^>]*href="{there}"', client.get(f"{broken.url}/modules").text)
    refused = client.post(f"{broken.url}/modules/importerror/enable")
    assert (refused.status_code, refused.location) == (303, there)
    assert "it is not ready" in client.get(there).text

    had_it = world.business("contacts", "importerror")
    page = had_it.client().get(f"{had_it.url}/modules").text
    card = page[page.index('id="module-importerror"') :]
    assert f'href="{had_it.url}/modules/health"' in card[: card.index("</div>\n    </li>")]


def test_only_those_who_manage_modules_see_it(business: Business) -> None:
    person = business.member("contacts.*")
    assert business.client(person).get(f"{business.url}/modules/health").status_code == 403
