"""A list as a calendar: the records of a month, a week or a day, drawn by the server.

It must read the records of the days that are shown, and no more than fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from diwan import resources
from diwan.db import current
from diwan.db.base import now
from diwan.errors import BadRequest
from diwan.kit import dates, formats
from diwan.kit.i18n import _, locale
from diwan.resources import Resource
from diwan.resources.periods import first_weekday, month_start
from diwan.web.board import versions_of
from diwan.web.cells import choice_badges
from diwan.web.state import ListState

SPANS = {"month": _("Month"), "week": _("Week"), "day": _("Day")}
MOST_EVENTS = 500
MOST_IN_CELL = 4
FIRST_HOUR, LAST_HOUR = 7, 20
DATED = ("date", "datetime")


def date_fields(resource: Resource) -> list[str]:
    """Return the fields by which records stand in a calendar; the declared one first."""
    names = [n for n, f in resource.fields.items() if f.kind.name in DATED]
    first = [n for n in resource.calendar[:1] if n in names]
    ends = set(resource.calendar[1:])
    return list(dict.fromkeys([*first, *(n for n in names if n not in ends)]))


@dataclass(frozen=True)
class Calendar:
    """What a calendar shows: by which fields, and the days from `first` up to and without `after`."""

    state: ListState
    start: str
    end: str
    span: str
    day: date
    first: date
    after: date

    @classmethod
    def read(cls, state: ListState) -> Calendar:
        """Return the calendar that an address asks for. Raises BadRequest."""
        resource, options = state.resource, state.options
        known = date_fields(resource)
        if not known:
            raise BadRequest(_("There is no such view; known: %(known)s.", known="list"))
        start = options.get("by", "") if options.get("by", "") in known else known[0]
        end = resource.calendar[1] if start in resource.calendar[:1] and len(resource.calendar) > 1 else ""
        span = options.get("span") or "month"
        if span not in SPANS:
            raise BadRequest(_("There is no such view; known: %(known)s.", known=", ".join(SPANS)))
        day = _read_day(options.get("day", "")) or today()
        week = day - timedelta((day.weekday() - first_weekday(current.tenant.country)) % 7)
        if span == "month":
            first = day.replace(day=1)
            first -= timedelta((first.weekday() - first_weekday(current.tenant.country)) % 7)
            weeks = -(-(month_start(day, 1) - first).days // 7)
            return cls(state, start, end, span, day, first, first + timedelta(7 * weeks))
        if span == "week":
            return cls(state, start, end, span, day, week, week + timedelta(7))
        return cls(state, start, end, span, day, day, day + timedelta(1))

    @property
    def timed(self) -> bool:
        return self.state.resource.fields[self.start].kind.name == "datetime"

    @property
    def movable(self) -> bool:
        resource = self.state.resource
        return self.start in resource.editable and resource.may("update")

    def link(self, **options: str) -> str:
        """Return the address of this calendar with some of its options changed."""
        return self.state.link(options={**self.state.options, **options})


def today() -> date:
    """Return the day where the business is."""
    return now().astimezone(ZoneInfo(current.tenant.timezone)).date()


def build(state: ListState, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of calendar.html."""
    shown = Calendar.read(state)
    events, more = _events(shown)
    days = [_day(shown, shown.first + timedelta(n), events) for n in range((shown.after - shown.first).days)]
    size = {"month": 0, "week": 7, "day": 1}[shown.span]
    before = month_start(shown.day, -1) if not size else shown.day - timedelta(size)
    later = month_start(shown.day, 1) if not size else shown.day + timedelta(size)
    fields = state.resource.fields
    return {
        "title": _title(shown),
        "subtitle": _hijri_title(shown),
        "span": shown.span,
        "spans": [
            {"label": label, "href": shown.link(span=span, day=shown.day.isoformat()), "active": span == shown.span}
            for span, label in SPANS.items()
        ],
        "previous_href": shown.link(day=before.isoformat()),
        "next_href": shown.link(day=later.isoformat()),
        "today_href": shown.link(day=today().isoformat()),
        "fields": [
            {"label": fields[name].label, "name": name, "href": shown.link(by=name), "active": name == shown.start}
            for name in date_fields(state.resource)
        ],
        "field_label": fields[shown.start].label,
        "weekdays": [_weekday(shown.first + timedelta(n)) for n in range(7)] if shown.span == "month" else [],
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)] if shown.span == "month" else [],
        "days": days,
        "hours": _hours(shown, events) if shown.span != "month" and shown.timed else [],
        "agenda": [day for day in days if day["events"]],
        "more": more,
        "movable": shown.movable,
        "timed": shown.timed,
        "href": state.href,
        "query": state.query,
        "refresh_href": state.link(),
    }


