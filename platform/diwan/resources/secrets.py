"""Secrets of records: fields that are written and never shown, apart from all that reads, finds or copies fields.

It must not return the value of a secret; code reads `record.<name>`, which opens it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm.attributes import set_committed_value

from diwan.db.context import current
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.resources.fields import Field

if TYPE_CHECKING:
    from diwan.resources.declare import Resource

KINDS_OF_SECRETS = ("text", "longtext")
LONGEST = {"text": 4_000, "longtext": 100_000}
OPEN = ("sequence", "unique", "index", "search", "computed", "default", "readonly", "choices", "min", "synonyms")
"""Options that would show a secret, or mean nothing for one."""


def secrets_of(model: Any) -> dict[str, Field]:
    """Return the fields of a model that are secrets, by name."""
    described = {str(c.name): c.info["field"] for c in model.__table__.columns if "field" in c.info}
    return {name: field for name, field in described.items() if field.secret}


def secret_mistakes(described: Field, model: Any = None, *, is_part: bool = False) -> Iterable[str]:
    """Yield what is wrong with the declaration of a secret."""
    if not str(described.label):
        yield "needs a label."
    if is_part:
        yield "secret= has no place in child rows, which are written anew with their record."
    for option in OPEN:
        if getattr(described, option) not in (None, False, "", (), {}):
            yield f"secret= and {option}= exclude each other."
    if described.kind.name not in KINDS_OF_SECRETS or (model is not None and not _is_text(model, described.name)):
        yield "a secret is a text: Mapped[str | None], with widget='longtext' for several lines."
    elif not described.nullable:
        yield "a secret is Mapped[str | None]: records also come from files, which carry none."


def _is_text(model: Any, name: str) -> bool:
    hint = get_type_hints(model).get(name)
    return all(part in (str, type(None)) for one in get_args(hint) for part in (get_args(one) or (one,)))


def parse(described: Field, raw: Any) -> str | None:
    """Return a secret as it was typed, without the blanks around it; None for nothing. Raises ValueError."""
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise ValueError(_("Enter text."))
    text = raw.replace("\r\n", "\n").strip()
    if "\0" in text or (described.kind.name == "text" and not text.isprintable()):
        raise ValueError(_("Enter one line of text."))
    most = longest(described)
    if len(text) > most:
        raise ValueError(_("Too long: at most %(most)s characters.", most=f"{most:,}"))
    return text or None


def longest(described: Field) -> int:
    """Return the greatest number of characters of a secret."""
    return described.max if isinstance(described.max, int) else LONGEST[described.kind.name]


def take(secrets: Mapping[str, Field], raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Part what is given into the rest and the secrets; None removes one. Raises Invalid."""
    rest = {name: value for name, value in raw.items() if name not in secrets}
    taken: dict[str, str | None] = {}
    errors: dict[str, object] = {}
    for name in raw.keys() & secrets.keys():
        try:
            taken[name] = parse(secrets[name], raw[name])
        except ValueError as error:
            errors[name] = error.args[0]
    if errors:
        raise Invalid(errors)
    return rest, taken


def are_set(resource: Resource, id: UUID) -> dict[str, bool]:
    """Return of each secret of a record whether there is one."""
    if not resource.secrets:
        return {}
    table = resource.table
    columns = [table.c[name].is_not(None) for name in resource.secrets]
    statement = select(*columns).where(table.c.tenant_id == current.tenant.id, table.c.id == id)
    row = current.session.connection().execute(statement).first()
    return dict(zip(resource.secrets, row or [False] * len(columns), strict=True))


def put(resource: Resource, record: Any, given: Mapping[str, str | None]) -> tuple[dict[str, bool], dict[str, bool]]:
    """Set secrets of a record; return their traces. The former ones are not read: their key may be gone."""
    before, after = traces(given, are_set(resource, record.id)) if given else ({}, {})
    for name in after:
        set_committed_value(record, name, "" if before[name] else None)  # what stood there, as far as it is told
        setattr(record, name, given[name])
    return before, after


def assigned(resource: Resource, record: Any) -> dict[str, str | None]:
    """Return the secrets that code has set on a record and that are not written yet."""
    state: Any = inspect(record)
    return {name: getattr(record, name) for name in resource.secrets if state.attrs[name].history.added}


def traces(given: Mapping[str, str | None], there: Mapping[str, bool]) -> tuple[dict[str, bool], dict[str, bool]]:
    """Return what audit and events tell of changed secrets: before and after, whether there was one, never which."""
    touched = {name: value for name, value in given.items() if value is not None or there.get(name)}
    return {name: there.get(name, False) for name in touched}, {n: v is not None for n, v in touched.items()}
