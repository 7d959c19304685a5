"""Taking back: former values come back, what others changed since stays, nobody undoes another's act.

It goes through the resource layer as the screens do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, NotFound, Refuse
from diwan.jobs import sweeper
from diwan.resources import undo
from diwan.testing.world import Business


@pytest.fixture
def made(business: Business) -> Any:
    """Two contacts that were moved to another country, and the step of it."""
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources["contacts.contact"]
        records = [resources.create(contacts, {"name": n, "country": "KW"}) for n in ("One", "Two")]
        changes = []
        for record in records:
            saved = resources.update(contacts, record.id, {"country": "SA"})
            changes.append({"id": saved.id, "version": saved.version, "before": {"country": "KW"}})
        return [record.id for record in records], undo.record(contacts, "Moved", changes)


def contacts() -> Any:
    return current.lineup.resources["contacts.contact"]


def country(id: Any) -> str:
    return str(resources.get(contacts(), id).country)


def test_former_values_come_back_once(business: Business, made: Any) -> None:
    ids, step = made
    with business.acting():
        with unit_of_work():
            assert undo.undo(step) == undo.Undone("contacts.contact", 2, 0)
        assert [country(id) for id in ids] == ["KW", "KW"]
        with pytest.raises(Refuse):
            undo.undo(step)


def test_what_was_changed_since_stays(business: Business, made: Any) -> None:
    ids, step = made
    with business.acting():
        with unit_of_work():
            resources.update(contacts(), ids[0], {"country": "AE"})
        with unit_of_work():
            done = undo.undo(step)
        assert (done.undone, done.kept) == (1, 1)
        assert [country(id) for id in ids] == ["AE", "KW"]


def test_archiving_is_undone(business: Business, made: Any) -> None:
    ids, _step = made
    with business.acting():
        with unit_of_work():
            gone = resources.archive(contacts(), ids[0])
            change = {"id": gone.id, "version": gone.version, "before": {"archived": False}}
            step = undo.record(contacts(), "Archived", [change])
        with unit_of_work():
            assert undo.undo(step).undone == 1
        assert resources.get(contacts(), ids[0]).archived_at is None


def test_only_the_person_who_did_it(business: Business, made: Any) -> None:
    other = business.member("*")
    with business.acting(other), pytest.raises(NotFound):
        undo.undo(made[1])


def test_only_with_the_right_to_change(business: Business, made: Any) -> None:
    with business.acting(), unit_of_work():
        reader = business.member("contacts.contact.read")
        step = current.session.get(undo.UndoStep, (current.tenant.id, made[1]))
        assert step is not None
        step.user_id = reader.id
    with business.acting(reader), pytest.raises(Denied):
        undo.undo(made[1])


def test_only_within_an_hour(business: Business, made: Any) -> None:
    with business.acting():
        with unit_of_work():
            step = current.session.get(undo.UndoStep, (current.tenant.id, made[1]))
            assert step is not None
            step.created_at = now() - timedelta(hours=2)
        with pytest.raises(Refuse):
            undo.undo(made[1])


def test_old_steps_are_swept_away(business: Business, made: Any) -> None:
    with business.acting(), unit_of_work():
        step = current.session.get(undo.UndoStep, (current.tenant.id, made[1]))
        assert step is not None
        step.created_at = now() - timedelta(days=2)
    with business.acting():
        sweeper.clean()
        current.session.expire_all()
        assert current.session.get(undo.UndoStep, (current.tenant.id, made[1])) is None
