"""Migrations that fill a column: rows of every tenant get what they would have had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diwan.db import migrate as migrations
from diwan.db.migrate import Scope
from diwan.kit.ids import uuid7

import diwan_contacts

RECORD = "now(), now(), 1, ''"


def test_rows_of_contacts_get_positions_in_the_order_of_their_making(core_scratch: Any) -> None:
    scope = Scope("contacts", Path(diwan_contacts.__file__).parent / "migrations")
    migrations.upgrade(core_scratch.owner_url, scope)
    migrations.downgrade(core_scratch.owner_url, scope, "contacts0002")
    owner = core_scratch.as_owner
    owner("ALTER TABLE contacts.contact NO FORCE ROW LEVEL SECURITY")
    owner("ALTER TABLE contacts.channel NO FORCE ROW LEVEL SECURITY")
    for slug in ("one", "two"):
        [(tenant,)] = owner(
            "INSERT INTO core.tenant (slug, name, country, language, timezone, currency, lineup_key, created_at)"
            f" VALUES ('{slug}', '{slug}', 'KW', 'en', 'UTC', 'KWD', '', now()) RETURNING id"
        )
        contact = uuid7()
        owner(
            "INSERT INTO contacts.contact (tenant_id, id, name, kind, roles, created_at, updated_at, version,"
            f" sort_title) VALUES ({tenant}, '{contact}', 'A', 'person', '{{}}', {RECORD})"
        )
        for value in ("a", "b"):
            owner(
                "INSERT INTO contacts.channel (tenant_id, id, contact, kind, value, created_at, updated_at, version,"
                f" sort_title) VALUES ({tenant}, '{uuid7()}', '{contact}', 'phone', '{value}', {RECORD})"
            )
    migrations.upgrade(core_scratch.owner_url, scope)
    owner("ALTER TABLE contacts.channel NO FORCE ROW LEVEL SECURITY")
    rows = owner("SELECT value, position FROM contacts.channel ORDER BY tenant_id, id")
    assert rows == [("a", 1), ("b", 2)] * 2
