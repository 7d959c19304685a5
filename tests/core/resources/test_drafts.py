"""Drafts: what one person has typed into one form, kept until it is saved, seen by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import TooLarge
from diwan.jobs import sweeper
from diwan.kit.ids import uuid7
from diwan.resources import drafts
from diwan.testing.world import Business, World

CONTACT = "contacts.contact"


def test_a_draft_is_kept_replaced_and_forgotten(business: Business) -> None:
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources[CONTACT]
        assert drafts.find(contacts) is None
        drafts.keep(contacts, [("name", "A"), ("roles", "customer"), ("roles", "supplier")])
        drafts.keep(contacts, [("name", "A\0B"), ("roles", "supplier")], version=3)
        found = drafts.find(contacts)
        assert found is not None
        assert found.pairs == [("name", "AB"), ("roles", "supplier")]
        assert found.version == 3
        drafts.forget(contacts)
        assert drafts.find(contacts) is None


def test_drafts_belong_to_one_person_one_record_one_business(world: World, business: Business) -> None:
    other, colleague = world.business("contacts"), business.member("contacts.*")
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources[CONTACT]
        record = resources.create(contacts, {"name": "A"}).id
        drafts.keep(contacts, [("name", "mine")], record)
        assert drafts.find(contacts) is None
        assert drafts.find(contacts, record) is not None
    for place, person in ((business, colleague), (other, None)):
        with place.acting(person), unit_of_work():
            assert drafts.find(current.lineup.resources[CONTACT], record) is None


def test_what_nobody_came_back_to_is_swept_away(business: Business) -> None:
    with business.acting(), unit_of_work():
        contacts = current.lineup.resources[CONTACT]
        drafts.keep(contacts, [("name", "old")])
        current.session.execute(update(drafts.StoredDraft).values(saved_at=now() - timedelta(days=91)))
        drafts.keep(contacts, [("name", "new")], uuid7())
    with business.acting():
        sweeper.clean()
        assert drafts.find(contacts) is None
        left = current.session.scalar(select(func.count()).select_from(drafts.StoredDraft))
        assert left == 1


def test_a_form_that_is_too_long_is_refused(business: Business) -> None:
    with business.acting(), unit_of_work(), pytest.raises(TooLarge):
        drafts.keep(current.lineup.resources[CONTACT], [("note", "x" * drafts.MOST_BYTES)])
