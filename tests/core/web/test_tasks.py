"""The pages of one person: tasks, notifications and the bell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from diwan import collaboration, notifications, resources
from diwan.collaboration.models import Task
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.testing.world import Business, World


def send(client: FlaskClient, base: str, path: str = "", **values: Any) -> Any:
    return client.post(base + path, data=values)


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")


def test_a_task_is_made_done_and_put_off(business: Business) -> None:
    client, base = business.client(), f"{business.url}/tasks"
    assert "Nothing to do" in client.get(base).text
    assert send(client, base, title="Call <Acme>", due="2020-01-01").status_code == 303
    text = client.get(base).text
    assert "Call &lt;Acme&gt;" in text
    assert "Overdue" in text
    with business.acting(), unit_of_work():
        id: UUID = collaboration.my_tasks()[0][0].id
    assert send(client, base, f"/{id}/snooze/week").status_code == 303
    assert "Overdue" not in client.get(base).text
    with business.acting(), unit_of_work() as session:
        task = session.get(Task, (current.tenant.id, id))
        assert task is not None
        assert task.due_at is not None
        assert timedelta(days=6) < task.due_at - now() < timedelta(days=9)
    assert send(client, base, f"/{id}/done").status_code == 303
    assert "Done" in client.get(base).text
    assert send(client, base, f"/{id}/delete").status_code == 303
    assert "Nothing to do" in client.get(base).text


@pytest.mark.parametrize("wrong", [{"title": ""}, {"title": "a", "due": "soon"}, {"title": "a", "remind": "9999"}])
def test_what_is_wrong_is_said_and_kept(business: Business, wrong: dict[str, str]) -> None:
    answer = send(business.client(), f"{business.url}/tasks", **wrong)
    assert answer.status_code == 422
    assert f'value="{wrong["title"]}"' in answer.text


def test_a_task_of_somebody_else_is_refused(business: Business) -> None:
    with business.acting(), unit_of_work():
        id = collaboration.create_task("Mine").id
    other = business.client(business.member())
    assert send(other, f"{business.url}/tasks", f"/{id}/done").status_code == 403
    assert "Mine" not in other.get(f"{business.url}/tasks").text


def test_the_bell_counts_and_a_notification_leads_to_its_record(business: Business) -> None:
    reader = business.member("contacts.contact.read")
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        id = resources.create(contact, {"name": "Acme"}).id
        collaboration.add_comment(contact, id, "Acme", "<i>look</i>", [reader.id])
    client, base = business.client(reader), f"{business.url}/notifications"
    assert ": 1" in client.get(f"{base}/bell").text
    page = client.get(base).text
    assert "mentioned you" in page
    assert "<i>look" not in page
    with business.acting(reader), unit_of_work():
        [notice] = notifications.latest()
    answer = send(client, base, f"/{notice.id}")
    assert answer.headers["Location"].endswith(f"/contacts/contact/{id}")
    assert ": 1" not in client.get(f"{base}/bell").text
    assert send(client, base, "/read").status_code == 303


def test_a_record_that_one_may_no_longer_see_is_not_named(business: Business) -> None:
    former = business.member()
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        id = resources.create(contact, {"name": "Hidden Ltd"}).id
        notifications.notify([former.id], "changed", "Hidden Ltd", "words", contact.key, id)
    text = business.client(former).get(f"{business.url}/notifications").text
    assert "Hidden Ltd" not in text
    assert "words" not in text


FORM = {"title": "Call them", "note": "Ask for <b>Sami</b>", "due": "2030-05-01", "remind": "2030-05-01T09:00"}


def test_a_task_is_changed_and_a_stale_change_is_shown_first(business: Business) -> None:
    client, base, colleague = business.client(), f"{business.url}/tasks", business.member("contacts.contact.read")
    with business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        record = resources.create(resource, {"name": "Acme"}).id
        task = collaboration.create_task("Call", resource=resource, record_id=record, record_title="Acme")
        id, version = task.id, str(task.version)
    assert f"{base}/{id}" in client.get(base).text
    assert 'value="Call"' in client.get(f"{base}/{id}").text
    values = {**FORM, "assignee": str(colleague.id), "version": version}
    assert send(client, base, f"/{id}", **{**values, "title": " "}).status_code == 422
    assert send(client, base, f"/{id}", **{**values, "due": "soon"}).status_code == 422
    assert send(client, base, f"/{id}", **{**values, "assignee": "me"}).status_code == 422
    assert send(client, base, f"/{id}", **values).status_code == 303
    late = send(client, base, f"/{id}", **{**values, "title": "Mine <now>"})
    assert late.status_code == 409
    assert 'value="Mine &lt;now&gt;"' in late.text
    assert f'name="version" value="{int(version) + 1}"' in late.text
    with business.acting(colleague), unit_of_work():
        [mine], _done = collaboration.my_tasks()
        assert (mine.title, mine.note, mine.version) == ("Call them", "Ask for <b>Sami</b>", int(version) + 1)
        assert [(each.kind, each.title) for each in notifications.latest()] == [("task", "Call them")]
        remind = mine.remind_at
    same = send(client, base, f"/{id}", **{**values, "version": str(int(version) + 1)})
    assert same.status_code == 303
    with business.acting(colleague), unit_of_work():
        again = collaboration.find_task(id)
        assert (again.version, again.remind_at) == (int(version) + 1, remind)
    page = business.client(colleague).get(base).text
    assert "Ask for &lt;b&gt;Sami&lt;/b&gt;" in page


def test_a_task_about_a_record_goes_only_to_who_may_read_it(business: Business) -> None:
    stranger = business.member("core.member.read")
    with business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        record = resources.create(resource, {"name": "Acme"}).id
        id = collaboration.create_task("Call", resource=resource, record_id=record, record_title="Acme").id
    answer = send(
        business.client(), f"{business.url}/tasks", f"/{id}", title="Call", version="1", assignee=str(stranger.id)
    )
    assert answer.status_code == 422
    assert "may not see the record" in answer.text
    other = business.client(stranger)
    assert other.get(f"{business.url}/tasks/{id}").status_code == 403
    assert send(other, f"{business.url}/tasks", f"/{id}", **FORM, version="1").status_code == 403
