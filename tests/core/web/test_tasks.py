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
