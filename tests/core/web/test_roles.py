"""The screens of rights: the grid of a role, comparing, a person's roles and days, the sum, and explanations."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from diwan import resources
from diwan.access import service as access
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.db.clock import today
from diwan.db.direct import fetch_row
from diwan.testing.world import Business, Person, World

SELLER = ["shop.customer.read", "shop.lead.create:own", "shop.lead.read:own", "shop.lead.update:own"]


@pytest.fixture
def shop(world: World) -> Business:
    return world.business("shop")


def make_role(business: Business, name: str, grants: list[str]) -> UUID:
    with business.acting(), unit_of_work():
        return access.create_role(name, grants).id


def grants_of(business: Business, role_id: UUID) -> list[str]:
    with business.acting(), unit_of_work():
        return list(access.grants_by_role().get(role_id, []))


def member_of(business: Business, person: Person) -> UUID:
    with business.acting(), unit_of_work() as session:
        found = text("SELECT id FROM core.membership WHERE user_id = :user")
        return UUID(str(session.scalar(found, {"user": person.id})))


def form_of(page: str) -> dict[str, Any]:
    """What a browser without JavaScript sends when nothing was touched."""
    page = page[page.index("data-rights") :]
    page = page[: page.index("</form>")]
    form: dict[str, Any] = {"name": unescape(re.search(r'name="name" value="([^"]*)"', page)[1])}  # type: ignore[index]
    for name, body in re.findall(r'<select [^>]*name="([gf]\.[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        form[name] = re.search(r'<option value="([^"]*)" selected', body)[1]  # type: ignore[index]
    for tag in re.findall(r"<input type=\"checkbox\"[^>]*>", page):
        if " checked" in tag:
            name, value = re.search(r'name="([^"]+)"', tag)[1], re.search(r'value="([^"]+)"', tag)[1]  # type: ignore[index]
            form.setdefault(name, []).append(unescape(value))
    return form


def test_a_role_is_made_in_the_grid(shop: Business) -> None:
    sent = {
        "name": "Seller", "g.shop.lead.read": "own", "g.shop.lead.create": "own", "g.shop.lead.update": "own",
        "g.shop.customer.read": "all", "g.shop.lead.delete": "", "f.shop.lead.budget": "write",
        "f.shop.employee.salary": "hide",
    }  # fmt: skip
    assert shop.client().post(f"{shop.url}/people/roles/new", data=sent).status_code == 303
    with shop.acting(), unit_of_work():
        role = next(role for role in access.roles() if role.name == "Seller")
        assert access.grants_by_role()[role.id] == SELLER


@pytest.mark.parametrize(
    "grants",
    [
        SELLER,
        ["*"],
        ["shop.*", "shop.lead.read:own"],
        ["shop.employee.create-city", "shop.employee.read-city+salary", "shop.employee.update-city"],
        ["shop.employee.read", "shop.employee.read:own+salary", "gone.thing.read", "core.member.read"],
        ["shop.lead.win:team", "shop.lead.read:team-budget"],
        [],
    ],
)
def test_opening_and_saving_changes_nothing(shop: Business, grants: list[str]) -> None:
    role, client = make_role(shop, "A & B", grants), shop.client()
    address = f"{shop.url}/people/roles/{role}"
    assert client.post(address, data=form_of(client.get(address).text)).status_code == 303
    assert grants_of(shop, role) == sorted(grants)


def test_two_at_one_role(shop: Business) -> None:
    role, client = make_role(shop, "Seller", SELLER), shop.client()
    address = f"{shop.url}/people/roles/{role}"
    version = re.search(r'name="version" value="(\d+)"', client.get(address).text)[1]  # type: ignore[index]
    first = {"name": "Seller", "version": version, "g.shop.lead.read": "all"}
    assert client.post(address, data=first).status_code == 303
    second = client.post(address, data={**first, "g.shop.lead.read": "own"})
    assert second.status_code == 422
    assert "Somebody else changed this role meanwhile" in second.text
    assert grants_of(shop, role) == ["shop.lead.read"]
    version = re.search(r'name="version" value="(\d+)"', second.text)[1]  # type: ignore[index]
    assert client.post(address, data={**first, "version": version, "g.shop.lead.read": "own"}).status_code == 303
    assert grants_of(shop, role) == ["shop.lead.read:own"]


def test_lines_of_text_can_be_taken_away(shop: Business) -> None:
    role, client = make_role(shop, "Old", ["shop.employee.read", "gone.thing.read"]), shop.client()
    address = f"{shop.url}/people/roles/{role}"
    form = form_of(client.get(address).text)
    assert form.pop("rest") == ["gone.thing.read"]
    client.post(address, data=form)
    assert grants_of(shop, role) == ["shop.employee.read"]


@pytest.mark.parametrize(
    "wrong",
    [{"g.shop.gone.read": "all"}, {"g.shop.lead.read": "ALL!"}, {"f.shop.lead.name": "hide"}, {"rest": "no grant"}],
)
def test_what_is_not_on_the_sheet_is_refused(shop: Business, wrong: dict[str, str]) -> None:
    role = make_role(shop, "Seller", SELLER)
    answer = shop.client().post(f"{shop.url}/people/roles/{role}", data={"name": "Seller", **wrong})
    assert answer.status_code == 422
    assert "Choose permissions from the list." in answer.text
    assert grants_of(shop, role) == SELLER


def test_nobody_chooses_what_they_do_not_hold(shop: Business) -> None:
    clerk = shop.member("core.role.update", "shop.lead.read:own", "shop.customer.read-credit")
    client = shop.client(clerk)
    page = client.get(f"{shop.url}/people/roles/new").text
    lead = re.search(r'<select [^>]*name="g.shop.lead.read".*?</select>', page, re.DOTALL)[0]  # type: ignore[index]
    assert '<option value="own">' in lead
    assert '<option value="all" disabled>' in lead
    assert "You do not have this right yourself" in lead
    credit = re.search(r'<select [^>]*name="f.shop.customer.credit".*?</select>', page, re.DOTALL)[0]  # type: ignore[index]
    assert '<option value="hide" selected>' in credit
    new = f"{shop.url}/people/roles/new"
    assert client.post(new, data={"name": "A", "g.shop.lead.read": "all"}).status_code == 403
    own = {"name": "B", "g.shop.lead.read": "own", "g.shop.customer.read": "all", "f.shop.customer.credit": "hide"}
    assert client.post(new, data=own).status_code == 303
    strong = make_role(shop, "Strong", ["shop.*"])
    page = client.get(f"{shop.url}/people/roles/{strong}").text
    assert "rights that you do not have yourself" in page
    assert client.post(f"{shop.url}/people/roles/{strong}", data={"name": "Weak"}).status_code == 403


def test_a_right_that_leads_nowhere_is_said(shop: Business) -> None:
    client = shop.client()
    answer = client.post(
        f"{shop.url}/people/roles/new", data={"name": "Odd", "g.shop.lead.update": "all"}, follow_redirects=True
    )
    assert "something with records that it does not see" in answer.text


def test_a_role_is_copied_and_compared(shop: Business) -> None:
    role, client = make_role(shop, "Seller", [*SELLER, "shop.employee.read"]), shop.client()
    page = client.get(f"{shop.url}/people/roles/new?from={role}").text
    assert form_of(page)["name"] == "Copy of Seller"
    assert client.post(f"{shop.url}/people/roles/new", data=form_of(page)).status_code == 303
    with shop.acting(), unit_of_work():
        copy = next(found for found in access.roles() if found.name == "Copy of Seller")
        assert access.grants_by_role()[copy.id] == access.grants_by_role()[role]
    compare = f"{shop.url}/people/roles/{role}/compare"
    assert "No difference" in client.get(f"{compare}?with={copy.id}").text
    other = make_role(shop, "Other", ["shop.lead.read-budget"])
    text_ = client.get(f"{compare}?with={other}").text
    assert re.search(r"See</th><td>Own</td><td>All", text_)
    assert "Budget" in text_
    assert client.get(f"{compare}?with={uuid4()}").status_code == 404
    assert client.get(f"{shop.url}/people/roles/new?from={uuid4()}").status_code == 404


def test_a_role_is_reset_to_what_is_suggested(shop: Business) -> None:
    with shop.acting(), unit_of_work():
        suggested = current.lineup.find("role", "shop.seller")
        access.add_suggested_roles("shop", [(suggested.key, suggested.label, suggested.options["grants"])])
        role = next(role for role in access.roles() if role.key == "shop.seller")
        before = access.grants_by_role()[role.id]
        access.update_role(role.id, "Our sellers", ["shop.lead.read"])
    client = shop.client()
    assert "Reset to the suggestion" in client.get(f"{shop.url}/people/roles/{role.id}/compare").text
    assert client.post(f"{shop.url}/people/roles/{role.id}/reset").status_code == 303
    assert grants_of(shop, role.id) == before
    mine = make_role(shop, "Mine", [])
    assert client.post(f"{shop.url}/people/roles/{mine}/reset").status_code == 404


def test_days_of_a_role(shop: Business) -> None:
    person, role = shop.member("core.member.read"), make_role(shop, "Stand-in", ["shop.lead.read"])
    page, client = f"{shop.url}/people/{member_of(shop, person)}", shop.client()
    day = today()  # of no business: UTC; the cases below are days away from midnight anywhere
    keys = re.findall(r'name="roles" value="([^"]+)" checked', client.get(page).text)
    with shop.acting(), unit_of_work():
        key = access.find_role(role).key
    for since, until, sees in ((None, 3, 200), (None, -3, 403), (3, None, 403), (-3, 3, 200)):
        days = {"from": since, "until": until}
        sent = {f"{n}.{key}": (day + timedelta(d)).isoformat() for n, d in days.items() if d is not None}
        assert client.post(page, data={"roles": [*keys, key], **sent}).status_code == 303
        assert shop.client(person).get(f"{shop.url}/shop/lead").status_code == sees, (since, until)
    assert "Stand-in · until" in client.get(f"{shop.url}/people").text
    for wrong in ({f"from.{key}": "soon"}, {f"from.{key}": "2026-02-02", f"until.{key}": "2026-02-01"}):
        assert client.post(page, data={"roles": [*keys, key], **wrong}).status_code == 422
    assert client.post(page, data={"roles": ["owner"], "until.owner": "2030-01-01"}).status_code == 422


@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)])
def test_days_are_those_of_the_business(shop: Business, zone: str, hours: int) -> None:
    """A role until today counts while it is today where the business is, and not on its tomorrow."""
    with shop.world.app.app_context():
        fetch_row("UPDATE core.tenant SET timezone = %s WHERE id = %s", (zone, shop.tenant.id))
    there = (now() + timedelta(hours=hours)).date()
    role, person = make_role(shop, "Stand-in", ["shop.lead.read"]), shop.member("core.member.read")
    member = member_of(shop, person)
    for until, sees in ((there, 200), (there - timedelta(1), 403)):
        with shop.acting(), unit_of_work():
            access.give_roles(member, [role], {role: (None, until)})
        assert shop.client(person).get(f"{shop.url}/shop/lead").status_code == sees
    page = shop.client().get(f"{shop.url}/people").text
    assert "is-over" in page


def test_roles_that_stay_keep_their_days(shop: Business) -> None:
    from diwan.tenants import people

    person, role = shop.member("core.member.read"), make_role(shop, "Stand-in", ["shop.lead.read"])
    member, until = member_of(shop, person), today() + timedelta(9)
    with shop.acting(), unit_of_work():
        access.give_roles(member, [role], {role: (None, until)})
        other = access.create_role("Other", [])
        people.set_roles(member, [access.find_role(role).key, other.key])
        assert access.terms_of(member) == {role: (None, until), other.id: (None, None)}


def test_the_sum_names_the_roles(shop: Business) -> None:
    person = shop.member("core.member.read")
    first = make_role(shop, "Seller", SELLER)
    second = make_role(shop, "Stand-in", ["shop.lead.read:team-budget", "shop.employee.read+salary"])
    over = make_role(shop, "Over", ["shop.lead.delete"])
    member = member_of(shop, person)
    with shop.acting(), unit_of_work():
        access.give_roles(member, [first, second, over], {over: (None, today() - timedelta(2))})
    page = unescape(shop.client().get(f"{shop.url}/people/{member}").text)
    assert "Seller (Own), Stand-in (Team)" in page
    assert "On some records only: Budget" in page
    shown = page[page.index('id="sum-title"') :]
    assert "Over" not in shown


def test_explanations_on_pages(shop: Business) -> None:
    person = shop.member("shop.lead.read:own", "shop.lead.update:own", "shop.customer.read-credit")
    with shop.acting(), unit_of_work():
        lead = resources.create(current.lineup.resources["shop.lead"], {"name": "Cedar <House>"}).id
    client, why = shop.client(), f"{shop.url}/why"
    page = client.get(f"{why}?user={person.id}&resource=shop.lead&action=update&id={lead}").text
    assert "does not reach this record" in page
    assert "shop.lead.update" in page
    page = client.get(f"{why}?user={person.id}&resource=shop.customer&action=read").text
    assert "Hidden fields: Credit limit" in page
    page = client.get(f"{why}/who?resource=shop.lead&id={lead}").text
    assert "1 / 2" in page
    assert "Cedar &lt;House&gt;" in page
    assert f"{why}/who?resource=shop.lead" in unescape(client.get(f"{shop.url}/shop/lead/{lead}").text)
    for wrong in (f"/who?resource=shop.lead&id={uuid4()}", "/who?resource=shop.lead", "/who?resource=no.thing"):
        assert client.get(f"{why}{wrong}").status_code == 404
    assert client.get(f"{why}?user={uuid4()}").status_code == 404


def test_ordinary_people_ask_about_themselves_only(shop: Business) -> None:
    person = shop.member("shop.lead.read:own")
    with shop.acting(), unit_of_work():
        lead = resources.create(current.lineup.resources["shop.lead"], {"name": "Cedar House"}).id
    client = shop.client(person)
    refused = client.get(f"{shop.url}/shop/employee")
    assert refused.status_code == 403
    href = unescape(re.search(r'href="([^"]+/why\?[^"]+)"', refused.text)[1])  # type: ignore[index]
    page = client.get(href)
    assert page.status_code == 200
    assert "No, you may not: Employees: see" in page.text
    # Of a record that they do not read, not even that it is there.
    for id in (lead, uuid4()):
        page = client.get(f"{shop.url}/why?resource=shop.lead&action=update&id={id}")
        assert "There is no such record." in page.text
        assert "Cedar" not in page.text
    assert client.get(f"{shop.url}/why?user={shop.owner.id}").status_code == 403
    assert client.get(f"{shop.url}/why/who?resource=shop.lead&id={lead}").status_code == 403
    assert "Who can see this?" not in client.get(f"{shop.url}/shop/lead").text


def test_pages_take_a_fixed_number_of_statements(shop: Business, statements: Any) -> None:
    person = shop.member("core.member.read")
    member = member_of(shop, person)
    lead = None
    with shop.acting(), unit_of_work():
        lead = resources.create(current.lineup.resources["shop.lead"], {"name": "Cedar House"}).id
    role, client = make_role(shop, "Seller", SELLER), shop.client()
    pages = (
        f"people/{member}", f"people/roles/{role}", f"people/roles/{role}/compare?with={role}", "people",
        f"why/who?resource=shop.lead&id={lead}",
    )  # fmt: skip

    def count(path: str) -> int:
        client.get(f"{shop.url}/{path}")
        return statements(lambda: client.get(f"{shop.url}/{path}"))

    before = [count(path) for path in pages]
    more = [make_role(shop, f"Role {number}", ["shop.lead.read:team"]) for number in range(5)]
    with shop.acting(), unit_of_work():
        access.give_roles(member, [role, *more])
    for _number in range(4):
        shop.member("shop.lead.read")
    assert [count(path) for path in pages] == before


def test_scopes_of_modules_are_choices_too(shop: Business) -> None:
    client = shop.client()
    page = client.get(f"{shop.url}/people/roles/new").text
    cell = re.search(r'<select [^>]*name="g.shop.lead.read".*?</select>', page, re.DOTALL)[0]  # type: ignore[index]
    assert re.findall(r'value="([^"]*)"', cell) == ["", "own", "team", "all", "shop.small"]
    assert "Small ones" in cell
    assert "Small ones" not in re.search(r'<select [^>]*name="g.shop.customer.read".*?</select>', page, re.DOTALL)[0]  # type: ignore[index]
    assert (
        client.post(
            f"{shop.url}/people/roles/new", data={"name": "New here", "g.shop.lead.read": "shop.small"}
        ).status_code
        == 303
    )
    person = shop.member("core.member.read")
    member = member_of(shop, person)
    with shop.acting(), unit_of_work():
        role = next(role for role in access.roles() if role.name == "New here")
        access.give_roles(member, [role.id])
        found = current.lineup.resources["shop.lead"]
        small, large = (
            resources.create(found, {"name": f"Of {money}", "budget": money}).id for money in ("50", "5000")
        )
    page = shop.client(person).get(f"{shop.url}/shop/lead").text
    assert "Of 50<" in page
    assert "Of 5000<" not in page
    assert "Small ones" in client.get(f"{shop.url}/people/{member}").text
    for id, says in ((small, "Yes, "), (large, "does not reach this record")):
        assert says in client.get(f"{shop.url}/why?user={person.id}&resource=shop.lead&id={id}").text
