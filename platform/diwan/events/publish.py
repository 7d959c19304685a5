"""emit(): `during` subscribers run now and may refuse; `on` subscribers get a row in the outbox, each its own.

It must reach subscribers through the lineup of the scope only, and must never commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


_attending: dict[str, Callable[[Sequence[RecordEvent]], None]] = {}


def attend(kind: str, listener: Callable[[Sequence[RecordEvent]], None]) -> None:
    """Let an area of the core take part in one kind of record event ("deleted"), of whatever resource.

    It is called within the transaction, once for all events that are published together.
    """
    _attending[kind] = listener


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
    attended: dict[str, list[RecordEvent]] = {}
    for event in events:
        name = event.event_name
        for contribution in lineup.during(name):
            lineup.call(contribution, event, breaker=False)
        if isinstance(event, RecordEvent) and event.kind in _attending:
            attended.setdefault(event.kind, []).append(event)
        listeners: Sequence[Subscriber] = lineup.subscribers(name)
        if listeners:
            payload = {"event": name, "data": event.to_json()}
            intents.extend(outbox.Intent("event", listener.key, payload) for listener in listeners)
    for kind, found in attended.items():
        _attending[kind](found)
    if intents:
        outbox.put_all(intents)


def listened(*names: str) -> bool:
    """Return whether anybody listens to one of the events in the current tenant."""
    lineup: Subscriptions | None = current.lineup
    return lineup is not None and any(
        name.rpartition(".")[2] in _attending or lineup.during(name) or lineup.subscribers(name) for name in names
    )
