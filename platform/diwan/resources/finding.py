"""The quick search of the command palette: a few records of every resource as somebody types, always fast.

It must not count nor rank by relevance: the search page and the lists look at everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from diwan.db.context import current
from diwan.kit.text import fold, words
from diwan.resources.query import list_page
from diwan.resources.search import LONGEST_WORD, by_title_only
from diwan.resources.values import title_text

PROBED = 10_000
MOST = 60
SHORT = 3

# A word that many records have would fill the text index's answer with all of them before the first is read (30 ms for
# one record in ten of a million). Such a word is soon met among the newest entries, which stand in order in the key;
# a word that is not met there is rare, and the index is quick with it. Each half is slow only where the other is fast.
NEWEST = text(
    """SELECT k.resource, f.record_id, f.title FROM unnest(:keys) k(resource) CROSS JOIN LATERAL (
        SELECT n.record_id, n.title FROM (
            SELECT e.record_id, e.title, e.words FROM core.search_entry e
            WHERE e.tenant_id = :tenant AND e.resource = k.resource ORDER BY e.record_id DESC LIMIT :probed) n
        WHERE n.words @@ CAST(:query AS tsquery) LIMIT :each) f"""
).bindparams(bindparam("keys", type_=ARRAY(Text())))
ALL = text(
    "SELECT resource, record_id, title FROM core.search(:keys, CAST(:query AS tsquery), :most)"
).bindparams(bindparam("keys", type_=ARRAY(Text())))  # fmt: skip


def find(keys: Sequence[str], phrase: str, *, each: int = 6) -> dict[str, list[tuple[UUID, str]]]:
    """Return at most `each` (id, title) of records of these resources that have all words, by resource.

    The caller says which resources the person may read. Titles that begin with the phrase come first.
    """
    typed = [word[:LONGEST_WORD] for word in words(phrase)[:8]]
    if not typed or not keys:
        return {}
    narrowed = {
        key: current.lineup.resources[key]
        for key in keys
        if by_title_only(current.lineup.resources[key]) or current.lineup.resources[key].reach
    }
    order, keys = keys, [key for key in keys if key not in narrowed]
    found: dict[str, dict[UUID, str]] = defaultdict(dict)
    for key, resource in narrowed.items():
        page = list_page(resource, (resource.title,), search=phrase, limit=each)
        found[key] = {row[0]: title_text(resource, {resource.title: row[1]}) for row in page.rows}
    if keys:
        _find_all(keys, typed, found, each)
    folded = fold(phrase)
    return {
        key: sorted(found[key].items(), key=lambda item: not fold(item[1]).startswith(folded))
        for key in order
        if found[key]
    }


def _find_all(keys: Sequence[str], typed: Sequence[str], found: dict[str, dict[UUID, str]], each: int) -> None:
    """Add what is found of resources whose every record the person may read."""
    values: dict[str, Any] = {"keys": list(keys), "tenant": current.tenant.id, "each": each, "most": MOST}
    probe = " & ".join(f"'{word}':*" for word in typed)  # here even one letter costs nothing
    probed = max(PROBED // len(keys), 100)
    connection = current.session.connection()
    for key, id, title in connection.execute(NEWEST, {**values, "query": probe, "probed": probed}):
        found[key][id] = title
    open_keys = [key for key in keys if len(found[key]) < each]
    # What stands before the last word is mostly typed in full, and whole words cost the index far less than beginnings.
    for query in dict.fromkeys((_query(typed, whole=len(typed) - 1), _query(typed))) if open_keys else ():
        markers = " | ".join(f"'@{current.tenant.id}.{key}'" for key in open_keys)
        values |= {"keys": open_keys, "query": f"({markers}) & {query}"}
        rows = connection.execute(ALL, values).all()
        for key, id, title in rows:
            if len(found[key]) < each:
                found[key][id] = title
        if rows:
            break


def _query(typed: Sequence[str], *, whole: int = 0) -> str:
    """Return a tsquery: the first `whole` words as they are, the others as beginnings, unless they are too short."""
    return " & ".join(f"'{word}'" + (":*" if n >= whole and len(word) >= SHORT else "") for n, word in enumerate(typed))
