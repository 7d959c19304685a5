"""Event: the base of what plugins publish; RecordEvent: what every record's making, change and end is told by.

Events hold ids, numbers, text and dates only, since they travel as JSON. They must not hold records.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, dataclass_transform
from uuid import UUID

from diwan.events import codec
from diwan.events.naming import NAME, plugin_of, snake

_classes: dict[str, type[Event]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event:
    """Something that has happened. A subclass lists its fields; it becomes a frozen dataclass with keywords only.

    class LoanReturned(Event):
        loan: UUID
        days_late: int
    """

    event_name: ClassVar[str]

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(frozen=True, kw_only=True)(cls)
        try:
            hints = typing.get_type_hints(cls)
            for item in fields(cls):  # type: ignore[arg-type]
                codec.check(hints[item.name])
        except (NameError, TypeError) as error:
            raise TypeError(f"event {cls.__qualname__}: {error}") from None
        cls.event_name = name or f"{plugin_of(cls.__module__)}.{snake(cls.__name__)}"
        if not NAME.fullmatch(cls.event_name):
            raise TypeError(
                f"event {cls.__qualname__}: {cls.event_name!r} is not a name such as plugin.something_happened"
            )
        other = _classes.get(cls.event_name)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"event {cls.event_name} is defined in {other.__module__} already")
        _classes[cls.event_name] = cls

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return {item.name: codec.encode(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the event again. Fields that this version does not know are left out; new ones take their default."""
        hints = typing.get_type_hints(cls)
        known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: codec.decode(hints[name], value) for name, value in data.items() if name in known})


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """A record is made, changed or deleted. `changes` maps a field to its value [before, after], as JSON data."""

    event_name: str
    resource: str
    record: UUID
    title: str = ""
    changes: Mapping[str, list[Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The last word of the name: created, updated, deleted, creating, updating or deleting."""
        return self.event_name.rpartition(".")[2]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return {
            "resource": self.resource,
            "record": str(self.record),
            "title": self.title,
            "changes": codec.encode(self.changes),
        }


def record_event(
    kind: str, resource: str, record: UUID, *, title: str = "", changes: Mapping[str, list[Any]] | None = None
) -> RecordEvent:
    """Return the event of one kind ("created", "updating", ...) for a record of a resource."""
    return RecordEvent(f"{resource}.{kind}", resource, record, title, changes or {})


def load(name: str, data: Mapping[str, Any]) -> Event | RecordEvent:
    """Return an event from its name and JSON data, as a subscriber gets it."""
    known = _classes.get(name)
    if known is not None:
        return known.from_json(data)
    if "resource" in data and "record" in data:
        return RecordEvent(name, data["resource"], UUID(data["record"]), data.get("title", ""), data.get("changes", {}))
    raise LookupError(f"no code here knows the event {name}")


def forget(package: str) -> None:
    """Forget the events of a package that failed to load."""
    for name, known in list(_classes.items()):
        if known.__module__.partition(".")[0] == package:
            del _classes[name]