def _events(shown: Calendar) -> tuple[list[dict[str, Any]], bool]:
    """Return the records that touch the days shown, by their start, and whether there are more than fit."""
    state, resource = shown.state, shown.state.resource
    coloured = next((n for n in (resource.group, *resource.filters) if n and resource.fields[n].choices), "")
    names = [resource.title, shown.start, *([shown.end] if shown.end else []), *([coloured] if coloured else [])]
    page = resources.list_page(
        resource, names, [*state.tests, *_tests(shown)], state.search, shown.start, limit=MOST_EVENTS,
        archived=state.archived,
    )  # fmt: skip
    badges = choice_badges(resource.fields[coloured]) if coloured else {}
    known = versions_of(resource, [row[0] for row in page.rows])
    events = []
    for row in page.rows:
        values = dict(zip(names, row[1:], strict=False))
        first, last = _edges(shown, values)
        tone = badges.get(values.get(coloured) or "", {})
        value = values[shown.start]
        events.append(
            {
                "id": row[0], "version": known.get(row[0], 0), "title": values[resource.title] or _("Untitled"),
                "href": f"{state.href}/{row[0]}", "first": first, "last": last, "tone": tone.get("tone", "brand"),
                "said": tone.get("text", ""), "time": _clock(value) if shown.timed else "",
                "hour": _local(value).hour if shown.timed else None,
                "iso": value.isoformat() if not shown.timed else _local(value).strftime("%Y-%m-%dT%H:%M"),
            }
        )  # fmt: skip
    return events, page.next is not None


def _tests(shown: Calendar) -> list[Any]:
    """Return the filter of the records that touch the days shown."""
    first, after = _edge(shown, shown.start, shown.first), _edge(shown, shown.start, shown.after)
    begun = [shown.start, "lt", after]
    if not shown.end:
        return [[shown.start, "ge", first], begun]
    end = _edge(shown, shown.end, shown.first)
    return [begun, {"or": [[shown.start, "ge", first], [shown.end, "ge", end]]}]


def _edge(shown: Calendar, name: str, day: date) -> str:
    if shown.state.resource.fields[name].kind.name == "date":
        return day.isoformat()
    return datetime.combine(day, time(), ZoneInfo(current.tenant.timezone)).astimezone(UTC).isoformat()


def _edges(shown: Calendar, values: Mapping[str, Any]) -> tuple[date, date]:
    """Return the first and the last day of a record, within reason."""
    start, end = values[shown.start], values.get(shown.end) if shown.end else None
    first = _local(start).date() if isinstance(start, datetime) else start
    last = (_local(end).date() if isinstance(end, datetime) else end) if end else first
    return first, min(max(last, first), shown.after)


def _local(value: datetime) -> datetime:
    return value.astimezone(ZoneInfo(current.tenant.timezone))


def _clock(value: datetime) -> str:
    return dates.with_digits(_local(value).strftime("%H:%M"))


