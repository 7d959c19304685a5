"""The addresses of a home's servers. Must not start anything."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

DATABASE = "diwan"
OWNER_ROLE = "diwan_owner"
APP_ROLE = "diwan_app"


@dataclass(frozen=True)
class Endpoints:
    """Where the servers answer. URLs hold passwords, so they stay out of the repr."""

    home: Path
    socket_folder: Path
    port: int
    database: str
    admin_url: str = field(repr=False)  # the superuser, in the maintenance database `postgres`
    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)

    def for_database(self, database: str) -> "Endpoints":
        """The same servers, another database: for tests, which make one each."""

        def change(url: str) -> str:
            return url.replace(f"/{quote(self.database, safe='')}?", f"/{quote(database, safe='')}?", 1)

        return replace(self, database=database, owner_url=change(self.owner_url), app_url=change(self.app_url))

    def environment(self) -> dict[str, str]:
        """The variables that Diwan's other processes read."""
        return {
            "DIWAN_HOME": str(self.home),
            "DATABASE_URL": self.app_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "DATABASE_ADMIN_URL": self.admin_url,
            "REDIS_URL": self.redis_url,
            "DIWAN_SECRET_KEY": self.secret_key,
        }


def postgres_url(user: str, password: str, database: str, socket_folder: Path, port: int) -> str:
    """A libpq URL over a socket; the folder may hold spaces."""
    server = f"host={quote(str(socket_folder), safe='/')}&port={port}"
    return f"postgresql://{user}:{quote(password, safe='')}@/{quote(database, safe='')}?{server}"


def redis_url(password: str, socket: Path) -> str:
    return f"unix://:{quote(password, safe='')}@{quote(str(socket), safe='/')}?db=0"
