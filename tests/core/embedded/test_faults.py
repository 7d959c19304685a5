"""What goes wrong on real machines: recycled pids, killed servers, odd paths, slow recovery.

Each of these broke the usual way to start a server.
"""

import os
import pwd
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from diwan.embedded import Binaries, EmbeddedError, Endpoints, Home, Servers, find_binaries
from diwan.embedded.place import SHARED, find_or_make_place
from diwan.embedded.postgres import Postgres
from diwan.embedded.process import open_output, spawn

from .conftest import alive, answers, ask, kill, wait_for

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="it is root whose servers run as another user")


def servers_uid(home: Path) -> int:
    return (home / "servers/postgres").stat().st_uid


@pytest.fixture
def innocent(home: Path) -> Iterator[int]:
    """A process of the servers' user that has nothing to do with them."""
    process = subprocess.Popen(["sleep", "300"], user=servers_uid(home))
    yield process.pid
    assert process.poll() is None, "an unrelated process was killed"
    process.kill()
    process.wait()


def test_a_recycled_pid_is_neither_believed_nor_killed(home: Path, innocent: int) -> None:
    place = home / "servers"
    pid_file = place / "postgres/postmaster.pid"
    pid_file.write_text(
        f"{innocent}\n{place / 'postgres'}\n{int(time.time())}\n5432\n{place / 'run'}\n\n  1 1\nready\n"
    )
    os.chown(pid_file, servers_uid(home), -1)
    (place / "servers.json").write_text(
        f'{{"owner": {innocent}, "owner_mark": "x/1", "postgres": {innocent}, "valkey": {innocent}, "service": true}}'
    )
    assert not Servers(home).status().running
    assert not Servers(home).stop_service()
    servers = Servers(home, durable=False)
    with servers.running() as endpoints:
        assert answers(endpoints.admin_url)
        assert servers.status().postgres != innocent


def test_stale_sockets_and_their_lock_files_are_removed(home: Path, innocent: int) -> None:
    run = home / "servers/run"
    for name in (".s.PGSQL.5432", "valkey.sock"):
        (run / name).write_text("")
    (run / ".s.PGSQL.5432.lock").write_text(f"{innocent}\n{home}\n1\n5432\n{run}\n")
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)


def test_a_killed_postmaster_is_started_again_with_all_that_was_committed(home: Path) -> None:
    servers = Servers(home)
    with servers.running() as endpoints:
        with psycopg.connect(endpoints.admin_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
            first = servers.status().postgres
            kill(first)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT pg_sleep(60)")
        wait_for(lambda: answers(endpoints.admin_url))
        assert ask(endpoints.admin_url, "SELECT n FROM kept") == 7
        wait_for(lambda: servers.status().postgres not in (first, None))


def test_a_backend_that_ignores_its_postmasters_death_does_not_block_the_restart(home: Path) -> None:
    servers = Servers(home, durable=False)
    with servers.running() as endpoints:
        busy = psycopg.connect(endpoints.admin_url, autocommit=True)
        pid = busy.info.backend_pid
        os.kill(pid, 19)  # SIGSTOP: it cannot notice anything
        kill(servers.status().postgres)
        wait_for(lambda: answers(endpoints.admin_url), 30)
        assert not alive(pid)


def test_a_zombie_postmaster_counts_as_dead(home: Path) -> None:
    postgres = _postgres_without_an_owner(home)
    kill(postgres.process.pid)
    wait_for(lambda: not alive(postgres.process.pid))
    assert Path(f"/proc/{postgres.process.pid}").exists()  # nobody has waited for it
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)
    postgres.process.wait(5)


def test_servers_that_outlived_their_owner_are_replaced(home: Path) -> None:
    postgres = _postgres_without_an_owner(home)
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)
        assert not alive(postgres.process.pid)
    assert postgres.process.wait(5)


def _postgres_without_an_owner(home: Path) -> Postgres:
    place = find_or_make_place(Home(home))
    place.private_folder(place.run)
    binaries = find_binaries().for_account(place.account)
    postgres = Postgres(place, binaries, Home(home).secrets().superuser, durable=False)
    postgres.start()
    postgres.wait_until_ready(30)
    return postgres


@pytest.mark.parametrize("name", ['it\'s my "home" 100% ديوان', "home, mine"])
def test_spaces_quotes_commas_and_arabic_in_the_path(make_home: Callable[..., Path], name: str) -> None:
    """The sockets move elsewhere: libpq takes a comma for another host, and SQLAlchemy writes a space as a plus."""
    home = make_home(name)
    with Servers(home, durable=False).running() as endpoints:
        assert endpoints.socket_folder.parent == Path("/tmp")
        for url in (endpoints.admin_url, make_url(endpoints.admin_url).render_as_string(hide_password=False)):
            assert answers(url)
        assert redis.Redis.from_url(endpoints.redis_url).ping()
        assert (home / "servers/postgres/postmaster.pid").exists()


def test_a_long_path_gets_its_sockets_in_a_private_folder(base: Path, make_home: Callable[..., Path]) -> None:
    parent = base / ("long" * 20)
    parent.mkdir()
    home = make_home("path" * 20, parent=parent)
    with Servers(home, durable=False).running() as endpoints:
        assert answers(endpoints.admin_url)
        run = endpoints.socket_folder
        assert run.parent == Path("/tmp")
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        assert run.stat().st_uid == servers_uid(home)
    if os.geteuid() == 0:  # a stranger takes the name while the servers are down
        shutil.rmtree(run)
        run.mkdir(mode=0o777)
        os.chown(run, 65534, 65534)
        with Servers(home, durable=False).running() as endpoints:
            assert answers(endpoints.admin_url)
            assert endpoints.socket_folder != run
        run.rmdir()
    Servers(home).erase()
    assert not endpoints.socket_folder.exists()
    assert not (home / "servers").exists()


