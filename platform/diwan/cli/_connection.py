"""Which servers a command works with: the operator's, named in the environment, or the embedded ones of the home.

Must not keep state; what it finds out, it puts into the environment, which is where `Config` and child processes look.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from diwan.config import ConfigError
from diwan.db.engine import libpq_url
from diwan.embedded import Home, Servers, default_home
from diwan.embedded.endpoints import DATABASE

PAIR = ("DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Connection:
    """The servers in use."""

    home: Home
    servers: Servers | None  # None: they are the operator's own
    app_url: str
    owner_url: str
    admin_url: str
    redis_url: str

    @property
    def embedded(self) -> bool:
        return self.servers is not None

    @property
    def database(self) -> str:
        from sqlalchemy.engine import make_url

        return make_url(self.app_url).database or DATABASE


def uses_embedded(env: Mapping[str, str] | None = None) -> bool:
    """Whether the embedded servers are meant; raises when only half of the operator's own are named."""
    env = os.environ if env is None else env
    named = [name for name in PAIR if env.get(name)]
    if len(named) == 1:
        missing = PAIR[1 - PAIR.index(named[0])]
        raise ConfigError(f"{named[0]} is set and {missing} is not: set both to use your own servers, or neither.")
    return not named


@contextmanager
def connected(*, prepare: bool = True) -> Iterator[Connection]:
    """Start or join the servers for the length of a `with` block, and set the environment for `Config` and children.

    With `prepare`, roles and database are made where they are missing, which takes the superuser.
    """
    home = default_home()
    if uses_embedded():
        servers = Servers(home)
        with servers.running() as endpoints:
            os.environ.update(endpoints.environment())
            if prepare:
                _bootstrap(endpoints.admin_url, endpoints.database, endpoints.owner_url, endpoints.app_url)
            yield _connection(home, servers)
        return
    home.create()
    os.environ["DIWAN_HOME"] = str(home.path)
    os.environ.setdefault("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
    os.environ.setdefault("DIWAN_SECRET_KEY", home.secrets().secret_key)
    connection = _connection(home, None)
    if prepare and connection.admin_url:
        _bootstrap(connection.admin_url, connection.database, connection.owner_url, connection.app_url)
    server_major(connection.app_url)
    yield connection


def server_major(url: str) -> int:
    """The server's major version. Raises ConfigError when it does not answer, or is none that Diwan is tested with."""
    import psycopg

    from diwan.db.bootstrap import UnsupportedServer, check_version

    try:
        with psycopg.connect(libpq_url(url), connect_timeout=10) as connection:
            check_version(connection)
            return connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise ConfigError(f"PostgreSQL does not answer: {str(error).strip()}") from error
    except UnsupportedServer as error:
        raise ConfigError(str(error)) from error


def _connection(home: Home, servers: Servers | None) -> Connection:
    env = os.environ
    return Connection(
        home,
        servers,
        env["DATABASE_URL"],
        env["DATABASE_OWNER_URL"],
        env.get("DATABASE_ADMIN_URL", ""),
        env["REDIS_URL"],
    )


def _bootstrap(admin_url: str, database: str, owner_url: str, app_url: str) -> None:
    from sqlalchemy.engine import make_url

    from diwan.db.bootstrap import UnsupportedServer, bootstrap

    try:
        bootstrap(admin_url, database, *(str(make_url(url).password or "") for url in (owner_url, app_url)))
    except UnsupportedServer as error:
        raise ConfigError(str(error)) from error
