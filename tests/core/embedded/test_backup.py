"""`diwan backup` and `diwan restore`: everything comes back, and nothing is lost to a bad archive."""

import io
import json
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from diwan.embedded import Home, Servers
from diwan.embedded.archive import DUMP, MANIFEST
from diwan.embedded.dump import find_tool

from .conftest import Run, ask

ROWS = "SELECT array_agg((tenant_id, name) ORDER BY id)::text FROM shop.thing"


@pytest.fixture(scope="module")
def source(base: Path, template: Path) -> Iterator[Home]:
    """A home with a database as Diwan makes them: forced row-level security, an owner, an app role, a lookup role."""
    home = base / "source"
    subprocess.run(["cp", "-a", str(template), str(home)], check=True)
    servers = Servers(home)
    with servers.running() as endpoints:
        from diwan.db.bootstrap import bootstrap

        secrets = servers.home.secrets()
        bootstrap(endpoints.admin_url, "diwan", secrets.owner, secrets.app)
        with psycopg.connect(endpoints.owner_url, autocommit=True) as connection:
            for statement in SCHEMA.split(";;"):
                connection.execute(statement)
        (servers.home.files / "a/b").mkdir(parents=True)
        (servers.home.files / "a/b/رسالة with space.txt").write_text("مرحبا")
        (servers.home.files / "empty").write_bytes(b"")
        (servers.home.files / "large").write_bytes(b"0123456789" * 300_000)
        yield servers.home
    servers.erase()


SCHEMA = """
CREATE SCHEMA shop;;
CREATE TABLE shop.thing (tenant_id bigint NOT NULL, id int NOT NULL, name text, PRIMARY KEY (tenant_id, id));;
INSERT INTO shop.thing SELECT 1 + i % 2, i, 'اسم ' || i FROM generate_series(1, 500) i;;
ALTER TABLE shop.thing ENABLE ROW LEVEL SECURITY;;
ALTER TABLE shop.thing FORCE ROW LEVEL SECURITY;;
CREATE POLICY tenant ON shop.thing USING (tenant_id = current_setting('app.tenant_id')::bigint);;
GRANT USAGE ON SCHEMA shop TO diwan_app;;
GRANT SELECT, INSERT ON shop.thing TO diwan_app;;
GRANT CREATE, USAGE ON SCHEMA shop TO diwan_lookup;;
CREATE FUNCTION shop.how_many() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS 'SELECT count(*) FROM shop.thing';;
ALTER FUNCTION shop.how_many() OWNER TO diwan_lookup
"""


@pytest.fixture(scope="module")
def archive(source: Home, run_diwan: Callable[..., Run]) -> Path:
    file = source.path.parent / "backup.tar"
    run = run_diwan("backup", str(file), DIWAN_HOME=str(source.path))
    assert run.exit_code == 0, run.output
    return file


def test_everything_comes_back_in_another_home(
    source: Home, archive: Path, home: Path, diwan: Callable[..., Run]
) -> None:
    run = diwan("restore", str(archive), DIWAN_HOME=str(home))
    assert run.exit_code == 0, run.output
    assert "3 files" in run.output
    old = Servers(source).endpoints()
    with Servers(home).running() as new:
        assert ask(_database(new.admin_url), ROWS) == ask(_database(old.admin_url), ROWS) != None  # noqa: E711
        assert _schema(new.admin_url) == _schema(old.admin_url)
        with psycopg.connect(new.app_url) as connection:  # the new home's own password, the old one's rules
            connection.execute("SET LOCAL app.tenant_id = '1'")
            assert connection.execute("SELECT count(*) FROM shop.thing").fetchone() == (250,)
        with psycopg.connect(new.app_url) as connection, pytest.raises(psycopg.Error):
            connection.execute("SELECT count(*) FROM shop.thing")
        with psycopg.connect(new.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT set_config('app.tenant_id', '1', true)")
    assert _files(Home(home)) == _files(source)
    assert {stat.S_IMODE(path.stat().st_mode) for path in Home(home).files.rglob("*") if path.is_file()} == {0o600}


def test_data_is_replaced_only_by_force_and_then_as_a_whole(
    archive: Path, home: Path, diwan: Callable[..., Run]
) -> None:
    servers = Servers(home)
    with servers.running() as endpoints:
        assert diwan("restore", str(archive), DIWAN_HOME=str(home)).exit_code == 0
        with psycopg.connect(_database(endpoints.admin_url), autocommit=True) as connection:
            connection.execute("DELETE FROM shop.thing")
            connection.execute("CREATE TABLE shop.newer ()")
        (servers.home.files / "newer").write_text("newer")
        run = diwan("restore", str(archive), DIWAN_HOME=str(home))
        assert run.exit_code == 1
        assert "--force" in run.output
        assert (servers.home.files / "newer").exists()
        with psycopg.connect(endpoints.app_url):  # somebody who is connected does not stop it
            run = diwan("restore", "--force", str(archive), DIWAN_HOME=str(home))
        assert run.exit_code == 0, run.output
        assert ask(_database(endpoints.admin_url), "SELECT count(*) FROM shop.thing") == 500
        assert ask(_database(endpoints.admin_url), "SELECT to_regclass('shop.newer')") is None
        assert not (servers.home.files / "newer").exists()
        names = "SELECT array_agg(datname::text ORDER BY datname) FROM pg_database"
        assert ask(endpoints.admin_url, names) == ["diwan", "postgres", "template0", "template1"]
    assert not [path for path in home.iterdir() if path.name.startswith((".files", ".restore"))]


def test_files_alone_are_data_too(archive: Path, home: Path, diwan: Callable[..., Run]) -> None:
    (home / "files/mine").write_text("mine")
    run = diwan("restore", str(archive), DIWAN_HOME=str(home))
    assert (run.exit_code, (home / "files/mine").read_text()) == (1, "mine")


def test_the_archive_is_private_and_is_not_overwritten(source: Home, archive: Path, diwan: Callable[..., Run]) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = archive.read_bytes()
    run = diwan("backup", str(archive), DIWAN_HOME=str(source.path))
    assert run.exit_code == 1
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir() if "diwan-backup" in path.name] == []


