"""Decides for a batch of rows what will become of each: created, updated, skipped or failed, and why.

The check and the run both come through here, so that what was promised is what happens. It must not write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from diwan.imports.models import ImportRun
from diwan.imports.table import Row, Table
from diwan.imports.values import Reading, RowReader
from diwan.kit.i18n import _
from diwan.kit.text import fold
from diwan.resources import Field, Resource
from diwan.resources.amounts import check_amounts
from diwan.resources.lookup import Existing, find_by_key, find_taken, key_of, resolve_references


@dataclass(slots=True)
class Step:
    """What one row will do. `same_as` is the step of an earlier row of this batch that means the same record; of a
    failed step it is the later one that took its place."""

    row: Row
    action: str  # created | updated | skipped | failed
    values: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    record: Existing | None = None
    same_as: Step | None = None
    problem: str = ""

    def fail(self, problem: object) -> None:
        """Let this row alone fail."""
        self.action = "failed"
        self.remark(problem)

    def remark(self, text: object) -> None:
        """Add a line to what people are told of this row."""
        self.problem = "\n".join(line for line in (self.problem, str(text)) if line)


class Planner:
    """Plans the batches of one run, in order. `rehearse` remembers the whole file, where a run finds its own records
    in the database."""

    def __init__(self, resource: Resource, run: ImportRun, table: Table, timezone: str, *, rehearse: bool) -> None:
        self.resource, self.mode, self.rehearse = resource, run.mode, rehearse
        self.reader = RowReader(resource, table, run.columns, run.defaults, timezone)
        self.match = run.match_field if run.mode != "create" else ""
        self.key: Callable[[Any], str] = key_of(resource, self.match) if self.match else lambda value: ""
        fields = self.reader.fields
        filled = {column.name for column in self.reader.columns} | set(self.reader.defaults)
        kinds = ("reference", "references")
        self.references = {n: f for n, f in fields.items() if n in filled and f.kind.name in kinds}
        self.required = {name: f for name, f in fields.items() if f.required}
        # Whoever has the value of the match field is the record that the row means.
        self.unique = [name for name, f in fields.items() if f.unique and name in filled and name != self.match]
        self.earlier: dict[str, int] = {}  # rehearsal only: key -> row
        self.used: dict[str, dict[Any, Step]] = {name: {} for name in self.unique}

    def plan(self, readings: Sequence[Reading]) -> list[Step]:
        """Return one step for each row that `reader` has read, in order."""
        self._find_references(readings)
        steps = [self._first_step(reading) for reading in readings]
        if self.match:
            self._match(steps)
        self._find_taken(steps)
        for step in steps:
            if step.action in ("created", "updated"):
                self._complete(step)
        if self.rehearse:
            self.earlier |= {s.key: s.row.number for s in steps if s.action != "failed" and s.key not in self.earlier}
        return steps

    def _first_step(self, reading: Reading) -> Step:
        step = Step(reading.row, "created", reading.values, problem="\n".join(reading.remarks))
        if reading.problems:
            step.fail("\n".join(reading.problems))
        return step

    def _find_references(self, readings: Sequence[Reading]) -> None:
        for name, described in self.references.items():
            if described.kind.several:
                self._find_several(name, described, readings)
                continue
            texts = {reading.values[name] for reading in readings if isinstance(reading.values.get(name), str)}
            found = resolve_references(described, texts)
            for reading in readings:
                answer = found.get(reading.values.get(name, ""))
                if isinstance(answer, UUID):
                    reading.values[name] = answer
                elif answer is not None:
                    reading.problems.append(f"{described.label}: {answer}")

    def _find_several(self, name: str, described: Field, readings: Sequence[Reading]) -> None:
        """Find the records that lists name; one that is not there is a problem of its row."""
        texts = {text for reading in readings for text in reading.values.get(name, ()) if isinstance(text, str)}
        found = resolve_references(described, texts)
        for reading in readings:
            ids: list[Any] = []
            for text in reading.values.get(name, ()):
                answer = found.get(text, text)
                if isinstance(answer, UUID):
                    ids.append(answer)
                else:
                    reading.problems.append(f"{described.label}: {answer}")
            if name in reading.values:
                reading.values[name] = ids

    def _match(self, steps: Sequence[Step]) -> None:
        """Find the records that rows mean, in the database and among the earlier rows."""
        candidates = [step for step in steps if step.action != "failed"]
        for step in candidates:
            step.key = self.key(step.values.get(self.match))
        keys = {step.key for step in candidates} - {""}
        found = find_by_key(self.resource, self.match, keys, lock=not self.rehearse)
        first: dict[str, Step] = {}
        for step in candidates:
            records = found.get(step.key, [])
            if not step.key:
                continue
            if len(records) > 1:
                text = _("%(count)s records have this value; which one is meant?", count=len(records))
                step.fail(f"{self.reader.labels[self.match]}: {text}")
            elif step.key in first:
                self._meet_earlier(step, first[step.key])
            elif records:
                self._meet(step, records[0])
            elif step.key in self.earlier:
                step.action = "updated" if self.mode == "update" else "skipped"
                step.problem = step.problem or self._repeats(self.earlier[step.key])
            first.setdefault(step.key, step)

    def _meet(self, step: Step, record: Existing) -> None:
        step.record = record
        if self.mode == "update":
            step.action = "updated"
        else:
            step.action, step.problem = "skipped", str(_("This record is there already."))

    def _meet_earlier(self, step: Step, earlier: Step) -> None:
        """A row of the same batch means the same record: what it says is written with the earlier row."""
        if self.mode == "update":
            step.action, step.same_as = "updated", earlier
        else:
            step.action, step.problem = "skipped", self._repeats(earlier.row.number)

    def _repeats(self, number: int) -> str:
        label = self.reader.labels[self.match]
        return str(_("Row %(number)s of this file has the same %(label)s.", number=number, label=label))

    def _complete(self, step: Step) -> None:
        """Fill in defaults, join lists, and see whether anything is missing or nothing would change."""
        leader = self._leader(step)
        base = leader.record.values if leader.record else {}
        for name, value in self.reader.defaults.items():
            if name not in step.values and (not base.get(name) or isinstance(value, list)):
                step.values[name] = value
        if leader is not step:
            leader.values = joined(leader.values, step.values)
            if leader.action == "skipped":
                leader.action, leader.problem = "updated", ""
        elif step.record is not None:
            together = joined(base, step.values)
            step.values = {name: together[name] for name in step.values}
            self._remark_renaming(step)
            self._check_amounts(step, base)
            if step.action == "failed":
                return
            changed = any(base[name] != value for name, value in step.values.items())
            if not changed and step.record.archived_at is None:
                step.action, step.problem = "skipped", step.problem or str(_("Nothing differs from the record."))
        elif step.action == "created":
            self._check_amounts(step, {})
            missing = [str(f.label) for name, f in self.required.items() if step.values.get(name) in (None, "")]
            if missing:
                step.fail("\n".join(f"{label}: {_('A value is required.')}" for label in missing))

    def _check_amounts(self, step: Step, stored: Mapping[str, Any]) -> None:
        """Fail a row with an amount of more decimals than its currency has."""
        for name, wrong in check_amounts(self.resource, step.values, stored).items():
            step.fail(f"{self.reader.labels.get(name, name)}: {wrong}")

    def _remark_renaming(self, step: Step) -> None:
        """A record with another name is often another record: two files that both count from 1."""
        title = self.resource.title
        old, new = step.record.values[title] if step.record else None, step.values.get(title)
        if old and new and fold(str(old)) != fold(str(new)):
            step.remark(_("“%(old)s” becomes “%(new)s”.", old=str(old)[:80], new=str(new)[:80]))

    @staticmethod
    def _leader(step: Step) -> Step:
        """The step with which this one is written: itself, or that of the first sound row of the same record."""
        if step.same_as is None:
            return step
        leader = last = step.same_as
        while leader.action == "failed" and leader.same_as is not None:
            leader = last = leader.same_as
        if leader.action != "failed":
            step.same_as = leader
            return leader
        step.record, step.same_as, last.same_as = last.record, None, step
        step.action = "updated" if step.record else "created"
        return step

    def _find_taken(self, steps: Sequence[Step]) -> None:
        """Fail rows whose unique value another record, or an earlier row, has already."""
        for name in self.unique:
            used = self.used[name] if self.rehearse else dict[Any, Step]()
            writing = [s for s in steps if s.action in ("created", "updated") and s.values.get(name) is not None]
            owners = find_taken(self.resource, name, {step.values[name] for step in writing})
            for step in writing:
                self._claim(step, name, owners, used)

    def _claim(self, step: Step, name: str, owners: dict[Any, UUID], used: dict[Any, Step]) -> None:
        """Let one row have its unique value, unless it is somebody else's."""
        value, label = step.values[name], self.reader.labels[name]
        own, owner = (step.same_as or step).record, owners.get(value)
        if owner is not None and (own is None or own.id != owner):
            step.fail(f"{label}: {_('Another record has this value already.')}")
            return
        user = used.setdefault(value, step)
        if user is not step and not (step.key and user.key == step.key):
            text = _("Row %(number)s of this file has this value too.", number=user.row.number)
            step.fail(f"{label}: {text}")


def joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new values over the old ones; a list (roles, tags) is added to, never shortened."""
    result = dict(old)
    for name, value in new.items():
        former = result.get(name)
        result[name] = list(dict.fromkeys([*former, *value])) if isinstance(value, list) and former else value
    return result
