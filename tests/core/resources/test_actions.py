"""Actions: what they change, who may, what is refused; one by one, in bulk, as jobs, over the API; bad declarations."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from diwan import jobs, resources
from diwan.audit.models import AuditEntry
from diwan.db import current, unit_of_work
from diwan.errors import Denied, Invalid, NotFound, Refuse, Stale
from diwan.kernel.guard import PluginFailed
from diwan.resources import Resource, actions, store
from diwan.testing.world import Business, World


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("contacts", "kitchen")


def orders() -> Resource:
    found: Resource = current.lineup.resources["kitchen.order"]
    return found


def make(kitchen: Business, **values: Any) -> UUID:
    with kitchen.acting(), unit_of_work():
        id: UUID = resources.create(orders(), {"subject": "Lunch", **values}).id
        return id


def read(kitchen: Business, id: UUID, name: str) -> Any:
    with kitchen.acting():
        return getattr(store.get(orders(), id), name)


def perform(kitchen: Business, id: UUID, name: str, person: Any = None, version: int | None = None, **raw: Any) -> None:
    with kitchen.acting(person), unit_of_work():
        actions.perform(orders(), orders().actions[name], id, raw, version)


def test_what_it_sets_is_saved_counted_and_audited(kitchen: Business) -> None:
    id = make(kitchen)
    perform(kitchen, id, "rush")
    assert read(kitchen, id, "urgent") is True
    assert read(kitchen, id, "version") == 2
    with kitchen.acting():
        entry = current.session.scalars(
            select(AuditEntry).where(AuditEntry.tenant_id == current.tenant.id, AuditEntry.record_id == id)
            .order_by(AuditEntry.id.desc()).limit(1)
        ).one()  # fmt: skip
    assert (entry.action, entry.before, entry.after) == ("rush", {"urgent": False}, {"urgent": True})


def test_the_guard_is_checked_on_the_server(kitchen: Business) -> None:
    id = make(kitchen, urgent=True)
    with pytest.raises(Refuse, match="Rush") as caught:
        perform(kitchen, id, "rush")
    assert caught.value.field == "urgent"
    with kitchen.acting(), unit_of_work():
        resources.archive(orders(), id)
    with pytest.raises(Refuse, match="archived"):
        perform(kitchen, id, "calm")


def test_a_value_that_does_not_fit_is_refused_and_nothing_stays(kitchen: Business) -> None:
    id = make(kitchen)
    with pytest.raises(Invalid) as caught:
        perform(kitchen, id, "spoil")
    assert list(caught.value.errors) == ["priority"]
    assert read(kitchen, id, "priority") == "normal"


def test_its_form_is_typed_checked_and_complete(kitchen: Business) -> None:
    id = make(kitchen)
    for raw, field in (
        ({}, "discount"), ({"discount": "101"}, "discount"), ({"discount": "10", "client": str(uuid4())}, "client"),
        ({"discount": "10", "colour": "red"}, "colour"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            perform(kitchen, id, "reduce", **raw)
        assert list(caught.value.errors) == [field]
    with pytest.raises(Refuse, match="for free"):
        perform(kitchen, id, "reduce", discount="100")
    perform(kitchen, id, "reduce", discount="12.5", reason="Late")
    assert (str(read(kitchen, id, "discount")), read(kitchen, id, "note")) == ("12.5", "Late")


def test_a_version_that_somebody_left_behind_is_stale(kitchen: Business) -> None:
    id = make(kitchen)
    with pytest.raises(Stale):
        perform(kitchen, id, "rush", version=7)
    perform(kitchen, id, "rush", version=1)


def test_it_takes_its_own_permission(kitchen: Business) -> None:
    id = make(kitchen)
    reader = kitchen.member("kitchen.order.read", "kitchen.order.update")
    with pytest.raises(Denied):
        perform(kitchen, id, "rush", reader)
    place = f"{kitchen.url}/kitchen/order/{id}"
    assert kitchen.client(reader).post(f"{place}/do/rush").status_code == 403
    assert "/do/rush" not in kitchen.client(reader).get(place).text
    rusher = kitchen.member("kitchen.order.read", "kitchen.order.rush")
    assert "/do/rush" in kitchen.client(rusher).get(place).text
    assert kitchen.client(rusher).post(f"{place}/do/rush").status_code == 303
    assert read(kitchen, id, "urgent") is True


def test_another_business_does_not_reach_the_record(kitchen: Business, world: World) -> None:
    id, other = make(kitchen), world.business("contacts", "kitchen")
    assert other.client().post(f"{other.url}/kitchen/order/{id}/do/rush").status_code == 404
    assert read(kitchen, id, "urgent") is False


def test_the_screen_offers_what_is_possible_and_the_way_back(kitchen: Business) -> None:
    id, client = make(kitchen), kitchen.client()
    place = f"{kitchen.url}/kitchen/order/{id}"
    page = client.get(place).text
    assert f"{place}/do/rush" in page
    assert f"{place}/do/calm" not in page
    assert client.post(f"{place}/do/rush").status_code == 303
    page = client.get(place).text
    assert re.search(rf'class="toast-act" form="post" formaction="{place}/do/calm"', page)
    assert client.post(f"{place}/do/nonsense").status_code == 404
    refused = client.post(f"{place}/do/rush")
    assert refused.status_code == 422
    assert "not possible while" in refused.text


def test_its_form_comes_back_with_what_was_typed(kitchen: Business) -> None:
    id, client = make(kitchen), kitchen.client()
    place = f"{kitchen.url}/kitchen/order/{id}/do/reduce"
    page = client.get(place)
    assert page.status_code == 200
    assert "The client will be told." in page.text
    wrong = client.post(place, data={"discount": "100", "reason": "Because <b>"})
    assert wrong.status_code == 422
    assert "Nothing is for free." in wrong.text
    assert "Because &lt;b&gt;" in wrong.text
    assert client.post(place, data={"discount": "5"}).status_code == 303
    assert read(kitchen, id, "discount") == 5


def test_many_are_done_one_by_one_and_the_others_say_why(kitchen: Business) -> None:
    ids = [make(kitchen, subject=f"N{n}", urgent=n == 1) for n in range(3)]
    with kitchen.acting(), unit_of_work():
        done = actions.perform_many(orders(), orders().actions["rush"], ids, {})
    assert done.changed == 2
    assert [title for title, _why in done.refused] == ["N1"]
    client, base = kitchen.client(), f"{kitchen.url}/kitchen/order"
    answer = client.post(f"{base}/do/calm", data={"id": [str(id) for id in ids]})
    assert answer.status_code == 303
    assert not any(read(kitchen, id, "urgent") for id in ids)
    assert client.post(f"{base}/do/spoil", data={"id": str(ids[0])}).status_code == 404  # not for several
    asked = client.post(f"{base}/do/reduce", data={"id": [str(id) for id in ids]})
    assert asked.status_code == 200
    assert "3 records" in asked.text
    given = {"id": [str(id) for id in ids], "do": "apply", "discount": "7"}
    assert client.post(f"{base}/do/reduce", data=given).status_code == 303
    assert [read(kitchen, id, "discount") for id in ids] == [7, 7, 7]
    assert client.post(f"{base}/do/rush", data={"id": "nonsense"}).status_code == 400


def test_a_long_one_is_a_job(kitchen: Business) -> None:
    id, client = make(kitchen), kitchen.client()
    place = f"{kitchen.url}/kitchen/order/{id}"
    answer = client.post(f"{place}/do/cook")
    assert answer.status_code == 303
    progress = answer.location
    assert client.get(progress).status_code == 200
    assert kitchen.client(kitchen.member("kitchen.*")).get(progress).status_code == 404
    with kitchen.acting():
        jobs.run_pending()
        current.session.commit()
    assert read(kitchen, id, "length").total_seconds() == 1800
    ended = client.get(progress)
    assert ended.status_code == 303
    assert ended.location == place


def test_the_api_has_it_too(kitchen: Business) -> None:
    id, client = make(kitchen), kitchen.world.app.test_client()
    head = {"Authorization": f"Bearer {kitchen.token()}"}
    place = f"/api/v1/kitchen/order/{id}"
    done = client.post(f"{place}/rush", headers=head)
    assert (done.status_code, done.json["urgent"], done.headers["ETag"]) == (200, True, '"2"')
    assert client.post(f"{place}/rush", headers=head).status_code == 422
    wrong = client.post(f"{place}/reduce", json={"discount": "x"}, headers=head)
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "discount")
    assert client.post(f"{place}/reduce", json={"discount": 5}, headers=head).json["discount"] == "5"
    assert client.post(f"{place}/nonsense", headers=head).status_code == 404
    assert client.post(f"{place}/calm", json={"version": 1}, headers=head).status_code == 409
    assert client.post(f"{place}/calm", headers={**head, "If-Match": '"1"'}).status_code == 412
    assert client.post(f"{place}/cook", headers=head).status_code == 202
    weak = {"Authorization": f"Bearer {kitchen.token(grants=['kitchen.order.read'])}"}
    assert client.post(f"{place}/calm", headers=weak).status_code == 403
    paths = client.get("/api/v1/openapi.json", headers=head).json["paths"]
    body = paths["/api/v1/kitchen/order/{id}/reduce"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["discount"]


def test_a_defect_in_its_code_undoes_it_and_names_the_plugin(
    kitchen: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = make(kitchen)

    def broken(order: Any) -> None:
        order.urgent = True
        raise ZeroDivisionError

    with kitchen.acting():
        action = orders().actions["rush"]
        from dataclasses import replace

        monkeypatch.setattr(action, "contribution", replace(action.contribution, target=broken))
    with pytest.raises(PluginFailed, match="kitchen"):
        perform(kitchen, id, "rush")
    assert read(kitchen, id, "urgent") is False


def test_its_permission_is_one_that_roles_can_grant(kitchen: Business) -> None:
    with kitchen.acting():
        assert {"kitchen.order.rush", "kitchen.settings.manage"} <= current.lineup.permissions
        with pytest.raises(NotFound):
            actions.find(orders(), "nonsense")
    page = kitchen.client().get(f"{kitchen.url}/people/roles/new").text
    assert "Orders: Rush" in page


THING = """
@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name")
    size: Mapped[str | None] = field("Size", choices={"s": "Small", "l": "Large"})