def _day(shown: Calendar, day: date, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one day with its events."""
    mine = [event for event in events if event["first"] <= day <= event["last"]]
    resource = shown.state.resource
    value = f"{day.isoformat()}T09:00" if shown.timed else day.isoformat()
    hijri = dates.hijri(day) if dates.manner().calendar != "gregorian" else None
    return {
        "iso": day.isoformat(),
        "number": dates.with_digits(str(day.day)),
        "hijri": dates.with_digits(f"{hijri.day}/{hijri.month}") if hijri else "",
        "label": formats.day(day),
        "weekday": _weekday(day),
        "today": day == today(),
        "outside": shown.span == "month" and day.month != shown.day.month,
        "href": shown.link(span="day", day=day.isoformat()),
        "new_href": f"{shown.state.href}/new?{shown.start}={value}"
        if resource.may("create") and shown.start in resource.editable
        else "",
        "events": mine,
        "shown": mine[:MOST_IN_CELL] if len(mine) > MOST_IN_CELL + 1 else mine,
        "hidden": len(mine) - MOST_IN_CELL if len(mine) > MOST_IN_CELL + 1 else 0,
    }


def _hours(shown: Calendar, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the hours of a week or a day, each with a cell for every day."""
    used = [event["hour"] for event in events]
    size = (shown.after - shown.first).days
    rows = []
    for hour in range(min([FIRST_HOUR, *used]), max([LAST_HOUR, *used]) + 1):
        cells = []
        for number in range(size):
            day = shown.first + timedelta(number)
            cells.append(
                {
                    "iso": day.isoformat(), "hour": f"{hour:02}:00", "label": f"{formats.day(day)} {hour:02}:00",
                    "events": [e for e in events if e["first"] == day and e["hour"] == hour],
                    "new_href": f"{shown.state.href}/new?{shown.start}={day.isoformat()}T{hour:02}:00",
                }
            )  # fmt: skip
        rows.append({"label": dates.with_digits(f"{hour:02}:00"), "cells": cells})
    return rows


def _weekday(day: date) -> dict[str, str]:
    return {"short": format_date(day, "EEE", locale=locale()), "long": format_date(day, "EEEE", locale=locale())}


def _title(shown: Calendar) -> str:
    if shown.span == "month":
        text = format_date(shown.day, "MMMM y", locale=locale())
    elif shown.span == "day":
        text = format_date(shown.day, "EEEE d MMMM y", locale=locale())
    else:
        last = shown.after - timedelta(1)
        pattern = "d" if last.month == shown.first.month else "d MMM"
        start, end = format_date(shown.first, pattern, locale=locale()), format_date(last, "d MMM y", locale=locale())
        text = f"{start} – {end}"
    return dates.with_digits(text.translate(formats.ARABIC_MARKS))


def _hijri_title(shown: Calendar) -> str:
    """Return the Hijri months that are shown, for people who chose that calendar."""
    if dates.manner().calendar == "gregorian":
        return ""
    edges = (month_start(shown.day), month_start(shown.day, 1) - timedelta(1))
    if shown.span != "month":
        edges = (shown.first, shown.after - timedelta(1))
    found = [text.split(" ", 1)[1] for day in edges if (text := dates.hijri_text(day, locale().language))]
    return dates.with_digits(" – ".join(dict.fromkeys(found)))


def _read_day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(_("Enter a date as YYYY-MM-DD.")) from None


def moved(resource: Resource, record: Any, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the new values of a record that is moved to a day, and to an hour; its length stays. Raises BadRequest."""
    name, day = form.get("field", ""), _read_day(form.get("day", ""))
    if name not in date_fields(resource) or day is None:
        raise BadRequest(_("Nothing says where to move this."))
    old = getattr(record, name)
    end = resource.calendar[1] if name in resource.calendar[:1] and len(resource.calendar) > 1 else ""
    new: Any = day
    if resource.fields[name].kind.name == "datetime":
        clock = _read_time(form.get("time", "")) or (_local(old).time() if old else time(9))
        new = datetime.combine(day, clock, ZoneInfo(current.tenant.timezone)).astimezone(UTC)
    changes = {name: new}
    last = getattr(record, end) if end else None
    if last is not None and old is not None:
        changes[end] = last + (new - old)
    return changes


def _read_time(text: str) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise BadRequest(_("Enter a time as HH:MM.")) from None
