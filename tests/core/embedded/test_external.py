"""An operator's own PostgreSQL, here the oldest that a wheel brings (16): migrations, backup, the way to 18."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diwan.embedded import Home, Servers, find_binaries
from diwan.embedded.archive import read_archive
from diwan.embedded.place import find_or_make_place
from diwan.embedded.process import open_output, run, spawn

from .conftest import Run, answers, ask, wait_for


@pytest.fixture
def own(base: Path, home: Path) -> Iterator[dict[str, str]]:
    """The environment that names a PostgreSQL 16 and a Valkey which Diwan did not start."""
    programs = find_binaries().postgres.parent.with_name("pginstall") / "bin"
    if not (programs / "postgres").exists():
        pytest.skip("the wheel brings no other version")
    account = find_or_make_place(Home(home)).account
    data = base / "external"
    data.mkdir(mode=0o700)
    if account:
        os.chown(data, account.uid, account.gid)
    (base / "password").write_text("secret")
    command = [str(programs / "initdb"), "-D", str(data), "-U", "boss", "-E", "UTF8", "--locale=C", "--no-sync"]
    command += ["--auth=scram-sha-256", f"--pwfile={base / 'password'}"]
    run(command, account=account, cwd=data, output=base / "initdb")
    output = open_output(base / "external.out")
    command = [
        str(programs / "postgres"),
        "-D",
        str(data),
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={data}",
    ]
    process = spawn(command, death_signal=signal.SIGINT, stdout=output, cwd=data, account=account)
    os.close(output)
    admin = f"postgresql://boss:secret@/postgres?host={data}"
    wait_for(lambda: answers(admin))
    with Servers(home, durable=False).running() as endpoints:
        yield {
            "DATABASE_ADMIN_URL": admin,
            "DATABASE_OWNER_URL": f"postgresql+psycopg://diwan_owner:owner@/business?host={data}",
            "DATABASE_URL": f"postgresql+psycopg://diwan_app:app@/business?host={data}",
            "REDIS_URL": endpoints.redis_url,
            "DIWAN_HOME": str(base / "external-home"),
        }
    process.stop([(signal.SIGINT, 20), (signal.SIGKILL, 5)])


def test_postgresql_16_serves_and_moves_to_18(
    own: dict[str, str], home: Path, make_home: Callable[..., Path], diwan: Callable[..., Run], tmp_path: Path
) -> None:
    archive = tmp_path / "of16.tar"
    assert diwan("backup", str(archive), **own).exit_code == 1  # nothing there yet
    Home(Path(own["DIWAN_HOME"])).create()
    from diwan.db.bootstrap import bootstrap

    bootstrap(own["DATABASE_ADMIN_URL"], "business", "owner", "app")
    run_ = diwan("migrate", **own)
    assert run_.exit_code == 0, run_.output
    assert not (Path(own["DIWAN_HOME"]) / "servers").exists()
    run_ = diwan("backup", str(archive), **own)
    assert run_.exit_code == 0, run_.output
    assert read_archive(archive).facts["postgresql"] == 16

    newer = make_home()
    run_ = diwan("restore", str(archive), DIWAN_HOME=str(newer))
    assert run_.exit_code == 0, run_.output
    with Servers(newer).running() as endpoints:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'core'"
        admin = own["DATABASE_ADMIN_URL"].replace("/postgres?", "/business?")
        assert ask(endpoints.owner_url, tables) == ask(admin, tables) > 5

    # And the other way round: a backup of 18 does not go into 16.
    of18 = tmp_path / "of18.tar"
    assert diwan("backup", str(of18), DIWAN_HOME=str(newer)).exit_code == 0
    run_ = diwan("restore", "--force", str(of18), **own)
    assert run_.exit_code == 1
    assert "Use a newer server" in run_.output
