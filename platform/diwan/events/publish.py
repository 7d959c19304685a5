"""emit(): `during` subscribers run now and may refuse; `on` subscribers get a row in the outbox, each its own.

It must reach subscribers through the lineup of the scope only, and must never commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from diwan.db.context import current
from diwan.events import outbox
from diwan.events.event import Event, RecordEvent

Happened = Event | RecordEvent


class Subscriber(Protocol):
    """What a lineup lists: whose function, under which key."""

    @property
    def plugin(self) -> str: ...
    @property
    def key(self) -> str: ...


class Subscriptions(Protocol):
    """The part of a lineup that events need."""

    def during(self, event: str) -> Sequence[Any]: ...
    def subscribers(self, event: str) -> Sequence[Any]: ...
    def call(self, contribution: Any, *args: Any, **options: Any) -> Any: ...


def emit(event: Happened) -> None:
    """Publish an event inside the open transaction.

    A `during` subscriber may raise Refuse; whatever one raises ends the transaction. Delivery to `on` subscribers
    begins after the commit.
    """
    emit_all((event,))


def emit_all(events: Iterable[Happened]) -> None:
    """Publish many events with one statement (imports, bulk changes)."""
    lineup: Subscriptions | None = current.lineup
    if lineup is None:
        return
    intents: list[outbox.Intent] = []
    for event in events:
        name = event.event_name
        for contribution in lineup.during(name):
            lineup.call(contribution, event, breaker=False)
        listeners: Sequence[Subscriber] = lineup.subscribers(name)
        if listeners:
            payload = {"event": name, "data": event.to_json()}
            intents.extend(outbox.Intent("event", listener.key, payload) for listener in listeners)
    if intents:
        outbox.put_all(intents)


def listened(*names: str) -> bool:
    """Return whether anybody listens to one of the events in the current tenant."""
    lineup: Subscriptions | None = current.lineup
    return lineup is not None and any(lineup.during(name) or lineup.subscribers(name) for name in names)
