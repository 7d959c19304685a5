"""For tests of the kernel and of migrations: plugins on a shelf of their own, and a database of their own.

Plugins are written, or taken from a folder, and put on the import path as if they were installed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from diwan.db import Actor, Tenant, context, scope, unit_of_work
from diwan.db import migrate as migrations
from diwan.db.bootstrap import bootstrap
from diwan.db.context import Grants
from diwan.db.engine import driver_url, engine_options, open_with_tenant
from diwan.db.session import guard_sessions
from diwan.kernel import catalogue, guard, loader
from diwan.kernel.catalogue import Plugins
from diwan.kernel.lineup import lineup_for
from diwan.kit.ids import uuid7
from diwan.resources.model import forget_package
from diwan.testing import database

BROKEN = Path(__file__).parents[1] / "plugins_broken"


class Shelf:
    """A place on the import path with plugins that only one test sees."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.packages: list[str] = []
        monkeypatch.syspath_prepend(str(folder))

    def install(self, package: str, name: str, version: str = "1.0", distribution: str = "") -> None:
        """Write what pip writes: the distribution's name, version and entry point."""
        distribution = distribution or package.replace("_", "-")
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{loader.GROUP}]\n{name} = {package}\n")
        self.packages.append(package)
        importlib.invalidate_caches()

    def write(self, name: str, code: str = "", *, toml: str = "", version: str = "1.0", **files: str) -> Path:
        """Write and install a plugin; `files` are further files by name, with __ for a folder and .py added."""
        package = self.folder / f"diwan_{name}"
        package.mkdir()
        head = f'name = "{name}"\nlabel = "{name.capitalize()}"\nsummary = "A sample."\napi = ">=1.0,<2"\n\n'
        (package / "plugin.toml").write_text(head + toml)
        start = "from diwan.plugin import *\nplugin = Plugin(__name__)\n"
        (package / "__init__.py").write_text(start + code)
        for place, source in files.items():
            path = package / f"{place.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)
        self.install(package.name, name, version)
        return package

    def case(self, case: str) -> None:
        """Install the plugins of a folder of tests/plugins_broken."""
        self.monkeypatch.syspath_prepend(str(BROKEN / case))
        for package in sorted((BROKEN / case).glob("diwan_*")):
            self.install(package.name, package.name.removeprefix("diwan_"))

    def load(self, *, strict: bool = False, everything: bool = False) -> Plugins:
        """Load what is on the shelf; with `everything` also what is installed in the environment."""
        points = importlib.metadata.entry_points(group=loader.GROUP)
        mine = [point for point in points if everything or point.module in self.packages]
        return loader.load(strict=strict, entry_points=mine)

    def activate(self) -> Plugins:
        """Load strictly and make these the plugins of the process."""
        return catalogue.activate(self.load(strict=True))

    def clear(self) -> None:
        """Forget all that was imported from here."""
        for package in self.packages:
            forget_package(package)
            for module in [m for m in sys.modules if m == package or m.startswith(package + ".")]:
                del sys.modules[module]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    before = catalogue.installed()
    made = Shelf(tmp_path, monkeypatch)
    yield made
    made.clear()
    catalogue.activate(before)
    guard.reset()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the guard's clock; calling the fixture moves it on by seconds."""
    moment = [1000.0]
    monkeypatch.setattr(guard, "clock", lambda: moment[0])

    def move(seconds: float) -> None:
        moment[0] += seconds

    return move


@dataclass
class Scratch:
    """A database with the roles and nothing else in it, which a test may migrate as it likes."""

    name: str
    admin_url: str
    owner_url: str
    app_url: str

    def as_owner(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the owner; return its rows."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session of the application's role, without a tenant."""
        engine = create_engine(driver_url(self.app_url))
        with Session(engine) as session:
            yield session
        engine.dispose()

    def columns(self, schema: str) -> set[str]:
        """Return `table.column` of a schema."""
        rows = self.as_owner(
            f"SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = '{schema}'"
        )
        return {str(row[0]) for row in rows}


def _make_scratch(template: str = "") -> Scratch:
    servers = database.join_servers()
    endpoints, secrets = servers.start(), servers.home.secrets()
    name = f"scratch_{uuid4().hex[:12]}"
    if template:
        with psycopg.connect(endpoints.admin_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER diwan_owner')  # type: ignore[arg-type]
    bootstrap(endpoints.admin_url, name, secrets.owner, secrets.app)
    mine = endpoints.for_database(name)
    return Scratch(name, endpoints.admin_url, mine.owner_url, mine.app_url)


def _drop(scratch: Scratch) -> None:
    with psycopg.connect(scratch.admin_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{scratch.name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture
def scratch() -> Iterator[Scratch]:
    """An empty database for one test."""
    made = _make_scratch()
    yield made
    _drop(made)


@pytest.fixture(scope="session")
def _core_template() -> Iterator[str]:
    made = _make_scratch()
    migrations.upgrade(made.owner_url, migrations.core())
    yield made.name
    _drop(made)


@pytest.fixture
def core_scratch(_core_template: str) -> Iterator[Scratch]:
    """A database with the core's tables, for one test."""
    made = _make_scratch(_core_template)
    yield made
    _drop(made)


@pytest.fixture(scope="module")
def core_database(_core_template: str) -> Iterator[Scratch]:
    """A database with the core's tables, for the tests of one file."""
    made = _make_scratch(_core_template)
    yield made
    _drop(made)


class Desk:
    """Acts in tenants of `core_database` as the application does, without Flask."""

    def __init__(self, engine: Engine, session: Session) -> None:
        self.engine, self.session = engine, session

    def tenant(self, lineup_key: str = "") -> Tenant:
        """Make a tenant."""
        slug = f"t{uuid4().hex[:10]}"
        statement = text(
            "INSERT INTO core.tenant (slug, name, country, language, timezone, currency, lineup_key, created_at)"
            " VALUES (:slug, 'Test', 'KW', 'en', 'Asia/Kuwait', 'KWD', :key, now()) RETURNING id"
        )
        with scope(), unit_of_work() as session:
            number = session.scalar(statement, {"slug": slug, "key": lineup_key})
        return Tenant(number, slug, "Test", "KW", "en", "Asia/Kuwait", "KWD", lineup_key)

    def now(self, tenant: Tenant) -> Tenant:
        """Return the tenant as the database has it now."""
        with scope(), unit_of_work() as session:
            key = session.scalar(text("SELECT lineup_key FROM core.tenant WHERE id = :id"), {"id": tenant.id})
        return Tenant(tenant.id, tenant.slug, tenant.name, lineup_key=key)

    @contextmanager
    def working(self, tenant: Tenant) -> Iterator[Session]:
        """Open a scope with everything allowed and one transaction in it."""
        user = Actor(uuid7(), "Ada", "ada@example.com", "en", grants=Grants.of(["*"]))
        fresh = self.now(tenant)
        with scope(tenant=fresh, user=user, lineup=lineup_for(fresh.lineup_key)), unit_of_work() as session:
            yield session


@pytest.fixture
def desk(core_database: Scratch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    engine = create_engine(driver_url(core_database.app_url), **engine_options(pool_size=2))
    open_with_tenant(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    guard_sessions(sessions)
    session = sessions()
    monkeypatch.setattr(context, "_sessions", [lambda: session])
    yield Desk(engine, session)
    session.close()
    engine.dispose()
