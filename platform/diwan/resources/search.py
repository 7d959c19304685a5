"""Finding records by words: every record has one entry of folded words, found through core.search().

Text search must go through that function: its operators are not leakproof, so row-level security would hide the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, UserDefinedType

from diwan.db.context import current
from diwan.kit.phones import show_phone
from diwan.kit.text import WORD, fold, words
from diwan.resources import people
from diwan.resources.declare import Resource
from diwan.resources.kinds.texts import plain_text
from diwan.resources.values import title_text

MOST = 10_000
LONGEST_WORD = 60
LONGEST_TITLE = 200
NO_DIGITS = re.compile("[^0-9|]+")


class TSQuery(UserDefinedType[str]):
    """PostgreSQL's tsquery, which SQLAlchemy binds as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tsquery"


def marker(resource: str) -> str:
    """Return the word that every entry of this tenant and resource carries, so that the index bounds the search."""
    return f"@{current.tenant.id}.{resource}"


def entry_words(resource: Resource, values: Mapping[str, Any]) -> list[str]:
    """Return the words under which a record is found, with its marker."""
    texts: list[str] = []
    for name in resource.search_fields:
        value = values.get(name)
        if isinstance(value, list):
            texts.extend(str(item) for item in value)
        elif isinstance(value, Mapping):  # a text in each language, the parts of an address
            texts.extend(str(item) for item in value.values())
        elif value is not None and resource.fields[name].kind.name == "phone":
            texts += [str(value), show_phone(str(value))]  # E.164, and in the groups in which people say it
        elif value is not None and resource.fields[name].kind.name == "richtext":
            texts.append(plain_text(str(value)))
        elif value is not None:
            texts.append(str(value))
    folded = fold("|".join(texts))
    found = {word[:LONGEST_WORD] for word in WORD.findall(folded)}
    # Numbers are typed with and without separators: a telephone number is also found by its digits.
    found.update(digits for digits in NO_DIGITS.sub("", folded).split("|") if 4 <= len(digits) <= 20)
    found.add(marker(resource.key))
    return list(found)


def query_text(phrase: str, resource: str | None = None) -> str | None:
    """Return a tsquery for what a person typed: all words, the last as a prefix. None if there is no word in it."""
    typed = words(phrase)[:8]
    if not typed:
        return None
    parts = [f"'{word[:LONGEST_WORD]}'" + ":*" for word in typed]
    if resource is not None:
        parts.insert(0, f"'{marker(resource)}'")
    return " & ".join(parts)


def matches(resource: Resource, phrase: str) -> ColumnElement[bool] | None:
    """Return the criterion "is among the records found", or None if nothing was typed."""
    if by_title_only(resource):
        typed = title_words(phrase)
        return title_has(resource, [bindparam(None, word, type_=Text()) for word in typed]) if typed else None
    query = query_text(phrase, resource.key)
    return None if query is None else among_found(resource, bindparam(None, query, type_=Text()))


def by_title_only(resource: Resource) -> bool:
    """Whether the actor must not search by words: they would tell what stands in fields that it may not read."""
    if resource.key == people.KEY:
        return True  # they have no entries: their names change in all businesses at once
    if resource.reach is None:
        return False
    closed = resource.reach.hidden | resource.reach.reads.keys()
    return any(name in closed for name in resource.whole.search_fields)


def title_words(phrase: str) -> list[str]:
    """Return the words of a search in titles alone."""
    return [word[:LONGEST_WORD] for word in words(phrase)[:8]]


def title_has(resource: Resource, typed: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Return the criterion "its folded title has all of these texts"."""
    return and_(*(func.strpos(resource.table.c.sort_title, text) > 0 for text in typed))


def among_found(resource: Resource, query: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the criterion "is among the first records that a tsquery, given as text, finds"."""
    found = func.core.search(_keys(resource.key), cast(query, TSQuery()), text(str(MOST))).table_valued(
        "resource", "record_id", "title"
    )
    return resource.table.c.id.in_(select(cast(found.c.record_id, Uuid())))


def _keys(key: str) -> ColumnElement[Any]:
    """Return the SQL array of one resource key; keys are names of ours, letters, digits and underscores."""
    if not all(c.isalnum() or c in "._" for c in key):
        raise ValueError(key)
    return literal_column(f"ARRAY['{key}']", ARRAY(Text()))


INDEX = text(
    "INSERT INTO core.search_entry (tenant_id, resource, record_id, title, words)"
    " VALUES (:tenant_id, :resource, :record_id, :title, array_to_tsvector(:words))"
    " ON CONFLICT (tenant_id, resource, record_id) DO UPDATE SET title = excluded.title, words = excluded.words"
).bindparams(bindparam("words", type_=ARRAY(Text())))


def index(resource: Resource, records: Iterable[Mapping[str, Any]]) -> None:
    """Write the entries of new or changed records (mappings with `id` and the resource's fields)."""
    entries = [
        {
            "tenant_id": current.tenant.id,
            "resource": resource.key,
            "record_id": values["id"],
            "title": title_text(resource, values)[:LONGEST_TITLE],
            "words": entry_words(resource, values),
        }
        for values in records
    ]
    if entries:
        current.session.connection().execute(INDEX, entries)


FORGET = text(
    "DELETE FROM core.search_entry WHERE tenant_id = :tenant AND resource = :resource AND record_id = ANY(:ids)"
)


def forget(resource: Resource, ids: Iterable[Any]) -> None:
    """Remove the entries of deleted records."""
    statement = FORGET.bindparams(bindparam("ids", type_=ARRAY(Uuid())))
    current.session.connection().execute(
        statement, {"tenant": current.tenant.id, "resource": resource.key, "ids": list(ids)}
    )


def titles(key: str, ids: Iterable[Any]) -> dict[Any, str]:
    """Return the titles of records of one resource, in one statement; missing ones are left out."""
    wanted = list({i for i in ids if i is not None})
    if not wanted:
        return {}
    if key == people.KEY:
        return people.names(wanted)
    statement = text(
        "SELECT record_id, title FROM core.search_entry"
        " WHERE tenant_id = :tenant AND resource = :resource AND record_id = ANY(:ids)"
    ).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
    rows = current.session.connection().execute(
        statement, {"tenant": current.tenant.id, "resource": key, "ids": wanted}
    )
    return {row.record_id: row.title for row in rows}
