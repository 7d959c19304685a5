"""Starting, joining and letting go: one pair of servers for any number of processes.

And for nobody without the password.
"""

import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
import redis

from diwan.embedded import EmbeddedError, Servers

from .conftest import Holder, alive, answers, ask, kill, wait_for


@pytest.fixture(scope="module")
def shared(base: Path, template: Path) -> Servers:
    """Servers that the tests of this module only look at."""
    subprocess.run(["cp", "-a", str(template), str(base / "shared")], check=True)
    servers = Servers(base / "shared", durable=True)
    servers.start()
    yield servers
    servers.stop()
    servers.erase()


def test_eight_starters_of_a_fresh_home_share_one_server(base: Path, hold: Callable[[Path], Holder]) -> None:
    holders = [hold(base / "eight") for _ in range(8)]
    told = [holder.told for holder in holders]
    assert len({t["postgres"] for t in told}) == 1
    assert len({t["valkey"] for t in told}) == 1
    assert sum(t["owned"] for t in told) == 1
    assert all(answers(t["admin_url"]) for t in told)


def test_who_joins_only_lets_go_and_the_owner_stops(home: Path, hold: Callable[[Path], Holder]) -> None:
    owner = hold(home)
    told = owner.told
    joined = Servers(home, durable=False)
    endpoints = joined.start()
    assert not joined.owned
    joined.stop()
    assert answers(endpoints.admin_url)
    owner.end()
    assert not alive(told["postgres"])
    assert not alive(told["valkey"])
    assert not joined.status().running


def test_killing_the_owner_ends_the_servers_and_the_next_start_recovers(
    home: Path, hold: Callable[[Path], Holder]
) -> None:
    owner = hold(home)
    told = owner.told
    with psycopg.connect(told["admin_url"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    owner.kill()
    wait_for(lambda: not alive(told["postgres"]) and not alive(told["valkey"]))
    with Servers(home, durable=False).running() as endpoints:
        assert ask(endpoints.admin_url, "SELECT n FROM kept") == 7


def test_starting_again_while_the_killed_owners_servers_are_still_going(
    home: Path, hold: Callable[[Path], Holder]
) -> None:
    owner = hold(home)
    old = owner.told["postgres"]
    owner.kill()
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)
        assert not alive(old)


def test_a_joiner_takes_over_by_starting_again_after_the_owner_was_killed(
    home: Path, hold: Callable[[Path], Holder]
) -> None:
    owner = hold(home)
    assert owner.told["owned"]
    joined = Servers(home, durable=False)
    joined.start()
    owner.kill()
    endpoints = joined.start()
    assert joined.owned
    assert answers(endpoints.admin_url)
    joined.stop()


def test_joining_takes_less_than_50_ms(shared: Servers) -> None:
    times = []
    for _ in range(7):
        begin = time.monotonic()
        joined = Servers(shared.home)
        joined.start()
        times.append(time.monotonic() - begin)
        assert not joined.owned
    assert min(times) < 0.05


def test_starting_twice_is_one_start(shared: Servers) -> None:
    before = shared.status().postgres
    shared.start()
    assert shared.status().postgres == before


def test_a_forked_child_that_exits_stops_nothing(shared: Servers) -> None:
    child = os.fork()
    if child == 0:
        shared.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert answers(shared.endpoints().admin_url)
    assert shared.owned


def test_no_password_no_entry(shared: Servers) -> None:
    endpoints = shared.endpoints()
    secret = quote(shared.home.secrets().superuser, safe="")
    assert answers(endpoints.admin_url)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(endpoints.admin_url.replace(secret, "wrong"))
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(endpoints.admin_url.replace(f":{secret}", ""))
    place = shared.status().place
    rules = [line.split() for line in (place / "postgres/pg_hba.conf").read_text().splitlines()]
    assert {rule[-1] for rule in rules if rule and not rule[0].startswith("#")} == {"scram-sha-256"}

    with pytest.raises(redis.AuthenticationError):
        redis.Redis(unix_socket_path=str(endpoints.socket_folder / "valkey.sock")).ping()
    assert redis.Redis.from_url(endpoints.redis_url).ping()


def test_nothing_listens_on_the_network(shared: Servers) -> None:
    status = shared.status()
    for pid in (status.postgres, status.valkey):
        assert psutil.Process(pid).net_connections(kind="inet") == []


def test_sockets_are_in_a_folder_of_the_servers_user_alone(shared: Servers) -> None:
    run = shared.endpoints().socket_folder
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    owner = psutil.Process(shared.status().postgres).uids().real
    assert run.stat().st_uid == owner
    assert owner != 0


def test_no_password_on_a_command_line(shared: Servers) -> None:
    secrets = shared.home.secrets()
    status = shared.status()
    lines = " ".join(" ".join(psutil.Process(pid).cmdline()) for pid in (status.postgres, status.valkey))
    assert "postgres" in lines
    assert not any(secret in lines for secret in (secrets.superuser, secrets.redis))


def test_real_data_is_on_safe_settings(shared: Servers) -> None:
    with psycopg.connect(shared.endpoints().admin_url) as connection:

        def setting(name: str) -> str:
            return connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]

        wanted = {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "jit": "off",
        }
        assert {name: setting(name) for name in wanted} == wanted
        assert int(setting("max_connections")) >= 100
        assert connection.info.server_version // 10_000 == 18
        query = "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
        assert connection.execute(f"{query} WHERE datname = 'template1'").fetchone() == ("b", "C.UTF-8", "UTF8")
    settings = redis.Redis.from_url(shared.endpoints().redis_url).config_get("append*")
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")


def test_real_data_never_joins_servers_without_fsync(home: Path) -> None:
    with Servers(home, durable=False).running(), pytest.raises(EmbeddedError, match="without fsync"):
        Servers(home).start()


def test_a_tcp_port_if_asked_for_wants_the_password_too(home: Path) -> None:
    port = _free_port()
    secret = quote(Servers(home).home.secrets().superuser, safe="")
    with Servers(home, durable=False, tcp_port=port).running() as endpoints:
        assert answers(endpoints.admin_url)
        assert answers(f"postgresql://postgres:{secret}@127.0.0.1:{port}/postgres")
        assert not answers(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")
        assert answers(Servers(home, durable=False).start().admin_url)


def test_asking_for_addresses_starts_nothing(base: Path, home: Path) -> None:
    with pytest.raises(EmbeddedError, match="no servers yet"):
        Servers(base / "never").endpoints()
    assert not (base / "never").exists()
    assert "diwan_app:" in Servers(home).endpoints().app_url
    assert not Servers(home).status().running


def test_servers_of_a_run_are_not_stopped_by_another_command(home: Path, hold: Callable[[Path], Holder]) -> None:
    owner = hold(home)
    with pytest.raises(EmbeddedError, match=f"belong to process {owner.told['owner']}"):
        Servers(home).stop_service()
    assert answers(owner.told["admin_url"])


def test_a_killed_starter_in_the_middle_of_initdb_leaves_nothing_in_the_way(base: Path) -> None:
    home = base / "interrupted"
    holder = Holder(home)
    wait_for((home / "servers/postgres.new/PG_VERSION").exists)
    holder.kill()
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)
    Servers(home).erase()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_killed_valkey_comes_back_with_its_data(home: Path) -> None:
    servers = Servers(home, durable=False)
    with servers.running() as endpoints:
        client = redis.Redis.from_url(endpoints.redis_url)
        client.set("kept", "yes")
        kill(servers.status().valkey)
        wait_for(lambda: _pings(client))
        assert client.get("kept") == b"yes"


def _pings(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, OSError):
        return False
