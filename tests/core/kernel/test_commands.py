"""`diwan migrate`, `diwan db` and `diwan plugin`, as an operator types them."""

from __future__ import annotations

import json

import psycopg
import pytest
from click.testing import CliRunner

from diwan.cli import main


@pytest.fixture
def run(core_scratch, shelf, tmp_path, monkeypatch):
    monkeypatch.setenv("DIWAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_OWNER_URL", core_scratch.owner_url)

    def command(*words: str):
        return CliRunner().invoke(main, words)

    return command


def test_migrate_goes_to_the_newest_revision_and_can_be_repeated(run, shelf, core_scratch):
    first = run("migrate")
    assert first.exit_code == 0, first.output
    assert "contacts: nothing -> " in first.output
    again = run("migrate")
    assert "contacts: up to date" in again.output
    assert again.exit_code == 0
    assert core_scratch.as_owner("SELECT state FROM core.plugin WHERE name = 'contacts'") == [("ready",)]
    status = run("db", "status")
    assert "contacts" in status.output
    assert "newest is" not in status.output


def test_migrate_says_what_failed_and_why(run, shelf):
    shelf.case("unmigrated")
    result = run("migrate")
    assert result.exit_code == 1
    assert "migration of unmigrated failed" in result.output
    assert "division by zero" in result.output


def test_check_finds_no_drift_in_the_installed_plugins(run):
    run("migrate")
    result = run("db", "check")
    assert result.exit_code == 0, result.output


def test_check_tells_the_drift(run, core_scratch):
    run("migrate")
    core_scratch.as_owner("ALTER TABLE hello.greeting ADD surprise text")
    result = run("db", "check", "-p", "hello")
    assert (result.exit_code, result.output) == (1, "hello.greeting.surprise: column not in the model\n")


def test_revision_writes_the_first_migration_of_a_new_plugin(run, shelf):
    thing = "@plugin.resource(label='T', labels='Ts')\nclass Thing(Model):\n    name: Mapped[str] = field('Name')\n"
    package = shelf.write("stock", thing)
    result = run("db", "revision", "-p", "stock", "-m", "First tables")
    assert result.exit_code == 0, result.output
    assert len(list((package / "migrations").glob("*_first_tables.py"))) == 1
    assert "stock: nothing -> " in run("migrate").output


def test_an_unknown_scope_names_the_known_ones(run):
    result = run("db", "check", "-p", "nonsense")
    assert result.exit_code == 1
    assert "There is no 'nonsense': known are core, contacts, hello" in result.output


def test_roles_and_database_are_made_where_the_superuser_is_known(run, core_scratch, monkeypatch):
    """What `compose.yaml` does on an empty PostgreSQL: the admin's address makes what the owner's needs."""
    fresh = f"{core_scratch.name}_fresh"
    for name, url in (("DATABASE_OWNER_URL", core_scratch.owner_url), ("DATABASE_URL", core_scratch.app_url)):
        monkeypatch.setenv(name, url.replace(core_scratch.name, fresh))
    monkeypatch.setenv("DATABASE_ADMIN_URL", core_scratch.admin_url)
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    monkeypatch.setenv("DIWAN_SECRET_KEY", "not a secret")  # set by the command otherwise, and it would stay
    try:
        result = run("migrate")
        assert result.exit_code == 0, result.output
        assert "core: nothing -> " in result.output
    finally:
        with psycopg.connect(core_scratch.admin_url, autocommit=True) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')


def test_half_of_ones_own_servers_is_told(run, core_scratch, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", core_scratch.app_url)
    monkeypatch.delenv("REDIS_URL", raising=False)
    result = run("migrate")
    assert result.exit_code == 1
    assert "DATABASE_URL is set and REDIS_URL is not" in result.output


def test_plugins_are_listed_with_their_states_and_problems(run, shelf):
    shelf.case("unknown_hook")
    result = run("plugin", "list")
    assert "contacts" in result.output
    assert "there is no hook `record_filter`" in result.output
    rows = {row["name"]: row for row in json.loads(run("plugin", "list", "--json").output)}
    assert (rows["contacts"]["state"], rows["unknownhook"]["state"]) == ("ready", "broken")


def test_check_of_plugins_fails_where_one_is_not_ready(run, shelf):
    assert run("plugin", "check").exit_code == 0
    shelf.case("unknown_hook")
    result = run("plugin", "check")
    assert result.exit_code == 1
    assert "unknownhook: broken" in result.output
