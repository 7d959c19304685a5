"""The folder that holds an installation's data, and its secrets. Must not start, stop or know any server."""

import fcntl
import json
import os
import pwd
import secrets as random_source
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from diwan.embedded.errors import EmbeddedError

ROOT_HOME = Path("/var/lib/diwan")


@dataclass(frozen=True)
class Secrets:
    """Random passwords made once per home; whoever can read them owns the data."""

    superuser: str
    owner: str
    app: str
    redis: str
    secret_key: str

    @classmethod
    def random(cls) -> "Secrets":
        return cls(*(random_source.token_urlsafe(32) for _ in fields(cls)))


@dataclass(frozen=True)
class Home:
    """The layout of a home folder. Making an object touches nothing; `create` makes the folders."""

    path: Path

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def secrets_file(self) -> Path:
        return self.path / "secrets.json"

    def exists(self) -> bool:
        return self.secrets_file.is_file()

    def create(self) -> "Home":
        """Make what is missing. Never changes the mode of a folder that was there already."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # As root the servers run as another user, who must pass through the home but may not list it.
            _make_folder(self.path, 0o711 if os.geteuid() == 0 else 0o700)
            self._check_owner()
            for folder in (self.files, self.mail):
                _make_folder(folder, 0o700)
        except PermissionError as error:
            raise EmbeddedError(
                f"The data folder {self.path} cannot be used by {user_name(os.geteuid())}: {error.strerror}. "
                "Set DIWAN_HOME to a folder of your own."
            ) from error
        return self

    def secrets(self) -> Secrets:
        """The secrets, made at the first call; processes that call at the same time agree on one set."""
        try:
            with self.locked():
                if not self.secrets_file.exists():
                    write_private(self.secrets_file, json.dumps(asdict(Secrets.random()), indent=2))
            if self.secrets_file.stat().st_mode & 0o077:
                self.secrets_file.chmod(0o600)
            return Secrets(**json.loads(self.secrets_file.read_text(encoding="utf-8")))
        except (TypeError, ValueError) as error:
            raise EmbeddedError(f"{self.secrets_file} is damaged: {error}. Restore it from a backup.") from error
        except PermissionError as error:
            raise EmbeddedError(f"{self.secrets_file} may not be read by {user_name(os.geteuid())}.") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the short lock that serialises first-time creation inside this home."""
        handle = os.open(self.path / "home.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _check_owner(self) -> None:
        owner, me = self.path.stat().st_uid, os.geteuid()
        if me not in (owner, 0):
            raise EmbeddedError(
                f"The data folder {self.path} belongs to {user_name(owner)}, not to {user_name(me)}. "
                "Set DIWAN_HOME to a folder of your own."
            )


def default_home(env: Mapping[str, str] | None = None) -> Home:
    """DIWAN_HOME, or the data folder of the user who runs this."""
    named = (os.environ if env is None else env).get("DIWAN_HOME", "").strip()
    if named:
        return Home(Path(named).expanduser().absolute())
    if os.geteuid() == 0:
        return Home(ROOT_HOME)
    import platformdirs  # here, because processes with DIWAN_HOME set never need it

    return Home(Path(platformdirs.user_data_dir("diwan", appauthor=False)))


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner only; a reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{random_source.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def user_name(uid: int) -> str:
    """A user's name for messages, or its number where the system has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _make_folder(path: Path, mode: int) -> None:
    try:
        path.mkdir(mode=mode)
        path.chmod(mode)  # mkdir's mode is cut by the umask
    except FileExistsError:
        if not path.is_dir():
            raise EmbeddedError(f"{path} is in the way: it is not a folder.") from None