class Form:
    why: str = field("Why")
"""
WRONG = {
    '@plugin.action(Thing, "grow")\ndef grow(thing): ...': "needs a label",
    '@plugin.action(Thing, "delete", label="X")\ndef grow(thing): ...': "this name is taken by the platform",
    '@plugin.action(Thing, "Grow!", label="X")\ndef grow(thing): ...': "small Latin letters",
    '@plugin.action(Thing, "grow", label="X", when={"colour": "red"})\ndef grow(thing): ...': "when names 'colour'",
    '@plugin.action(Thing, "grow", label="X", when={"size": "xl"})\ndef grow(thing): ...': "'xl' is not a choice",
    '@plugin.action(Thing, "grow", label="X", form=Form)\ndef grow(thing): ...': "must take (record, why)",
    '@plugin.action(Thing, "grow", label="X", tone="loud")\ndef grow(thing): ...': "tone 'loud' is not one of",
    '@plugin.action(Thing, "grow", label="X", permission="crm.all")\ndef grow(thing): ...': "is not a permission",
    '@plugin.action(Form, "grow", label="X")\ndef grow(thing): ...': "is no resource of sample",
    '@plugin.action(Thing, "grow", label="X", undo="shrink")\ndef grow(thing): ...': "undo names 'shrink'",
    'class Bad:\n    why: str = 3\n@plugin.action(Thing, "grow", label="X", form=Bad)\ndef grow(thing, why): ...':
        "form.why: needs `= field(...)`",
    'class Bad:\n    w: set = field("W")\n@plugin.action(Thing, "grow", label="X", form=Bad)\ndef grow(thing, w): ...':
        "form.w: no kind of field",
}  # fmt: skip


@pytest.mark.parametrize("code", WRONG)
def test_a_mistake_in_a_declaration_stops_the_plugin_and_is_named(shelf: Any, code: str) -> None:
    package = shelf.write("sample", THING + code)
    (package / "migrations").mkdir()
    entry = shelf.load()["sample"]
    assert entry.state == "broken"
    text = "\n".join(entry.problems)
    assert WRONG[code] in text
    assert "grow" in text or "delete" in text or "Grow!" in text
