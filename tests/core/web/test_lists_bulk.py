"""What is done to many rows: at once, over all pages, as a job; with a way back, and never more than one may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from diwan import bulk, jobs, resources
from diwan.db import current, unit_of_work
from diwan.errors import BadRequest, Denied
from diwan.resources import store, undo
from diwan.resources.bulk import create_many
from diwan.testing.world import Business

ORDER = "kitchen.order"


class Bulk:
    """A person who selects orders."""

    def __init__(self, business: Business, client: FlaskClient | None = None) -> None:
        self.business, self.client = business, client or business.client()
        self.base = f"{business.url}/kitchen/order"
        page = self.client.get(business.url).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        self.csrf = found[1]

    def orders(self, count: int, **values: Any) -> list[str]:
        with self.business.acting(), unit_of_work():
            resource = current.lineup.resources[ORDER]
            drafts = [{"subject": f"N{number:04}", **values} for number in range(count)]
            return [str(outcome.id) for outcome in create_many(resource, drafts)]  # type: ignore[union-attr]

    def post(self, verb: str, status: int = 303, **form: Any) -> Any:
        answer = self.client.post(f"{self.base}/bulk/{verb}", data={**form, "csrf_token": self.csrf})
        assert answer.status_code == status, answer.text[:3000]
        return answer

    def said(self) -> str:
        page = self.client.get(self.base).text
        return " ".join(re.findall(r'class="toast [^>]*>.*?<span class="grow">([^<]*)</span>', page, re.DOTALL))

    def count(self, where: Any = None, *, archived: bool = False) -> int:
        with self.business.acting():
            return resources.count(current.lineup.resources[ORDER], where, archived=archived).number

    def undo(self) -> str:
        found = re.search(r'formaction="([^"]*/undo/[^"]+)"', self.client.get(self.base).text)
        assert found
        assert self.client.post(found[1], data={"csrf_token": self.csrf}).status_code == 303
        return self.said()


@pytest.fixture
def them(world: Any) -> Bulk:
    return Bulk(world.business("kitchen"))


def test_chosen_rows_are_archived_and_the_step_is_undone(them: Bulk) -> None:
    ids = them.orders(5)
    them.post("archive", id=ids[:3])
    assert (them.count(), them.count(archived=True)) == (2, 3)
    assert "as they were" in them.undo()
    assert (them.count(), them.count(archived=True)) == (5, 0)
    them.post("archive", id=ids)
    them.post("restore", id=ids[:1], state="archived=1")
    assert them.count() == 1


def test_everything_that_matches_is_edited_over_all_pages(them: Bulk) -> None:
    them.orders(120, state="open")
    them.orders(7, state="done")
    form = {"all": "1", "state": "f.state=open", "field": "priority"}
    page = them.post("edit", status=200, **form).text
    assert "Edit a field of 120 records" in page
    assert 'name="value"' in page
    answer = them.post("edit", **form, value="high", do="apply")
    assert answer.location.endswith("?f.state=open")
    assert them.count(["priority", "eq", "high"]) == 120
    assert "120 records were changed." in them.said()


def test_an_edit_is_validated_audited_and_undone(them: Bulk) -> None:
    ids = them.orders(3, guests=5)
    assert "Enter a whole number" in them.post("edit", status=422, id=ids, field="guests", value="x", do="apply").text
    them.post("edit", id=ids, field="guests", value="9", do="apply")
    assert them.count(["guests", "eq", 9]) == 3
    with them.business.acting(), unit_of_work():
        entries = current.session.execute(
            text("SELECT before, after FROM core.audit_entry WHERE tenant_id = :t AND action = 'update'"),
            {"t": them.business.tenant.id},
        ).all()
        assert [(e.before["guests"], e.after["guests"]) for e in entries] == [(5, 9)] * 3
    them.undo()
    assert them.count(["guests", "eq", 5]) == 3
    for field in ("note", "created_at", "nothing", "tenant_id"):
        them.post("edit", status=400, id=ids, field=field, value="x", do="apply")
    missing = "01890000-0000-7000-8000-000000000000"
    assert "There is no such" in them.post("edit", status=422, id=ids, field="client", value=missing, do="apply").text


def test_records_are_deleted_but_those_that_others_refer_to(them: Bulk) -> None:
    [parent, *rest] = them.orders(3)
    them.orders(1, parent=None)
    with them.business.acting(), unit_of_work():
        store.create(current.lineup.resources[ORDER], {"subject": "Child", "parent": parent})
    them.post("delete", id=[parent, *rest])
    assert them.count() == 3
    said = them.said()
    assert "2 records were deleted." in said
    assert "Other records refer to this one" in said


def test_more_than_a_thousand_become_a_job_with_its_progress(them: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 20)
    monkeypatch.setattr("diwan.bulk.run.BATCH", 8)
    them.orders(30, state="open")
    them.orders(4, state="done")
    answer = them.post("archive", all="1", state="f.state=open")
    assert "/bulk/jobs/" in answer.location
    page = them.client.get(answer.location)
    assert "Waiting for a free worker" in page.text
    assert them.count(archived=True) == 0
    with them.business.acting():
        jobs.run_pending()
        current.session.commit()
    assert (them.count(), them.count(archived=True)) == (4, 30)
    assert them.client.get(answer.location).status_code == 303
    assert "30 records were archived." in them.said()
    other = Bulk(them.business, them.business.client(them.business.member("kitchen.*")))
    assert other.client.get(answer.location).status_code == 404


def test_a_job_acts_with_the_rights_of_then_and_can_be_stopped(them: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 2)
    them.orders(5)
    answer = them.post("archive", all="1", state="")
    them.client.post(f"{answer.location}/stop", data={"csrf_token": them.csrf})
    with them.business.acting():
        jobs.run_pending()
        current.session.commit()
    assert them.count() == 5


def test_an_act_needs_its_right_and_a_selection_that_makes_sense(them: Bulk) -> None:
    ids = them.orders(2)
    reader = Bulk(them.business, them.business.client(them.business.member("kitchen.order.read")))
    for verb in ("archive", "restore", "delete", "edit"):
        reader.post(verb, status=403, id=ids)
    editor = Bulk(
        them.business, them.business.client(them.business.member("kitchen.order.read", "kitchen.order.update"))
    )
    editor.post("delete", status=403, id=ids)
    them.post("archive", status=400, id=["x"])
    them.post("archive", status=400, all="1", state="where={")
    them.post("explode", status=404, id=ids)
    them.post("archive")
    assert "Select at least one record" in them.said()
    assert them.count() == 2
    with them.business.acting(editor.business.member("kitchen.order.read")), unit_of_work():
        resource = current.lineup.resources[ORDER]
        with pytest.raises(Denied):
            bulk.apply(resource, "archive", [])
    with them.business.acting(), unit_of_work(), pytest.raises(BadRequest):
        bulk.apply(current.lineup.resources[ORDER], "explode", [])


def test_rows_of_others_are_not_touched(them: Bulk, world: Any) -> None:
    other = Bulk(world.business("kitchen"))
    theirs = other.orders(2)
    them.post("archive", id=theirs)
    them.post("archive", all="1", state="")
    assert other.count() == 2


def test_a_thousand_take_few_statements(them: Bulk) -> None:
    from sqlalchemy import event

    from diwan.extensions import db

    them.orders(300)
    with them.business.acting(), unit_of_work():
        resource = current.lineup.resources[ORDER]
        ids = bulk.pick(resource, bulk.Selection(everything=True), 1_000)
        seen: list[str] = []

        def note(*parts: Any) -> None:
            seen.append(parts[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            done = bulk.apply(resource, "archive", ids)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert (done.changed, len(ids)) == (300, 300)
        assert len(seen) <= 6
        assert done.undo
        assert undo.undo(done.undo).undone == 300
