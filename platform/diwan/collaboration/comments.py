"""Comments on records: written, corrected or taken back by their author for a quarter of an hour, with mentions.

It must keep text as text; a mention tells somebody and gives no right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from diwan import notifications
from diwan.collaboration.following import follow, followers
from diwan.collaboration.models import Comment
from diwan.collaboration.people import Person, people, readers
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Denied, Invalid, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.kit.text import clean, fold
from diwan.resources import Resource

LONGEST = 5000
MAY_CHANGE = timedelta(minutes=15)
MOST_SUGGESTED = 8
EXCERPT = 200
PAGE = 20


@dataclass(frozen=True, slots=True)
class Said:
    """A comment that was written, and who was mentioned in vain: they may not read the record."""

    comment: Comment
    without_right: tuple[str, ...] = ()


def add_comment(resource: Resource, id: UUID, title: str, text: str, mentions: Iterable[UUID] = ()) -> Said:
    """Say something about a record. Who says it and who is mentioned follow it from now on. Raises Invalid, Refuse."""
    if not resource.comments:
        raise Refuse(_("There are no comments on records of this kind."))
    body = _checked(text)
    named = _mentioned(resource, id, body, mentions)
    comment = Comment(
        resource=resource.key, record_id=id, author_id=current.user.id, author_name=current.user.name, body=body,
        mentions=[person.id for person in named if person.may], created_at=now(),
    )  # fmt: skip
    current.session.add(comment)
    current.session.flush()
    told = readers(resource, id, followers(resource, id)) - set(comment.mentions)
    notifications.notify(comment.mentions, "mention", title, body[:EXCERPT], resource.key, id)
    notifications.notify(told, "comment", title, body[:EXCERPT], resource.key, id)
    follow(resource, id, [current.user.id, *comment.mentions])
    return Said(comment, tuple(person.name for person in named if not person.may))


def edit_comment(
    resource: Resource, id: UUID, comment_id: UUID, title: str, text: str, mentions: Iterable[UUID] = ()
) -> Said:  # fmt: skip
    """Correct one's own comment. Who is mentioned only now is told, nobody is told twice."""
    comment = _own(resource, id, comment_id)
    body = _checked(text)
    if body == comment.body:
        return Said(comment)
    named = _mentioned(resource, id, body, mentions)
    before = set(comment.mentions)
    comment.body, comment.edited_at = body, now()
    comment.mentions = [person.id for person in named if person.may]
    current.session.flush()
    new = [person for person in comment.mentions if person not in before]
    notifications.notify(new, "mention", title, body[:EXCERPT], resource.key, id)
    follow(resource, id, new)
    return Said(comment, tuple(person.name for person in named if not person.may))


def delete_comment(resource: Resource, id: UUID, comment_id: UUID) -> None:
    """Take back one's own comment: its text goes, the fact that there was one stays."""
    comment = _own(resource, id, comment_id)
    comment.body, comment.mentions, comment.deleted_at = "", [], now()
    current.session.flush()


def may_change(comment: Comment) -> bool:
    """Return whether the person who acts may still correct or take back a comment."""
    mine = comment.author_id is not None and comment.author_id == current.user.id
    return mine and comment.deleted_at is None and now() - comment.created_at < MAY_CHANGE


def comments(resource: Resource, id: UUID, before: UUID | None = None, limit: int = PAGE) -> Sequence[Comment]:
    """Return the comments on a record, newest first; one more than `limit` where there are more."""
    statement = select(Comment).where(Comment.resource == resource.key, Comment.record_id == id)
    if before is not None:
        statement = statement.where(Comment.id < before)
    return current.session.scalars(statement.order_by(Comment.id.desc()).limit(limit + 1)).all()


def suggest(resource: Resource, id: UUID, typed: str) -> list[Person]:
    """Return the first people who may read the record and whose name or address has what was typed."""
    wanted = fold(typed)
    found = [
        person
        for person in people(resource=resource, record=id)
        if person.may and person.id != current.user.id and (wanted in fold(person.name) or wanted in person.email)
    ]
    return found[:MOST_SUGGESTED]


def _mentioned(resource: Resource, id: UUID, body: str, ids: Iterable[UUID]) -> list[Person]:
    """Who is meant: those who were chosen, and those whose name follows an @ and who alone have that name."""
    chosen = set(ids)
    if "@" not in body and not chosen:
        return []
    known, folded = people(resource=resource, record=id), fold(body)
    names = Counter(fold(person.name) for person in known)
    return [
        person
        for person in known
        if person.id != current.user.id
        and (
            (person.id in chosen)
            or (names[fold(person.name)] == 1 and _names(folded, fold(person.name)))
            or _names(folded, person.email)
        )
    ]


def _names(text: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w)@{re.escape(name)}(?!\w)", text) is not None


def _own(resource: Resource, id: UUID, comment_id: UUID) -> Comment:
    comment = current.session.scalars(
        select(Comment).where(Comment.id == comment_id, Comment.resource == resource.key, Comment.record_id == id)
    ).one_or_none()
    if comment is None or comment.deleted_at is not None:
        raise NotFound(_("This comment is no longer there."))
    if comment.author_id != current.user.id:
        raise Denied(_("Only who wrote a comment may change it."))
    if not may_change(comment):
        raise Refuse(_("A comment can be changed for 15 minutes only."))
    return comment


def _checked(text: str) -> str:
    body = clean(text.replace("\r\n", "\n"))
    if not body:
        raise Invalid({"body": _("Write something first.")})
    if len(body) > LONGEST:
        raise Invalid({"body": _("At most %(n)s characters.", n=LONGEST)})
    return body
