"""The palette on a business with 1,000,000 searchable records, as a person types.

It must ask through the address that the browser asks; the entries are made by the database, in the form of the index's.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import psycopg

from bench.system import ROWS, System

WANTED = 1_000_000
FILL = """INSERT INTO core.search_entry (tenant_id, resource, record_id, title, words)
    SELECT %(tenant)s, 'contacts.contact', uuidv7(), word || ' trading ' || n,
        array_to_tsvector(ARRAY[word, 'trading', n::text, 'street' || n %% 70,
            '@' || %(tenant)s || '.contacts.contact'])
    FROM (SELECT n, (ARRAY['falcon','cedar','pearl','dune','oasis','coral','harbour','palm','desert','gulf'])
        [1 + (n::bigint * 7919) %% 10] AS word FROM generate_series(1, %(count)s) n) made"""

PHRASES = {
    "a rare word": [f"{n}" for n in range(420_000, 420_050)],
    "a beginning": [f"42{n}" for n in range(10, 60)],
    "one record in ten": ["falcon", "cedar", "oasis"],
    "a beginning of one in ten": ["fal", "ced", "oas"],
    "every record": ["trading"],
    "one letter": ["f", "c", "1"],
    "one in ten and a rare word": [f"falcon 42{n}" for n in range(10, 60)],
    "nothing": ["zebra", "quartz"],
}


def fill(running: System) -> None:
    """Bring the business to a million searchable records."""
    tenant = running.business.tenant.id
    with psycopg.connect(running.config.database_url) as connection:
        connection.execute(f"SET app.tenant_id = '{int(tenant)}'")
        connection.execute(FILL, {"tenant": tenant, "count": WANTED - ROWS})
    with psycopg.connect(running.config.database_owner_url or running.config.database_url, autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE core.search_entry")


def paths(running: System) -> Iterator[tuple[str, list[str]]]:
    """Return the addresses that the browser asks, by what was typed."""
    for name, phrases in PHRASES.items():
        yield name, [f"{running.business.url}/palette?q={quote(phrase)}" for phrase in phrases]
