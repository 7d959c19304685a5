"""emit(): `during` takes part in the transaction, `on` gets a row of its own in it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from diwan.errors import Refuse
from diwan.events import emit, emit_all, event, listened, outbox, record_event

CODE = """
from uuid import UUID

class Lent(Event):
    loan: UUID

seen = []

@plugin.during(Lent)
def check(event):
    seen.append(event.loan)
    if event.loan.int == 0:
        raise Refuse("Not this one.", field="loan")
    if event.loan.int == 1:
        raise ZeroDivisionError("a defect")

@plugin.on(Lent)
def first(event): ...

@plugin.on("lending.lent")
def second(event): ...

@plugin.on(Created["crm.contact"])
def contact(event): ...
"""


@pytest.fixture
def lending(shelf):
    shelf.write("lending", CODE)
    shelf.activate()
    import diwan_lending

    yield diwan_lending
    event.forget("diwan_lending")


@pytest.fixture
def tenant(desk, lending):
    return desk.tenant("lending")


def rows(desk, tenant):
    with desk.working(tenant) as session:
        return session.execute(
            text("SELECT kind, name, payload, state FROM core.outbox WHERE tenant_id = :t ORDER BY name"),
            {"t": tenant.id},
        ).all()


def test_each_subscriber_has_a_row_and_during_ran_at_once(desk, lending, tenant):
    loan = uuid4()
    with desk.working(tenant):
        emit(lending.Lent(loan=loan))
        assert lending.seen == [loan]
    found = rows(desk, tenant)
    assert [row.name for row in found] == ["lending.first@lending.lent", "lending.second@lending.lent"]
    assert found[0].payload == {"event": "lending.lent", "data": {"loan": str(loan)}}
    assert {(row.kind, row.state) for row in found} == {("event", "ready")}


@pytest.mark.parametrize(("number", "error"), [(0, Refuse), (1, Exception)])
def test_during_ends_the_transaction(desk, lending, tenant, number, error):
    from uuid import UUID

    with pytest.raises(error), desk.working(tenant):
        outbox.put("job", "core.test.never")
        emit(lending.Lent(loan=UUID(int=number)))
    assert rows(desk, tenant) == []


def test_a_rollback_leaves_no_intent(desk, lending, tenant):
    with pytest.raises(KeyError), desk.working(tenant):
        emit(lending.Lent(loan=uuid4()))
        raise KeyError
    assert rows(desk, tenant) == []


def test_who_has_the_plugin_off_hears_nothing(desk, lending):
    without = desk.tenant("")
    with desk.working(without):
        assert not listened("lending.lent")
        emit(lending.Lent(loan=uuid4()))
    assert rows(desk, without) == []
    assert lending.seen == []


def test_many_record_events_go_with_one_statement(desk, tenant):
    with desk.working(tenant) as session:
        assert listened("crm.contact.created")
        before = outbox.put_all
        calls = []
        outbox.put_all = lambda intents: calls.append(len(intents)) or before(intents)
        try:
            emit_all(record_event("created", "crm.contact", uuid4()) for _ in range(5))
        finally:
            outbox.put_all = before
        assert calls == [5]
        assert session.scalar(text("SELECT count(*) FROM core.outbox")) == 5


def test_ids_are_handed_over_once_after_the_commit(desk, tenant):
    handed = []
    outbox.carry_with(handed.append)
    try:
        with desk.working(tenant):
            first = outbox.put("job", "core.test.one", {"id": uuid4()})
            second = outbox.put("mail", "core.test.two")
            assert handed == []
        assert [[m.id for m in batch] for batch in handed] == [[first, second]]
        with pytest.raises(KeyError), desk.working(tenant):
            outbox.put("job", "core.test.three")
            raise KeyError
        with desk.working(tenant):
            pass
        assert len(handed) == 1
    finally:
        outbox.carry_with(None)


def test_what_does_not_fit_json_is_refused_where_it_is_put(desk, tenant):
    with pytest.raises(TypeError, match="object cannot travel"), desk.working(tenant):
        outbox.put("job", "core.test.bad", {"x": object()})
