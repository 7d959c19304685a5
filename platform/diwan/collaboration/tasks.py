"""Tasks: something that one person has to do, about a record or on its own, with a day and a reminder.

It must show a task only to who gave it, who has it, and who may read its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from diwan import notifications
from diwan.collaboration.models import Task
from diwan.collaboration.people import people
from diwan.db.base import now
from diwan.db.context import current
from diwan.errors import Denied, Invalid, NotFound, Stale
from diwan.events import outbox
from diwan.kit.i18n import _
from diwan.kit.text import clean
from diwan.resources import Resource

REMIND = "core.task.remind"
LONGEST = 200
LONGEST_NOTE = 2000
MOST = 200
MOST_DONE = 50


def create_task(
    title: str, *, resource: Resource | None = None, record_id: UUID | None = None, record_title: str = "",
    assignee_id: UUID | None = None, due_at: datetime | None = None, remind_at: datetime | None = None, note: str = "",
) -> Task:  # fmt: skip
    """Give a task to a member; without one it is the person's own. Raises Invalid."""
    shown, assignee = _checked(title), _checked_assignee(assignee_id or current.user.id, resource, record_id)
    moment = now()
    task = Task(
        resource=resource.key if resource else "", record_id=record_id, record_title=record_title[:LONGEST],
        title=shown, note=clean(note)[:LONGEST_NOTE], assignee_id=assignee, due_at=due_at, remind_at=remind_at,
        created_by=current.user.id, created_at=moment, updated_at=moment,
    )  # fmt: skip
    current.session.add(task)
    current.session.flush()
    _schedule(task)
    notifications.notify([assignee], "task", shown, record_title, task.resource, record_id)
    return task


def edit_task(
    id: UUID, version: int, *, title: str, note: str, assignee_id: UUID | None, due_at: datetime | None,
    remind_at: datetime | None,
) -> Task:  # fmt: skip
    """Change a task that one has or gave, as it was at `version`. Raises Invalid, Stale, NotFound, Denied."""
    task = find_task(id, lock=True)
    wanted = {
        "title": _checked(title), "note": clean(note)[:LONGEST_NOTE], "assignee_id": assignee_id, "due_at": due_at,
        "remind_at": remind_at,
    }  # fmt: skip
    changed = {name: value for name, value in wanted.items() if getattr(task, name) != value}
    if not changed:
        return task
    if task.version != version:
        text = _("Somebody changed this task meanwhile. Look at it, then save again to keep what you have typed.")
        raise Stale(text, {name: getattr(task, name) for name in changed}, changed)
    if "assignee_id" in changed:
        about = current.lineup.resources.get(task.resource) if task.resource else None
        _checked_assignee(assignee_id, about, task.record_id)
    for name, value in changed.items():
        setattr(task, name, value)
    if "remind_at" in changed:
        task.reminded_at = None
    _touch(task)
    if "remind_at" in changed:
        _schedule(task)
    if "assignee_id" in changed and assignee_id is not None:
        notifications.notify(
            [assignee_id], "task", task.title, task.record_title, task.resource, task.record_id
        )  # fmt: skip
    return task


def complete_task(id: UUID, *, done: bool = True) -> Task:
    """Note that a task is done, or is not after all."""
    task = find_task(id)
    if done != (task.done_at is not None):
        task.done_at, task.done_by = (now(), current.user.id) if done else (None, None)
        _touch(task)
    return task


def snooze_task(id: UUID, until: datetime) -> Task:
    """Put a task off; its reminder moves by as much."""
    task = find_task(id)
    if task.remind_at is not None:
        task.remind_at = task.remind_at + (until - task.due_at) if task.due_at else until
        task.reminded_at = None
    task.due_at = until
    _touch(task)
    _schedule(task)
    return task


def delete_task(id: UUID) -> None:
    """Remove a task that one has given or has."""
    current.session.delete(find_task(id))
    current.session.flush()


def find_task(id: UUID, *, lock: bool = False) -> Task:
    """Return a task that the person may change: their own, or one they gave. Raises NotFound, Denied."""
    statement = select(Task).where(Task.id == id)
    task = current.session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if task is None:
        raise NotFound(_("This task is no longer there."))
    if current.user.id not in (task.assignee_id, task.created_by):
        raise Denied(_("Only who has or gave a task may change it."))
    return task


def my_tasks() -> tuple[Sequence[Task], Sequence[Task]]:
    """Return the person's open tasks, the most urgent first, and those done lately."""
    mine = select(Task).where(Task.assignee_id == current.user.id)
    opened = mine.where(Task.done_at.is_(None)).order_by(Task.due_at.asc().nulls_last(), Task.id).limit(MOST)
    done = mine.where(Task.done_at.is_not(None)).order_by(Task.done_at.desc()).limit(MOST_DONE)
    return current.session.scalars(opened).all(), current.session.scalars(done).all()


def tasks_of(resource: Resource, id: UUID) -> Sequence[Task]:
    """Return the tasks of a record, the open ones first."""
    statement = select(Task).where(Task.resource == resource.key, Task.record_id == id)
    order = (Task.done_at.is_not(None), Task.due_at.asc().nulls_last(), Task.id)
    return current.session.scalars(statement.order_by(*order).limit(MOST_DONE)).all()


def remind(task: UUID) -> None:
    """Job: tell the assignee of a task whose reminder is due. Runs again without telling twice."""
    found = current.session.scalars(select(Task).where(Task.id == task).with_for_update()).one_or_none()
    if found is None or found.done_at or found.reminded_at or found.remind_at is None or found.remind_at > now():
        return
    found.reminded_at = now()
    current.session.flush()
    if found.assignee_id is not None:
        notifications.notify(
            [found.assignee_id], "reminder", found.title, found.record_title, found.resource, found.record_id,
            itself=True,
        )  # fmt: skip


def _checked(title: str) -> str:
    shown = " ".join(clean(title).split())
    if not shown or len(shown) > LONGEST:
        raise Invalid({"title": _("Enter a task of at most %(n)s characters.", n=LONGEST)})
    return shown


def _checked_assignee(assignee: UUID | None, resource: Resource | None, record: UUID | None) -> UUID:
    """Refuse somebody who does not work here, or may not see the record that the task is about. Raises Invalid."""
    known = people("", [assignee] if assignee else [], resource=resource, record=record)
    if not known or assignee is None:
        raise Invalid({"assignee": _("Choose somebody who works here.")})
    if resource is not None and not known[0].may:
        raise Invalid({"assignee": _("This person may not see the record, so they could not do the task.")})
    return assignee


def _schedule(task: Task) -> None:
    if task.remind_at is not None and task.reminded_at is None:
        outbox.put("job", REMIND, {"task": task.id}, available_at=max(task.remind_at, now()))


def _touch(task: Task) -> None:
    task.updated_at, task.version = now(), task.version + 1
    current.session.flush()
