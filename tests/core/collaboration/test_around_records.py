"""Comments, mentions, files, tags, tasks and stars: what each writes, who is told, and what goes with the record."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from diwan import collaboration, notifications, resources
from diwan.collaboration.models import Comment
from diwan.config import Config
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.resources import Resource, bulk, lookup
from diwan.testing.world import Business, Person, World

READ = "contacts.contact.read"


def contact() -> Resource:
    found: Resource = current.lineup.resources["contacts.contact"]
    return found


def make(business: Business, name: str = "Acme") -> UUID:
    with business.acting(), unit_of_work():
        id: UUID = resources.create(contact(), {"name": name}).id
        return id


def told(business: Business, person: Person) -> list[tuple[str, str]]:
    with business.acting(person), unit_of_work():
        return [(each.kind, each.title) for each in notifications.latest()]


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")


def test_a_mention_tells_readers_and_names_those_who_may_not_see(business: Business) -> None:
    id, reader, stranger = make(business), business.member(READ), business.member("core.member.read")
    with business.acting(), unit_of_work():
        body = f"@{reader.email} and @{stranger.email}: look"
        said = collaboration.add_comment(contact(), id, "Acme", body)
        assert said.comment.mentions == [reader.id]
        assert said.without_right == (stranger.name,)
        assert set(collaboration.followers(contact(), id)) == {business.owner.id, reader.id}
    assert told(business, reader) == [("mention", "Acme")]
    assert told(business, stranger) == []
    assert told(business, business.owner) == []


def test_a_name_that_two_people_have_means_nobody_unless_chosen(business: Business) -> None:
    id, one, _two = make(business), business.member(READ), business.member(READ)
    with business.acting(), unit_of_work():
        assert collaboration.add_comment(contact(), id, "Acme", f"@{one.name}").comment.mentions == []
        assert collaboration.add_comment(contact(), id, "Acme", "hi", [one.id]).comment.mentions == [one.id]


def test_only_the_author_changes_a_comment_and_only_for_a_while(business: Business) -> None:
    id, other = make(business), business.member(READ)
    with business.acting(), unit_of_work():
        comment = collaboration.add_comment(contact(), id, "Acme", "First").comment.id
        assert collaboration.edit_comment(contact(), id, comment, "Acme", "Second").comment.edited_at is not None
    with business.acting(other), unit_of_work(), pytest.raises(Denied):
        collaboration.delete_comment(contact(), id, comment)
    with business.acting(), unit_of_work() as session:
        late = now() - timedelta(minutes=16)
        session.execute(update(Comment).where(Comment.id == comment).values(created_at=late))
        session.expire_all()
        with pytest.raises(Refuse):
            collaboration.edit_comment(contact(), id, comment, "Acme", "Third")


def test_a_deleted_comment_leaves_a_trace_without_its_text(business: Business) -> None:
    id = make(business)
    with business.acting(), unit_of_work():
        comment = collaboration.add_comment(contact(), id, "Acme", "Secret").comment.id
        collaboration.delete_comment(contact(), id, comment)
        [kept] = collaboration.comments(contact(), id)
        assert (kept.body, kept.deleted_at is not None) == ("", True)
        with pytest.raises(NotFound):
            collaboration.edit_comment(contact(), id, comment, "Acme", "Again")


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 5001])
def test_a_comment_needs_a_text_of_some_length(business: Business, body: str) -> None:
    id = make(business)
    with business.acting(), unit_of_work(), pytest.raises(Invalid):
        collaboration.add_comment(contact(), id, "Acme", body)


def test_followers_hear_of_changes_once_an_hour_while_they_may_read(business: Business) -> None:
    id, reader, former = make(business), business.member(READ), business.member("core.member.read")
    with business.acting(), unit_of_work():
        collaboration.follow(contact(), id, [business.owner.id, reader.id, former.id])
        resources.update(contact(), id, {"name": "Acme 2"})
        resources.update(contact(), id, {"name": "Acme 3"})
    assert told(business, reader) == [("changed", "Acme 2")]
    assert told(business, former) == []
    assert told(business, business.owner) == []


def test_tags_are_one_word_however_they_are_spelled(business: Business) -> None:
    one, two = make(business), make(business, "Beta")
    with business.acting(), unit_of_work():
        first = collaboration.add_tag(contact(), one, "Acme", "أحمد")
        assert collaboration.add_tag(contact(), two, "Beta", "احمد") == first
        found = collaboration.tags_for("contacts.contact", [one, two])
        assert found[one] == found[two] == [first]
        collaboration.remove_tag(contact(), one, "Acme", first.id)
        assert collaboration.suggest_tags("احم") == [first]
        collaboration.remove_tag(contact(), two, "Beta", first.id)
        assert collaboration.suggest_tags() == []


def test_a_file_is_what_its_bytes_say(business: Business) -> None:
    id = make(business)
    with business.acting(), unit_of_work():
        kept = collaboration.attach(contact(), id, "Acme", io.BytesIO(b"%PDF-1.7 x"), "../a.pdf", limit=100)
        assert (kept.name, kept.mime, kept.previews) == ("a.pdf", "application/pdf", True)
        for content, name in ((b"<script>", "a.txt"), (b"%PDF-1.7", "a.png"), (b"MZ..", "a.bin"), (b"", "a.txt")):
            with pytest.raises(Invalid):
                collaboration.attach(contact(), id, "Acme", io.BytesIO(content), name, limit=100)
        assert [each.name for each in collaboration.attachments(contact(), id)] == ["a.pdf"]


@pytest.mark.parametrize("many", [False, True])
def test_what_stands_around_a_record_goes_with_it(business: Business, config: Config, many: bool) -> None:
    id, kept = make(business), make(business, "Stays")
    with business.acting(), unit_of_work():
        for each in (id, kept):
            collaboration.add_comment(contact(), each, "A", "x")
            collaboration.add_tag(contact(), each, "A", "vip")
            collaboration.attach(contact(), each, "A", io.BytesIO(b"abc"), "a.txt", limit=100)
            collaboration.create_task("call", resource=contact(), record_id=each)
            collaboration.star(contact(), each)
            collaboration.visit(contact(), each)
    with business.acting(), unit_of_work():
        if many:
            bulk.delete_many(contact(), list(lookup.find_by_id(contact(), [id]).values()))
        else:
            resources.delete(contact(), id)
    with business.acting(), unit_of_work() as session:
        for table in ("comment", "follower", "attachment", "task", "record_tag", "favourite", "visit"):
            rows = session.execute(
                text(f"SELECT DISTINCT record_id FROM core.{table} WHERE tenant_id = :t"),
                {"t": current.tenant.id},
            )
            assert list(rows.scalars()) == [kept], table
    folder: Path = config.home / "files" / str(business.tenant.id)
    assert len(list(folder.iterdir())) == 1


def test_stars_and_visits_show_what_may_be_read(business: Business) -> None:
    id = make(business)
    with business.acting(), unit_of_work():
        collaboration.star(contact(), id)
        collaboration.star(contact(), id)
        collaboration.visit(contact(), id)
        assert collaboration.favourites() == collaboration.recent() == [("contacts.contact", id, "Acme")]
        collaboration.unstar(contact(), id)
        assert collaboration.favourites() == []
    with business.acting(Person(business.owner.id, "a@example.com", "A", ("core.member.read",))), unit_of_work():
        assert collaboration.recent() == []


def test_a_reminder_is_told_once_and_not_for_what_is_done(business: Business) -> None:
    with business.acting(), unit_of_work():
        due = collaboration.create_task("Call", remind_at=now() - timedelta(seconds=1))
        done = collaboration.create_task("Write", remind_at=now() - timedelta(seconds=1))
        later = collaboration.create_task("Later", remind_at=now() + timedelta(hours=1))
        collaboration.complete_task(done.id)
        for task in (due, due, done, later):
            collaboration.remind(task.id)
    assert told(business, business.owner) == [("reminder", "Call")]


def test_a_reminder_waits_in_the_outbox(business: Business) -> None:
    at = now() + timedelta(hours=2)
    with business.acting(), unit_of_work() as session:
        task = collaboration.create_task("Call", remind_at=at)
        row = session.execute(
            text("SELECT payload ->> 'task', available_at FROM core.outbox WHERE name = 'core.task.remind'"
                 " AND tenant_id = :t"), {"t": current.tenant.id},
        ).one()  # fmt: skip
        assert (row[0], row[1]) == (str(task.id), at)


def test_a_task_goes_to_members_who_may_see_its_record(business: Business) -> None:
    id, reader, stranger = make(business), business.member(READ), business.member("core.member.read")
    with business.acting(), unit_of_work():
        collaboration.create_task("Call", resource=contact(), record_id=id, assignee_id=reader.id)
        for who in (stranger.id, uuid4()):
            with pytest.raises(Invalid):
                collaboration.create_task("Call", resource=contact(), record_id=id, assignee_id=who)
    assert told(business, reader) == [("task", "Call")]


def test_a_task_is_changed_by_who_has_or_gave_it(business: Business) -> None:
    other = business.member(READ)
    with business.acting(), unit_of_work():
        id = collaboration.create_task("Call").id
    with business.acting(other), unit_of_work(), pytest.raises(Denied):
        collaboration.complete_task(id)


def test_the_neighbour_sees_nothing(world: World, business: Business) -> None:
    neighbour = world.business("contacts")
    id = make(business)
    with business.acting(), unit_of_work():
        collaboration.add_comment(contact(), id, "Acme", "x")
        collaboration.add_tag(contact(), id, "Acme", "vip")
        file = collaboration.attach(contact(), id, "Acme", io.BytesIO(b"abc"), "a.txt", limit=100).id
        task = collaboration.create_task("Call").id
    with neighbour.acting(), unit_of_work():
        assert collaboration.comments(contact(), id) == []
        assert collaboration.attachments(contact(), id) == []
        assert collaboration.tags_for("contacts.contact", [id]) == {}
        assert collaboration.followers(contact(), id) == []
        assert collaboration.suggest_tags() == []
        for call in (
            lambda: collaboration.find_attachment(contact(), id, file),
            lambda: collaboration.complete_task(task),
        ):
            with pytest.raises(NotFound):
                call()
