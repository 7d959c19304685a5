"""Event classes: names, what they may hold, and the way through JSON and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from diwan.events import Created, Deleting, Event, event_name, record_event
from diwan.events.event import load
from diwan.events.naming import name_package, plugin_of


class GoodsReturned(Event, name="testing.goods_returned"):
    order: UUID
    when: datetime
    day: date
    price: Decimal
    lines: list[UUID]
    amounts: dict[str, Decimal]
    note: str | None = None
    count: int = 0


def goods(**changes: object) -> GoodsReturned:
    values = {
        "order": uuid4(), "when": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "day": date(2026, 1, 2),
        "price": Decimal("1.230"), "lines": [uuid4()], "amounts": {"tax": Decimal("0.5")},
    }  # fmt: skip
    return GoodsReturned(**{**values, **changes})


def test_an_event_comes_back_from_json_as_it_was():
    event = goods(note="سلام")
    assert load("testing.goods_returned", event.to_json()) == event


def test_new_optional_fields_and_unknown_fields_do_not_break_old_messages():
    data = goods(count=3).to_json()
    del data["count"]
    data["added_by_a_newer_version"] = 1
    assert GoodsReturned.from_json(data).count == 0


def test_events_cannot_be_changed():
    with pytest.raises(AttributeError):
        goods().count = 2  # type: ignore[misc]


def test_the_name_is_the_plugins_and_the_classes():
    name_package("acme_lending", "lending")
    made = type("LoanReturned", (Event,), {"__module__": "acme_lending.events", "__annotations__": {}})
    assert made.event_name == "lending.loan_returned"
    assert event_name(made) == "lending.loan_returned"
    assert plugin_of("diwan_crm.models") == "crm"


def test_an_event_may_not_hold_a_record():
    with pytest.raises(TypeError, match=r"Bad: .*cannot travel"):
        type("Bad", (Event,), {"__module__": "diwan_testing", "__annotations__": {"user": object.__class__}})


def test_an_annotation_with_two_types_is_refused():
    with pytest.raises(TypeError, match="ambiguous"):
        type("Bad", (Event,), {"__module__": "diwan_testing", "__annotations__": {"x": int | str}})


def test_two_classes_cannot_share_a_name():
    with pytest.raises(TypeError, match=r"testing\.goods_returned is defined in"):
        type("Other", (Event,), {"__module__": "elsewhere", "__annotations__": {}}, name="testing.goods_returned")


def test_record_events_need_no_class():
    record = uuid4()
    event = record_event("updated", "crm.contact", record, changes={"price": [Decimal("1.5"), None]})
    back = load(event.event_name, event.to_json())
    assert (back.event_name, back.record, back.kind) == ("crm.contact.updated", record, "updated")
    assert back.changes == {"price": ["1.5", None]}
    assert Created["crm.contact"] == "crm.contact.created"
    assert Deleting["crm.contact"] == "crm.contact.deleting"


def test_an_unknown_event_is_told_by_name():
    with pytest.raises(LookupError, match=r"gone\.happened"):
        load("gone.happened", {"x": 1})