def _damage(archive: Path, to: Path, **changes: bytes | None) -> Path:
    """Copy an archive with the content of some members replaced, or left out if it is None."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for entry in old.getmembers():
            content = changes.get(entry.name.replace(".", "_").replace("/", "_"), old.extractfile(entry).read())
            if content is not None:
                entry.size = len(content)
                new.addfile(entry, io.BytesIO(content))
    return to


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"files_large": b"changed"}, "checksum of files/large"),
        ({"database_dump": b"changed"}, "checksum of database.dump"),
        ({"files_large": None}, "does not hold what its manifest says"),
        ({"manifest_json": None}, "has no manifest"),
        ({"manifest_json": b"[1"}, "damaged"),
        ({"manifest_json": b'{"format": 99, "members": {}}'}, "format"),
    ],
)
def test_a_damaged_archive_changes_nothing(
    archive: Path, base: Path, tmp_path: Path, diwan: Callable[..., Run], change: dict[str, bytes | None], says: str
) -> None:
    damaged = _damage(archive, tmp_path / "damaged.tar", **change)
    run = diwan("restore", "--force", str(damaged), DIWAN_HOME=str(base / "untouched"))
    assert run.exit_code == 1
    assert says in run.output
    assert not (base / "untouched").exists()


def test_a_cut_archive_is_refused(archive: Path, base: Path, tmp_path: Path, diwan: Callable[..., Run]) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    run = diwan("restore", "--force", str(cut), DIWAN_HOME=str(base / "untouched"))
    assert run.exit_code == 1
    assert "damaged" in run.output or "no manifest" in run.output


@pytest.mark.parametrize("name", ["files/../../evil", "/files/evil", "evil"])
def test_a_member_outside_the_files_is_refused(
    archive: Path, base: Path, tmp_path: Path, diwan: Callable[..., Run], name: str
) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(archive) as old:
        manifest = json.load(old.extractfile(MANIFEST))
        content = old.extractfile(DUMP).read()
    manifest["members"] = {DUMP: manifest["members"][DUMP], name: manifest["members"]["files/empty"]}
    with tarfile.open(evil, "w") as new:
        for member, data in ((DUMP, content), (name, b""), (MANIFEST, json.dumps(manifest).encode())):
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
    run = diwan("restore", "--force", str(evil), DIWAN_HOME=str(base / "untouched"))
    assert run.exit_code == 1
    assert "no backup has" in run.output


@pytest.mark.parametrize(("fact", "value"), [("diwan", "99.0"), ("postgresql", 19)])
def test_a_backup_from_the_future_is_refused(
    archive: Path, home: Path, tmp_path: Path, diwan: Callable[..., Run], fact: str, value: object
) -> None:
    with tarfile.open(archive) as old:
        manifest = {**json.load(old.extractfile(MANIFEST)), fact: value}
    newer = _damage(archive, tmp_path / "newer.tar", manifest_json=json.dumps(manifest).encode())
    run = diwan("restore", str(newer), DIWAN_HOME=str(home))
    assert run.exit_code == 1
    assert str(value) in run.output


def test_a_restore_that_fails_half_way_leaves_the_present_data(
    archive: Path, home: Path, tmp_path: Path, diwan: Callable[..., Run]
) -> None:
    import hashlib

    servers = Servers(home)
    with servers.running() as endpoints:
        assert diwan("restore", str(archive), DIWAN_HOME=str(home)).exit_code == 0
        with tarfile.open(archive) as old:
            manifest = json.load(old.extractfile(MANIFEST))
            dump = old.extractfile(DUMP).read()[:-2000]  # what a disk that is full leaves
        manifest["members"][DUMP] = hashlib.sha256(dump).hexdigest()
        bad = _damage(archive, tmp_path / "bad.tar", database_dump=dump, manifest_json=json.dumps(manifest).encode())
        run = diwan("restore", "--force", str(bad), DIWAN_HOME=str(home))
        assert run.exit_code == 1
        assert "pg_restore failed" in run.output
        assert ask(_database(endpoints.admin_url), "SELECT count(*) FROM shop.thing") == 500
        assert ask(endpoints.admin_url, "SELECT count(*) FROM pg_database") == 4
    assert (servers.home.files / "large").stat().st_size == 3_000_000


def _database(admin_url: str) -> str:
    return admin_url.replace("/postgres?", "/diwan?")


def _schema(admin_url: str) -> str:
    """All definitions, owners, grants and policies, as pg_dump writes them."""
    command = [find_tool("pg_dump", 18, embedded=True), "--schema-only", "--restrict-key=x", _database(admin_url)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _files(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.files)): path.read_bytes() for path in home.files.rglob("*") if path.is_file()}
