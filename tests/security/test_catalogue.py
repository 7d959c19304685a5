"""The database rules of docs/operations/database.md, held over the catalogue of a migrated database.

A new table that breaks one fails here by itself; there is no list of tables to keep.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from diwan.config import Config

OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%%'"
GLOBAL = {"tenant", "user", "session", "device", "challenge", "throttle", "plugin", "scheduler_lease"} | {
    "totp",
    "recovery_code",
    "passkey",
}
GLOBAL |= {"operator", "operator_entry"} | {"erasure"}
EXEMPT = "c.relname NOT LIKE 'alembic%%'"


@pytest.fixture(scope="module")
def owner(config: Config) -> Any:
    with psycopg.connect(config.database_owner_url, autocommit=True) as connection:
        yield connection


def rows(owner: Any, query: str) -> list[tuple[Any, ...]]:
    return owner.execute(query).fetchall()  # type: ignore[no-any-return]


def tables(owner: Any) -> dict[str, bool]:
    """Return every table of ours with whether it has a tenant_id."""
    found = rows(owner, f"""SELECT n.nspname || '.' || c.relname, EXISTS (SELECT 1 FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND {OURS} AND {EXEMPT}""")  # fmt: skip
    return dict(found)


def test_every_table_is_a_tenants_or_one_of_the_few_global_ones(owner: Any) -> None:
    found = tables(owner)
    assert len(found) > 15
    without = {name.split(".")[1] for name, tenant in found.items() if not tenant}
    assert without == GLOBAL


def test_tenant_tables_have_forced_row_level_security_with_one_policy(owner: Any) -> None:
    for name, tenant in tables(owner).items():
        if not tenant:
            continue
        enabled, forced = owner.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", (name,)
        ).fetchone()
        assert (enabled, forced) == (True, True), name
        policies = owner.execute(
            "SELECT polname, polroles::regrole[]::text, polcmd, pg_get_expr(polqual, polrelid),"
            " pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = %s::regclass ORDER BY polname DESC",
            (name,),
        ).fetchall()
        test = "(tenant_id = core.tid())"
        assert policies[0] == ("tenant", "{-}", "*", test, test), name
        # The lookup functions read a few tables before the tenant is known, as a role that cannot log in.
        for policy in policies[1:]:
            assert policy[:3] == ("lookup", "{diwan_lookup}", "r"), name


def test_keys_and_unique_indexes_begin_with_the_tenant(owner: Any) -> None:
    found = rows(owner, f"""SELECT n.nspname || '.' || c.relname, i.indexrelid::regclass::text,
        (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0])
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.indisunique AND {OURS} AND {EXEMPT}""")  # fmt: skip
    assert len(found) > 20
    tenants = tables(owner)
    assert [f for f in found if tenants[f[0]] and f[2] != "tenant_id"] == []


def test_foreign_keys_carry_the_tenant_and_never_set_null_nor_wait(owner: Any) -> None:
    found = rows(owner, """SELECT conrelid::regclass::text, confrelid::regclass::text, conname, confdeltype,
        condeferrable, (SELECT array_agg(a.attname::text) FROM pg_attribute a
        WHERE a.attrelid = conrelid AND a.attnum = ANY (conkey))
        FROM pg_constraint WHERE contype = 'f'""")  # fmt: skip
    assert len(found) > 15
    has_tenant = {
        name.replace("core.user", 'core."user"').replace("kitchen.order", 'kitchen."order"'): tenant
        for name, tenant in tables(owner).items()
    }
    for table, target, name, on_delete, deferrable, columns in found:
        assert not deferrable, name
        assert on_delete in ("a", "r", "c"), name
        if has_tenant[target]:
            assert "tenant_id" in columns, name
            assert has_tenant[table], f"{name}: a global table refers to a tenant's"
    for table, tenant in has_tenant.items():
        if tenant:  # a tenant can be erased without the code of any plugin
            assert (table, "core.tenant", "c") in {(f[0], f[1], f[3]) for f in found}, table


def test_nothing_is_deferred_and_no_view_runs_as_its_owner(owner: Any) -> None:
    assert rows(owner, "SELECT conname FROM pg_constraint WHERE condeferrable") == []
    assert rows(owner, f"""SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND {OURS}
        AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)""") == []  # fmt: skip


def test_the_application_owns_nothing_and_the_roles_are_weak(owner: Any) -> None:
    assert rows(owner, "SELECT relname FROM pg_class WHERE relowner = 'diwan_app'::regrole") == []
    assert rows(owner, "SELECT nspname FROM pg_namespace WHERE nspowner = 'diwan_app'::regrole") == []
    assert rows(owner, """SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles
        WHERE rolname LIKE 'diwan%' ORDER BY rolname""") == [
        ("diwan_app", False, False, False, False, True),
        ("diwan_lookup", False, False, False, False, False),
        ("diwan_owner", False, False, False, False, True),
    ]  # fmt: skip


def test_functions_that_run_as_another_are_few_and_pinned(owner: Any) -> None:
    found = rows(owner, f"""SELECT p.proname, p.proowner::regrole::text, coalesce(p.proconfig::text, ''),
        has_function_privilege('public', p.oid, 'execute') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND {OURS}""")  # fmt: skip
    answering = {f[0] for f in found if f[0].startswith(("schedule", "operator_"))}
    assert {f[0] for f in found} - answering == {
        "memberships_of", "open_session", "open_token", "open_invitation", "outbox_due", "search", "chain_audit",
        "forget_audit", "count_rights", "grants_of", "open_support", "standing", "token_standing", "erase_rows",
        "erase_knot", "business_closing", "without_business",
    }  # fmt: skip
    # Erasing takes the right to delete from any table, also of a module that is gone: its owner has it, and is bound by
    # the policy `tenant` like everybody else.
    erasing = {"erase_rows": "diwan_owner", "erase_knot": "diwan_owner", "count_rights": "diwan_owner"}
    for name, role, config, public in found:
        assert (role, public) == (erasing.get(name, "diwan_lookup"), False), name
        assert "search_path=pg_catalog" in config, name


def test_the_application_may_not_rewrite_history_nor_revisions(owner: Any) -> None:
    for table, allowed in (("core.audit_entry", "INSERT, SELECT"), ("core.plugin", "SELECT"),
                           ("core.audit_link", "SELECT"), ("core.audit_head", "SELECT"),
                           ("core.operator", "SELECT"), ("core.operator_entry", "INSERT, SELECT")):  # fmt: skip
        found = owner.execute(
            "SELECT string_agg(privilege_type, ', ' ORDER BY privilege_type) FROM information_schema.role_table_grants"
            " WHERE grantee = 'diwan_app' AND table_schema || '.' || table_name = %s",
            (table,),
        ).fetchone()
        assert found == (allowed,)
    revisions = rows(owner, """SELECT DISTINCT privilege_type FROM information_schema.role_table_grants
        WHERE grantee = 'diwan_app' AND table_name LIKE 'alembic%'""")  # fmt: skip
    assert revisions == [("SELECT",)]
