"""Events: what has happened, told to whoever subscribed; and the outbox, by which anything leaves a transaction.

It must not import the kernel or the queue: subscribers come through `current.lineup`, delivery is `diwan.jobs`.
"""

from diwan.events.event import Event, RecordEvent, record_event
from diwan.events.naming import Created, Creating, Deleted, Deleting, Updated, Updating, event_name
from diwan.events.publish import emit, emit_all, listened

__all__ = [
    "Created",
    "Creating",
    "Deleted",
    "Deleting",
    "Event",
    "RecordEvent",
    "Updated",
    "Updating",
    "emit",
    "emit_all",
    "event_name",
    "listened",
    "record_event",
]
