"""`diwan env`, `diwan servers` and the choice between embedded servers and the operator's own."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from diwan.embedded import Servers

from .conftest import Run, alive, answers, wait_for


def test_env_tells_addresses_and_starts_nothing(base: Path, diwan: Callable[..., Run]) -> None:
    home = base / "never-started"
    run = diwan("env", "--json", DIWAN_HOME=str(home), DIWAN_PORT="8765")
    facts = json.loads(run.output)
    assert facts["url"] == "http://localhost:8765"
    assert facts["ready_url"] == "http://127.0.0.1:8765/readyz"
    assert (facts["home"], facts["embedded"], facts["servers_running"]) == (str(home), True, False)
    assert facts["database_url"] is None
    assert not home.exists()


def test_env_tells_the_urls_of_owner_and_app_role(home: Path, diwan: Callable[..., Run]) -> None:
    with Servers(home, durable=False).running() as endpoints:
        facts = json.loads(diwan("env", "--json", DIWAN_HOME=str(home)).output)
        assert facts["servers_running"]
        assert facts["database_url"] == endpoints.app_url
        assert facts["database_owner_url"] == endpoints.owner_url
        assert facts["redis_url"] == endpoints.redis_url
    assert not json.loads(diwan("env", "--json", DIWAN_HOME=str(home)).output)["servers_running"]


def test_env_can_be_read_by_a_shell(make_home: Callable[..., Path], diwan: Callable[..., Run]) -> None:
    home = make_home("my home")
    output = diwan("env", DIWAN_HOME=str(home)).output
    assert f"home='{home}'" in output.splitlines()


def test_servers_run_in_the_background_until_they_are_stopped(home: Path, diwan: Callable[..., Run]) -> None:
    assert diwan("servers", "status", DIWAN_HOME=str(home)).exit_code == 3
    assert "Started" in diwan("servers", "start", DIWAN_HOME=str(home)).output
    try:
        assert "They run already" in diwan("servers", "start", DIWAN_HOME=str(home)).output
        assert diwan("servers", "status", DIWAN_HOME=str(home)).exit_code == 0
        status = Servers(home).status()
        assert answers(Servers(home).endpoints().app_url)  # roles and database are there too
        assert answers(Servers(home).endpoints().owner_url)
    finally:
        assert diwan("servers", "stop", DIWAN_HOME=str(home)).output == "Stopped.\n"
    wait_for(lambda: not alive(status.postgres) and not alive(status.valkey))
    assert diwan("servers", "stop", DIWAN_HOME=str(home)).output == "They do not run.\n"


def test_background_servers_that_cannot_start_say_why(home: Path, diwan: Callable[..., Run]) -> None:
    (home / "servers/postgres/PG_VERSION").write_text("16\n")
    run = diwan("servers", "start", DIWAN_HOME=str(home))
    assert run.exit_code == 1
    assert "made by PostgreSQL 16" in run.output


def test_half_of_ones_own_servers_is_an_error(base: Path, diwan: Callable[..., Run]) -> None:
    run = diwan("servers", "start", DIWAN_HOME=str(base / "x"), DATABASE_URL="postgresql://a@b/c")
    assert run.exit_code == 1
    assert "DATABASE_URL is set and REDIS_URL is not" in run.output


def test_with_ones_own_servers_nothing_embedded_starts(
    base: Path, home: Path, diwan: Callable[..., Run], tmp_path: Path
) -> None:
    with Servers(home, durable=False).running() as endpoints:
        own = {"DATABASE_URL": endpoints.app_url, "REDIS_URL": endpoints.redis_url, "DIWAN_HOME": str(base / "other")}
        run = diwan("servers", "start", **own)
        assert "starts none of its own" in run.output
        facts = json.loads(diwan("env", "--json", **own).output)
        assert (facts["embedded"], facts["database_url"]) == (False, endpoints.app_url)
        own["DATABASE_ADMIN_URL"] = endpoints.admin_url
        own["DATABASE_OWNER_URL"] = endpoints.owner_url
        with psycopg.connect(endpoints.admin_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE diwan")
        assert diwan("backup", str(tmp_path / "own.tar"), **own).exit_code == 1  # the app role is not there yet
    assert not (base / "other" / "servers").exists()


def test_a_server_that_does_not_answer_is_named(base: Path, diwan: Callable[..., Run], tmp_path: Path) -> None:
    own = {
        "DATABASE_URL": f"postgresql://diwan_app:x@/diwan?host={tmp_path}",
        "REDIS_URL": "redis://127.0.0.1:1",
        "DIWAN_HOME": str(base / "other"),
    }
    run = diwan("backup", str(tmp_path / "b.tar"), **own)
    assert run.exit_code == 1
    assert "PostgreSQL does not answer" in run.output
    assert "x@" not in run.output


def test_commands_leave_the_environment_of_the_caller_alone(home: Path, diwan: Callable[..., Run]) -> None:
    diwan("env", DIWAN_HOME=str(home))
    assert os.environ.get("DIWAN_HOME") != str(home)


@pytest.mark.parametrize("port", ["taken", "0x", "-1"])
def test_run_refuses_a_port_it_cannot_use(base: Path, diwan: Callable[..., Run], port: str) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = str(other.getsockname()[1]) if port == "taken" else port
        run = diwan("run", DIWAN_HOME=str(base / "no-port"), DIWAN_PORT=number)
    assert run.exit_code == 1
    assert "DIWAN_PORT" in run.output
    assert not (base / "no-port").exists()
