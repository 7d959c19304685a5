"""Migrations: up, down and up per scope, drift, generated revisions, and one plugin's failure that stops no other."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from diwan.cli.db import _import_models
from diwan.db import migrate as migrations
from diwan.db.migrate import MigrationFailed, Scope
from diwan.kernel import catalogue, deploy
from diwan.kernel.lineup import lineup_for

THING = """
@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name", unique=True)
    note: Mapped[str | None] = field("Note")
"""
WITH_PART = (
    THING
    + """
@plugin.resource(label="Part", labels="Parts")
class Part(Model):
    name: Mapped[str] = field("Name")
    thing: Mapped[UUID] = field("Thing", ref=Thing)
"""
)


def scope_of(folder: Path, name: str, *steps: tuple[str, str]) -> Scope:
    """Write revisions, each from an upgrade and a downgrade statement; return their scope."""
    versions = folder / name
    versions.mkdir(parents=True, exist_ok=True)
    before = None
    for number, (up, down) in enumerate(steps, 1):
        revision = f"{name}{number:04}"
        body = (
            f'from alembic import op\nrevision = "{revision}"\ndown_revision = {before!r}\n'
            f"branch_labels = None\ndepends_on = None\n"
            f"def upgrade():\n    op.execute({up!r})\ndef downgrade():\n    op.execute({down!r})\n"
        )
        (versions / f"{revision}.py").write_text(body)
        before = revision
    return Scope(name, versions)


@pytest.fixture
def loans(tmp_path):
    return scope_of(
        tmp_path / "a folder with 100% odd: names",
        "loans",
        ("CREATE TABLE loans.loan (id bigint)", "DROP TABLE loans.loan"),
        ("ALTER TABLE loans.loan ADD due date", "ALTER TABLE loans.loan DROP due"),
    )


def test_up_down_up(scratch, loans):
    assert migrations.current(scratch.owner_url, loans) == ""
    migrations.upgrade(scratch.owner_url, loans)
    assert migrations.current(scratch.owner_url, loans) == migrations.head(loans) == "loans0002"
    assert scratch.columns("loans") == {"loan.id", "loan.due"}
    migrations.downgrade(scratch.owner_url, loans, "loans0001")
    assert scratch.columns("loans") == {"loan.id"}
    migrations.downgrade(scratch.owner_url, loans)
    assert scratch.columns("loans") == set()
    migrations.upgrade(scratch.owner_url, loans)
    assert migrations.current(scratch.owner_url, loans) == "loans0002"


def test_each_scope_has_its_own_version_table(scratch, loans, tmp_path):
    other = scope_of(tmp_path, "bells", ("CREATE TABLE bells.bell (id bigint)", "DROP TABLE bells.bell"))
    migrations.upgrade(scratch.owner_url, loans)
    migrations.upgrade(scratch.owner_url, other)
    migrations.downgrade(scratch.owner_url, loans)
    assert migrations.current(scratch.owner_url, other) == "bells0001"
    assert {"alembic_loans.version_num", "alembic_bells.version_num"} <= scratch.columns("core")


def test_the_application_cannot_touch_the_version_tables(core_scratch, loans):
    migrations.upgrade(core_scratch.owner_url, loans)
    with psycopg.connect(core_scratch.app_url, autocommit=True) as connection:
        for table in ("alembic_core", "alembic_loans"):
            assert connection.execute(f"SELECT count(*) FROM core.{table}").fetchone() == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"DELETE FROM core.{table}")


def test_two_statements_in_one_execute_are_refused_by_the_server(scratch, tmp_path):
    double = scope_of(
        tmp_path, "double", ("CREATE TABLE double.a (id int); CREATE TABLE double.b (id int)", "SELECT 1")
    )
    with pytest.raises(MigrationFailed, match="multiple commands"):
        migrations.upgrade(scratch.owner_url, double)


def test_a_failure_leaves_nothing_of_the_attempt(scratch, tmp_path):
    half = scope_of(tmp_path, "half", ("CREATE TABLE half.one (id int)", "SELECT 1"), ("SELECT 1 / 0", "SELECT 1"))
    with pytest.raises(MigrationFailed, match="migration of half failed") as error:
        migrations.upgrade(scratch.owner_url, half)
    assert "division by zero" in str(error.value)
    assert scratch.columns("half") == set()
    assert migrations.current(scratch.owner_url, half) == ""


def test_a_lock_held_by_the_application_ends_the_attempt_in_seconds(scratch, loans, monkeypatch):
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "200ms")
    migrations.upgrade(scratch.owner_url, loans, "loans0001")
    with psycopg.connect(scratch.owner_url) as connection:
        connection.execute("SELECT count(*) FROM loans.loan")  # holds ACCESS SHARE until the end
        with pytest.raises(MigrationFailed, match="lock timeout"):
            migrations.upgrade(scratch.owner_url, loans)
    migrations.upgrade(scratch.owner_url, loans)


def test_two_heads_are_an_error(tmp_path):
    scope = scope_of(tmp_path, "fork", ("SELECT 1", "SELECT 1"))
    text = (scope.versions / "fork0001.py").read_text().replace("fork0001", "fork0002")
    (scope.versions / "fork0002.py").write_text(text)
    with pytest.raises(MigrationFailed, match="multiple heads"):
        migrations.head(scope)


def test_only_one_process_migrates_at_a_time(scratch):
    order = []

    def second():
        with migrations.exclusive(scratch.owner_url):
            order.append("second")

    with migrations.exclusive(scratch.owner_url):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]


def test_the_core_goes_up_down_and_up_without_drift(scratch):
    _import_models()
    core = migrations.core()
    migrations.upgrade(scratch.owner_url, core)
    assert migrations.check(scratch.owner_url, core) == []
    migrations.downgrade(scratch.owner_url, core)
    assert {name.partition(".")[0] for name in scratch.columns("core")} == {"alembic_core"}
    migrations.upgrade(scratch.owner_url, core)
    assert migrations.check(scratch.owner_url, core) == []


def test_a_generated_revision_has_everything_and_leaves_no_drift(core_scratch, shelf):
    package = shelf.write("stock", "from uuid import UUID\n" + WITH_PART)
    assert shelf.load()["stock"].state == "unmigrated"
    scope = Scope("stock", package / "migrations")
    path = migrations.revision(core_scratch.owner_url, scope, "First tables")
    source = path.read_text()
    assert path.name.endswith("_first_tables.py")
    assert "import diwan" not in source
    for line in (
        "ALTER TABLE stock.part ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE stock.part FORCE ROW LEVEL SECURITY",
        "CREATE POLICY tenant ON stock.part USING (tenant_id = core.tid()) WITH CHECK (tenant_id = core.tid())",
        "sa.PrimaryKeyConstraint('tenant_id', 'id'",
        "['tenant_id'], ['core.tenant.id']",
        "ondelete='CASCADE'",
    ):
        assert line in source
    migrations.upgrade(core_scratch.owner_url, scope)
    assert migrations.check(core_scratch.owner_url, scope) == []
    migrations.downgrade(core_scratch.owner_url, scope)
    migrations.upgrade(core_scratch.owner_url, scope)
    assert core_scratch.as_owner("SELECT count(*) FROM pg_policies WHERE schemaname = 'stock'") == [(2,)]


def test_our_own_column_types_are_written_as_what_they_store(core_scratch, shelf):
    body = (
        "from datetime import timedelta\nfrom decimal import Decimal\n"
        "@plugin.resource(label='Part', labels='Parts')\nclass Part(Model):\n    name: Mapped[str] = field('Name')\n"
        "    price: Mapped[Decimal | None] = field('Price', widget='money')\n"
        "    lasts: Mapped[timedelta | None] = field('Lasts')\n"
        "    code: Mapped[str | None] = field('Code', secret=True)\n"
    )
    package = shelf.write("stock", body)
    shelf.load()
    scope = Scope("stock", package / "migrations")
    source = migrations.revision(core_scratch.owner_url, scope, "First tables").read_text()
    assert "diwan" not in source
    for line in ("'price', sa.BigInteger()", "'lasts', sa.BigInteger()", "'code', sa.LargeBinary()"):
        assert line in source
    migrations.upgrade(core_scratch.owner_url, scope)
    assert migrations.check(core_scratch.owner_url, scope) == []


def test_drift_is_told_for_the_scope_that_drifted_alone(core_scratch, shelf):
    for name in ("stock", "depot"):
        folder = shelf.write(name, THING) / "migrations"
        shelf.load()
        migrations.revision(core_scratch.owner_url, Scope(name, folder), "tables")
        migrations.upgrade(core_scratch.owner_url, Scope(name, folder))
    scopes = {scope.name: scope for scope in shelf.load().scopes}
    core_scratch.as_owner("ALTER TABLE stock.thing DROP note, ADD surprise text")
    core_scratch.as_owner("ALTER TABLE stock.thing NO FORCE ROW LEVEL SECURITY")
    found = migrations.check(core_scratch.owner_url, scopes["stock"])
    assert "stock.thing.note: column missing in the database" in found
    assert "stock.thing.surprise: column not in the model" in found
    assert "stock.thing: row-level security is not enabled and forced with policy `tenant`" in found
    assert len(found) == 3
    assert migrations.check(core_scratch.owner_url, scopes["depot"]) == []


class TestDeploy:
    """`diwan migrate` over all plugins."""

    @pytest.fixture
    def plugins(self, shelf):
        first = _revision("base", "CREATE TABLE base.one (id bigint)")
        shelf.write("base", migrations__first=first)
        shelf.case("unmigrated")
        shelf.write("needs", toml='[requires]\nunmigrated = ">=1"\n', migrations__first=_revision("needs", "SELECT 1"))
        shelf.write("zebra", migrations__first=_revision("zebra", "CREATE TABLE zebra.one (id bigint)"))
        shelf.write("simple")
        return shelf.load()

    def test_one_failure_stops_only_itself_and_what_requires_it(self, core_scratch, plugins):
        outcomes = {o.scope: o for o in deploy.migrate(core_scratch.owner_url, plugins)}
        assert "division by zero" in outcomes["unmigrated"].error
        assert "it requires unmigrated" in outcomes["needs"].error
        assert [s for s in outcomes if not outcomes[s].error] == ["core", "base", "zebra"]
        rows = dict(core_scratch.as_owner("SELECT name, state FROM core.plugin"))
        assert rows == {
            "base": "ready", "unmigrated": "unmigrated", "needs": "unmigrated", "zebra": "ready", "simple": "ready",
        }  # fmt: skip

    def test_a_process_sees_what_the_database_lacks(self, core_scratch, plugins):
        deploy.migrate(core_scratch.owner_url, plugins)
        catalogue.activate(plugins)
        with core_scratch.session() as session:
            assert deploy.core_is_current(session)
            checked = deploy.refresh(session)
            assert {e.name: e.state for e in checked.stopped} == {"unmigrated": "unmigrated", "needs": "unmigrated"}
            lineup = lineup_for("base,needs,unmigrated")
            assert (lineup.plugins, set(lineup.left_out)) == (("base",), {"needs", "unmigrated"})
            assert deploy.refresh(session) is checked, "nothing changed, so the compiled lineups stay"

    def test_a_mended_migration_heals_without_a_restart(self, core_scratch, shelf):
        package = shelf.write("slow", migrations__first=_revision("slow", "SELECT 1 / 0"))
        catalogue.activate(shelf.load())
        deploy.migrate(core_scratch.owner_url, catalogue.installed())
        with core_scratch.session() as session:
            assert deploy.refresh(session)["slow"].state == "unmigrated"
        (package / "migrations" / "first.py").write_text(_revision("slow", "SELECT 1"))
        deploy.migrate(core_scratch.owner_url, catalogue.installed())
        with core_scratch.session() as session:
            assert deploy.refresh(session)["slow"].state == "ready"
            assert lineup_for("slow").plugins == ("slow",)

    def test_absent_code_is_a_state_and_erases_nothing(self, core_scratch, shelf):
        shelf.write("stays")
        shelf.write("leaves", migrations__first=_revision("leaves", "CREATE TABLE leaves.one (id bigint)"))
        plugins = shelf.load()
        deploy.migrate(core_scratch.owner_url, plugins)
        shelf.packages.remove("diwan_leaves")
        fewer = shelf.load()
        deploy.migrate(core_scratch.owner_url, fewer)
        assert core_scratch.as_owner("SELECT state, revision FROM core.plugin WHERE name = 'leaves'") == [
            ("missing", "leaves0001")
        ]
        assert core_scratch.columns("leaves") == {"one.id"}
        with core_scratch.session() as session:
            assert deploy.check_database(session, fewer)["leaves"].state == "missing"
        shelf.packages.append("diwan_leaves")

    def test_old_code_runs_on_the_next_schema(self, core_scratch, shelf):
        shelf.write("grows", migrations__first=_revision("grows", "SELECT 1"))
        plugins = shelf.load()
        deploy.migrate(core_scratch.owner_url, plugins)
        with core_scratch.session() as session:
            for revision, state in (("from_the_future", "ready"), ("", "unmigrated")):
                core_scratch.as_owner(f"UPDATE core.plugin SET revision = '{revision}' WHERE name = 'grows'")
                session.rollback()
                assert deploy.check_database(session, plugins)["grows"].state == state

    def test_what_to_erase_is_remembered_children_first(self, core_scratch, shelf):
        package = shelf.write("stock", "from uuid import UUID\n" + WITH_PART)
        shelf.load()
        deploy.migrate(core_scratch.owner_url, shelf.load())
        migrations.revision(core_scratch.owner_url, Scope("stock", package / "migrations"), "tables")
        deploy.migrate(core_scratch.owner_url, shelf.load())
        assert core_scratch.as_owner("SELECT tables FROM core.plugin WHERE name = 'stock'") == [(["part", "thing"],)]

    def test_a_failing_core_stops_everything(self, scratch, shelf, tmp_path, monkeypatch):
        broken = scope_of(tmp_path, "core", ("SELECT 1 / 0", "SELECT 1"))
        monkeypatch.setattr(migrations, "core", lambda: broken)
        shelf.write("base", migrations__first=_revision("base", "CREATE TABLE base.one (id bigint)"))
        with pytest.raises(MigrationFailed, match="division by zero"):
            deploy.migrate(scratch.owner_url, shelf.load())
        assert scratch.columns("base") == set()


def _revision(name: str, up: str) -> str:
    return (
        f'from alembic import op\nrevision = "{name}0001"\ndown_revision = None\n'
        f"branch_labels = None\ndepends_on = None\n"
        f"def upgrade():\n    op.execute({up!r})\ndef downgrade():\n    pass\n"
    )
