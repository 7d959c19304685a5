"""A secret of a record: sealed where it is stored, opened for code only, shown by no list, page, file or log."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from diwan_kitchen.models import Client
from flask import Flask
from sqlalchemy import text

from diwan.audit.service import entries
from diwan.db import current, unit_of_work
from diwan.errors import Invalid
from diwan.kernel.catalogue import installed
from diwan.kernel.resealing import reseal_all, sealed_columns
from diwan.kit import sealing
from diwan.kit.sealing import SealError, key_of
from diwan.resources import drafts, store
from diwan.testing.world import Business, World

SECRET = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
OTHER = "another-secret-of-the-shop"
RAW = text("SELECT shop_key FROM kitchen.client WHERE tenant_id = :tenant AND id = :id")


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("contacts", "kitchen")


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@pytest.fixture
def keys() -> Iterator[Any]:
    kept = dict(sealing._ring)
    yield sealing.provide_keys
    sealing._ring.clear()
    sealing._ring.update(kept)


def make(business: Business, **values: Any) -> Any:
    with business.acting(), unit_of_work():
        return store.create(current.lineup.resources["kitchen.client"], {"name": "Shop", **values}).id


def stored(business: Business, id: Any) -> bytes:
    with business.acting():
        return current.session.execute(RAW, {"tenant": business.tenant.id, "id": id}).scalar_one()


def everything_stored(business: Business) -> str:
    """All that the database keeps of a business outside the column itself, as text."""
    tables = ("core.audit_entry", "core.outbox", "core.draft", "core.search_entry", "core.undo_step", "core.setting")
    with business.acting():
        return "\n".join(
            str(row[0])
            for table in tables
            for row in current.session.execute(
                text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = :t"), {"t": business.tenant.id}
            )
        )


def test_it_is_sealed_in_the_table_and_plain_for_code(kitchen: Business) -> None:
    id = make(kitchen, shop_key=SECRET, certificate="-----BEGIN\nline two\n-----END")
    assert SECRET.encode() not in stored(kitchen, id)
    with kitchen.acting():
        client = Client.get(id)
        assert "shop_key" not in vars(client)  # read only when code asks
        assert client.shop_key == SECRET
        assert client.certificate == "-----BEGIN\nline two\n-----END"
    assert SECRET not in everything_stored(kitchen)


def test_it_cannot_be_moved_to_another_business_or_column(kitchen: Business, world: World) -> None:
    other = world.business("contacts", "kitchen")
    id, theirs = make(kitchen, shop_key=SECRET), make(other, shop_key=OTHER)
    with other.acting(), unit_of_work():
        current.session.execute(
            text("UPDATE kitchen.client SET shop_key = :it, certificate = :own WHERE tenant_id = :t AND id = :id"),
            {"it": stored(kitchen, id), "own": stored(other, theirs), "t": other.tenant.id, "id": theirs},
        )
    with other.acting():
        client = Client.get(theirs)
        assert client.name == "Shop"  # the record itself is readable
        with pytest.raises(SealError):
            client.shop_key  # noqa: B018
        with pytest.raises(SealError):
            client.certificate  # noqa: B018
    with other.acting(), unit_of_work():  # so that others can rotate
        store.delete(current.lineup.resources["kitchen.client"], theirs)


def test_sql_can_ask_only_whether_there_is_one(kitchen: Business) -> None:
    id = make(kitchen, shop_key=SECRET)
    with kitchen.acting():
        assert [c.id for c in Client.all(Client.shop_key.is_not(None))] == [id]
        for wrong in (lambda: Client.shop_key == SECRET, lambda: Client.shop_key.like("sk%"), Client.shop_key.desc):
            with pytest.raises(TypeError, match="sealed value"):
                wrong()


def test_changes_are_audited_without_the_value(kitchen: Business) -> None:
    id = make(kitchen, shop_key=SECRET)
    with kitchen.acting(), unit_of_work():
        resource = current.lineup.resources["kitchen.client"]
        before = store.get(resource, id).version
        assert store.update(resource, id, {"shop_key": OTHER}).version == before + 1
        assert store.update(resource, id, {"certificate": None}).version == before + 1  # there was none
        assert store.update(resource, id, {"shop_key": None}).version == before + 2
        assert Client.get(id).shop_key is None
    with kitchen.acting():
        found = [(e.before, e.after) for e in entries(resource="kitchen.client", record_id=id)]
    assert [pair for pair in found if pair[0]] == [
        ({"shop_key": True}, {"shop_key": False}),
        ({"shop_key": True}, {"shop_key": True}),
    ]
    assert SECRET not in everything_stored(kitchen)
    assert OTHER not in everything_stored(kitchen)


def test_what_code_sets_is_sealed_and_audited(kitchen: Business) -> None:
    id = make(kitchen)
    with kitchen.acting(), unit_of_work():
        resource = current.lineup.resources["kitchen.client"]
        record = store.get(resource, id, lock=True)
        before = store.values_of(resource, record)
        record.shop_key = SECRET
        store.save(resource, record, before, "connect")
    assert SECRET.encode() not in stored(kitchen, id)
    with kitchen.acting():
        assert Client.get(id).shop_key == SECRET
        assert entries(resource="kitchen.client", record_id=id)[0].after == {"shop_key": True}


@pytest.mark.parametrize("wrong", ["two\nlines", "nul\0", "x" * 4001, 7, ["a"]])
def test_wrong_input_is_told_without_repeating_it(kitchen: Business, wrong: Any) -> None:
    with pytest.raises(Invalid) as told:
        make(kitchen, shop_key=wrong)
    assert list(told.value.errors) == ["shop_key"]
    assert str(wrong) not in str(told.value.errors)


def test_rest_takes_it_and_never_gives_it(app: Flask, kitchen: Business) -> None:
    client, headers = app.test_client(), {"Authorization": f"Bearer {kitchen.token()}"}
    url = "/api/v1/kitchen/client"
    made = client.post(url, json={"name": "Shop", "shop_key": SECRET}, headers=headers)
    assert made.status_code == 201
    place = f"{url}/{made.json['id']}"
    changed = client.patch(place, json={"shop_key": OTHER}, headers={**headers, "Idempotency-Key": "once"})
    many = client.post(url, json=[{"name": "B", "shop_key": SECRET}], headers=headers)
    asked = (place, url, f"{url}?fields=shop_key", f"{url}?shop_key=x", f"{url}?sort=shop_key",
             f"{url}?search={SECRET}", f"{place}?fields=shop_key")  # fmt: skip
    answers = [made, changed, many, *(client.get(address, headers=headers) for address in asked)]
    assert [a.status_code for a in answers] == [201, 200, 201, 200, 200, 400, 400, 400, 200, 400]
    for answer in answers[:5]:
        assert "shop_key" not in answer.text
    for answer in answers:
        assert SECRET not in answer.text.replace(f"search={SECRET}", "")
        assert OTHER not in answer.text
    assert answers[8].json["data"] == []
    with kitchen.acting():
        assert Client.get(made.json["id"]).shop_key == OTHER
    csv = client.get(url, headers={**headers, "Accept": "text/csv"})
    assert csv.status_code == 200
    assert "shop_key" not in csv.text
    spec = client.get("/api/v1/openapi.json", headers=headers).json["components"]["schemas"]
    assert '"writeOnly"' in str(spec).replace("'", '"')
    reading = [name for name, schema in spec.items() if "shop_key" in schema.get("properties", {})]
    assert reading
    assert all(spec[name]["properties"]["shop_key"]["writeOnly"] for name in reading)


def test_the_form_says_whether_there_is_one(kitchen: Business) -> None:
    client, base = kitchen.client(), f"{kitchen.url}/kitchen/client"
    page = client.get(f"{base}/new").text
    assert 'name="shop_key"' in page
    assert "remove-shop_key" not in page
    made = client.post(f"{base}/new", data={"name": "Shop", "shop_key": SECRET, "certificate": ""})
    assert made.status_code == 303
    href = made.location
    page = client.get(href).text
    assert SECRET not in page
    assert "Set. It is not shown again." in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]  # type: ignore[index]
    blank = client.post(href, data={"name": "Shop 2", "shop_key": "", "version": version})
    assert blank.status_code == 303
    id = href.rsplit("/", 1)[1]
    with kitchen.acting():
        assert Client.get(id).shop_key == SECRET  # a blank leaves it
    wrong = client.post(href, data={"name": "", "shop_key": OTHER, "version": str(int(version) + 1)})
    assert wrong.status_code == 422
    assert OTHER not in wrong.text
    assert "Type it again" in wrong.text
    gone = client.post(href, data={"name": "Shop 2", "remove-shop_key": "1", "version": str(int(version) + 1)})
    assert gone.status_code == 303
    with kitchen.acting():
        assert Client.get(id).shop_key is None
    around = client.get(f"{href}/around").text
    assert "Key of the shop" in around
    assert SECRET not in around


def test_no_draft_list_copy_print_or_export_has_it(kitchen: Business) -> None:
    client, base = kitchen.client(), f"{kitchen.url}/kitchen/client"
    id = make(kitchen, shop_key=SECRET)
    assert (
        client.post(f"{base}/{id}/draft", data={"name": "Typed", "shop_key": OTHER, "version": "1"}).status_code == 204
    )
    with kitchen.acting():
        kept = drafts.find(current.lineup.resources["kitchen.client"], id)
        assert kept is not None
        assert dict(kept.pairs)["name"] == "Typed"
        assert "shop_key" not in dict(kept.pairs)
    for path in ("", "?columns=name,shop_key", "?q=" + SECRET[:12], f"/new?copy={id}", f"/{id}?draft=restore"):
        shown = client.get(base + path)
        assert SECRET not in shown.text, path
        assert OTHER not in shown.text, path
    assert client.get(f"{base}/{id}/documents/record.pdf").status_code == 200


def test_settings_keep_secrets_sealed(kitchen: Business, world: World) -> None:
    other, client, place = world.business("contacts", "kitchen"), kitchen.client(), f"{kitchen.url}/settings/kitchen"
    whole = {"guests": "6", "tip": "1", "spicy": "1", "taste": "hot", "pattern.order.number": "B-{n:05}"}
    assert client.post(place, data={**whole, "till_key": SECRET, "version": "0"}).status_code == 303
    config = installed()["kitchen"].plugin.config  # type: ignore[union-attr]
    with kitchen.acting():
        assert config.till_key == SECRET
        version = current.session.execute(
            text("SELECT version FROM core.setting WHERE tenant_id = :t AND plugin = 'kitchen'"),
            {"t": kitchen.tenant.id},
        ).scalar_one()
    with other.acting():
        assert config.till_key is None
    assert config.till_key is None  # outside of any business
    page = client.get(place).text
    assert "Set. It is not shown again." in page
    assert SECRET not in page + everything_stored(kitchen)
    assert client.post(place, data={**whole, "till_key": "", "guests": "7", "version": version}).status_code == 303
    with kitchen.acting():
        assert (config.till_key, config.guests) == (SECRET, 7)
    assert client.post(place, data={**whole, "remove-till_key": "1", "version": version + 1}).status_code == 303
    with kitchen.acting():
        assert config.till_key is None


def test_a_secret_whose_key_is_gone_can_be_replaced(kitchen: Business, keys: Any, app: Flask) -> None:
    id = make(kitchen, shop_key=SECRET)
    keys("", "another secret key")
    with kitchen.acting(), unit_of_work():
        resource = current.lineup.resources["kitchen.client"]
        with pytest.raises(SealError, match="DIWAN_SECRET_KEY"):
            Client.get(id).shop_key  # type: ignore[union-attr]  # noqa: B018
        store.update(resource, id, {"shop_key": OTHER})
    with kitchen.acting():
        assert Client.get(id).shop_key == OTHER
    with kitchen.acting(), unit_of_work():
        store.delete(current.lineup.resources["kitchen.client"], id)


def test_rotation_seals_everything_anew_and_can_run_twice(kitchen: Business, keys: Any, app: Flask) -> None:
    ids = [make(kitchen, shop_key=f"{SECRET}{n}") for n in range(3)]
    kitchen.client().post(
        f"{kitchen.url}/settings/kitchen",
        data={"guests": "6", "tip": "1", "taste": "hot", "pattern.order.number": "B-{n:05}", "till_key": OTHER,
              "version": "0"},
    )  # fmt: skip
    assert {"kitchen.client.shop_key", "kitchen.client.certificate"} <= {
        f"{c.table.fullname}.{c.name}" for c in sealed_columns()
    }
    keys(f"new:{key('n')}", app.config["SECRET_KEY"])
    with app.app_context():
        first = {r.place: r for r in reseal_all()}
    assert first["kitchen.client.shop_key"].done >= 3
    assert first["core.setting.values"].done >= 1
    assert not any(str(id) in line for id in ids for r in first.values() for line in r.failed)
    assert {key_of(bytes(stored(kitchen, id))) for id in ids} == {"new"}
    keys(f"new:{key('n')}", "another secret key")  # the older key is gone
    with app.app_context():
        again = {r.place: r for r in reseal_all()}
    assert sum(r.done for r in again.values()) == 0
    assert again["kitchen.client.shop_key"].kept >= 3
    with kitchen.acting():
        assert [Client.get(id).shop_key for id in ids] == [f"{SECRET}{n}" for n in range(3)]
        assert installed()["kitchen"].plugin.config.till_key == OTHER  # type: ignore[union-attr]


def test_rotation_tells_what_it_cannot_open(kitchen: Business, keys: Any, app: Flask) -> None:
    keys(f"lost:{key('l')},new:{key('n')}", app.config["SECRET_KEY"])
    id = make(kitchen, shop_key=SECRET)
    keys(f"new:{key('n')}", app.config["SECRET_KEY"])
    with app.app_context():
        found = {r.place: r for r in reseal_all()}["kitchen.client.shop_key"]
    assert any(str(id) in line and "'lost'" in line for line in found.failed)
    assert SECRET not in str(found.failed)
    assert key_of(bytes(stored(kitchen, id))) == "lost"
    with kitchen.acting(), unit_of_work():  # so that others can rotate
        store.delete(current.lineup.resources["kitchen.client"], id)