def test_a_slow_recovery_is_waited_for_by_owner_and_joiner(home: Path) -> None:
    _make_recovery_slow(home, seconds=0.5)
    servers = Servers(home, durable=False)
    found: list[Endpoints] = []
    joiner = threading.Thread(target=lambda: found.append(Servers(home, durable=False).start()))
    timer = threading.Timer(0.3, joiner.start)
    timer.start()
    begin = time.monotonic()
    with servers.running() as endpoints:
        assert time.monotonic() - begin > 1
        assert answers(endpoints.admin_url)
        joiner.join(10)
        assert found == [endpoints]


def test_a_limit_that_is_too_short_says_so_and_leaves_nothing_running(home: Path) -> None:
    _make_recovery_slow(home, seconds=60)
    with pytest.raises(EmbeddedError, match="not ready after 1 s"):
        Servers(home, durable=False, start_seconds=1).start()
    assert not Servers(home).status().running
    assert not any((home / "servers/run").glob(".s.PGSQL.*"))


def _make_recovery_slow(home: Path, seconds: float) -> None:
    """Archive recovery asks for more log, and here the answer takes its time."""
    data = home / "servers/postgres"
    (data / "recovery.signal").touch()
    (data / "local.conf").write_text(f"restore_command = 'sleep {seconds}; false'\nhot_standby = off\n")
    for name in ("recovery.signal", "local.conf"):
        os.chown(data / name, servers_uid(home), -1)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    (home / "servers/postgres/local.conf").write_text("max_connections = many\n")
    os.chown(home / "servers/postgres/local.conf", servers_uid(home), -1)
    with pytest.raises(EmbeddedError, match="max_connections"):
        Servers(home, durable=False).start()


def test_data_of_another_major_version_is_refused(home: Path) -> None:
    (home / "servers/postgres/PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16"):
        Servers(home, durable=False).start()


@pytest.mark.parametrize("death_pipe", [False, True])
def test_a_child_dies_with_its_parent(base: Path, death_pipe: bool) -> None:
    """With the kernel's signal, and with the watcher that other systems need."""
    child = os.fork()
    if child == 0:
        output = open_output(base / f"child-{death_pipe}")
        process = spawn(["/bin/sleep", "300"], death_signal=15, stdout=output, death_pipe=death_pipe)
        (base / f"pid-{death_pipe}").write_text(str(process.pid))
        time.sleep(300)
    pid_file = base / f"pid-{death_pipe}"
    wait_for(lambda: pid_file.exists() and pid_file.read_text())
    pid = int(pid_file.read_text())
    wait_for(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    kill(child)
    os.waitpid(child, 0)
    wait_for(lambda: not alive(pid), 5)


@AS_ROOT
def test_root_below_a_closed_folder_opens_nothing(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    programs = closed / "programs"
    found = find_binaries()
    package = found.postgres.parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            (programs / folder.name).mkdir(parents=True)
    install = programs / package.name / found.postgres.parent.name
    subprocess.run(["cp", "-al", str(found.postgres.parent), str(install)], check=True)
    for library in package.with_name(f"{package.name}.libs").glob("*"):
        os.link(library, programs / f"{package.name}.libs" / library.name)
    os.link(found.valkey, programs / "valkey-server")
    copies = set((SHARED / "programs").glob("*"))
    servers = Servers(home, durable=False, binaries=Binaries(install / "bin", programs / "valkey-server"))
    try:
        with servers.running() as endpoints:
            assert answers(endpoints.admin_url)
            status = servers.status()
            assert status.place.parent == SHARED
            assert Path(f"/proc/{status.postgres}/exe").readlink().is_relative_to(SHARED)
            for pid in (status.postgres, status.valkey):
                assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert stat.S_IMODE(status.place.stat().st_mode) == 0o711

        subprocess.run(["cp", "-a", str(home), str(closed / "copy")], check=True)
        with pytest.raises(EmbeddedError, match="is a copy of"):
            Servers(closed / "copy", durable=False).start()
        moved = home.rename(closed / "moved")
        with Servers(moved, durable=False).running() as endpoints:
            assert answers(endpoints.admin_url)
    finally:
        Servers(next(path for path in (closed / "moved", home) if path.exists())).erase()
        for copy in set((SHARED / "programs").glob("*")) - copies:
            shutil.rmtree(copy)
    assert not status.place.exists()


@AS_ROOT
def test_roots_servers_run_as_an_unprivileged_user_who_owns_the_data(home: Path) -> None:
    uid = servers_uid(home)
    assert uid != 0
    assert pwd.getpwuid(uid).pw_name in ("diwan", "nobody")
    os.chown(home / "servers/postgres", 0, 0)
    with pytest.raises(EmbeddedError, match="never runs as root"):
        Servers(home, durable=False).start()
    os.chown(home / "servers/postgres", uid, -1)


@AS_ROOT
def test_a_home_that_was_closed_later_says_what_to_do(home: Path) -> None:
    home.chmod(0o700)
    with pytest.raises(EmbeddedError, match="cannot enter"):
        Servers(home, durable=False).start()
    home.chmod(0o711)
