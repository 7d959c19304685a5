"""What goes with a record that is deleted: its comments, followers, files, tasks, tags, stars and visits.

It must run in the transaction of the deletion, for any number of records at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from diwan import files
from diwan.collaboration.models import Attachment, Comment, Favourite, Follower, RecordTag, Task, Visit
from diwan.db.context import current
from diwan.events.event import RecordEvent

ATTACHED: Table = Attachment.__table__  # type: ignore[assignment]
TABLES = tuple(model.__table__ for model in (Comment, Follower, Attachment, RecordTag, Favourite, Visit, Task))


def forget_records(events: Sequence[RecordEvent]) -> None:
    """Remove what stands around records that were deleted."""
    for key in {event.resource for event in events}:
        ids = [event.record for event in events if event.resource == key]
        wanted = bindparam("ids", ids, type_=ARRAY(Uuid()))
        connection = current.session.connection()
        held = select(ATTACHED.c.file_id).where(
            ATTACHED.c.tenant_id == current.tenant.id, ATTACHED.c.resource == key, ATTACHED.c.record_id == any_(wanted)
        )
        for file in list(connection.execute(held).scalars()):
            files.remove(file)
        for table in cast(tuple[Table, ...], TABLES):
            connection.execute(
                delete(table).where(
                    table.c.tenant_id == current.tenant.id, table.c.resource == key, table.c.record_id == any_(wanted)
                )
            )
