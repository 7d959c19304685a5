"""Decides which user the servers run as and where their data lies.

Must not change the mode of any folder that it did not make. An ordinary user's servers run as that user, below the
home. Root's servers run as an unprivileged account. When that account cannot pass through the folders above the home
(one below /root, say), their data goes to a folder of its own below `SHARED`, and the home only remembers where.
"""

import grp
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from diwan.embedded.errors import EmbeddedError
from diwan.embedded.home import Home, user_name, write_private

SHARED = Path("/var/lib/diwan-servers")
ACCOUNT = "diwan"
LONGEST_SOCKET = 103  # bytes: sun_path holds 104 with its end mark on macOS, 108 on Linux
LONGEST_NAME = ".s.PGSQL.65535"
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Account:
    """The unprivileged user whom root's servers run as."""

    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Whether every folder down to `path` lets this user through, by its mode bits."""
        path = path.resolve()
        return all(self._allows(folder, 0o1) for folder in (*path.parents, path))

    def can_run(self, program: Path) -> bool:
        """Whether this user can reach, read and execute a program."""
        return self.can_reach(program.parent) and self._allows(program, 0o5)

    def _allows(self, path: Path, bits: int) -> bool:
        stat = path.stat()
        shift = 6 if stat.st_uid == self.uid else 3 if stat.st_gid == self.gid else 0
        return (stat.st_mode >> shift) & bits == bits


@dataclass(frozen=True)
class Place:
    """Where the servers' data, sockets and logs of one home are."""

    path: Path
    run: Path
    account: Account | None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def state_file(self) -> Path:
        return self.path / "servers.json"

    def give(self, path: Path) -> None:
        """Hand a folder or file just made to the servers' user."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def private_folder(self, path: Path) -> Path:
        """A folder that only the servers' user can enter; refuses one that somebody else put there."""
        try:
            path.mkdir(mode=0o700)
            self.give(path)
        except FileExistsError:
            stat = path.lstat()
            wanted = self.account.uid if self.account else os.geteuid()
            if path.is_symlink() or not path.is_dir() or stat.st_uid != wanted:
                raise EmbeddedError(f"{path} is in the way: it belongs to {user_name(stat.st_uid)}.") from None
            if stat.st_mode & 0o777 != 0o700:
                path.chmod(0o700)
        return path


def find_or_make_place(home: Home) -> Place:
    """The place of a home's servers, made and remembered at the first call."""
    record = home.path / "place.json"
    if not record.is_file():
        with home.locked():
            if not record.is_file():
                write_private(record, json.dumps(_new_record(home)))
    return _read_place(home, record)


def find_place(home: Home) -> Place | None:
    """The place of a home's servers, or None if it never had any. Makes nothing."""
    record = home.path / "place.json"
    return _read_place(home, record) if record.is_file() else None


def _read_place(home: Home, record: Path) -> Place:
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        identity, path = str(known["id"]), (home.path / known["path"])
    except (KeyError, TypeError, ValueError) as error:
        raise EmbeddedError(f"{record} is damaged: {error}") from error
    except PermissionError as error:
        raise EmbeddedError(f"{record} may not be read by {user_name(os.geteuid())}.") from error
    if path.parent == SHARED:
        _check_back_reference(home, path)
    account = _account_of(path)
    if account and not account.can_reach(path):
        raise EmbeddedError(
            f"{user_name(account.uid)}, whom the servers run as, cannot enter {path}: "
            "a folder above it has been closed. Let others pass through it (chmod o+x) or move the data folder."
        )
    return Place(path, _run_folder(path, identity), account)


def shared_folder() -> Path:
    """Root's folder that every user may pass through and nobody may list."""
    SHARED.mkdir(parents=True, exist_ok=True)
    if SHARED.stat().st_mode & 0o777 != 0o711:
        SHARED.chmod(0o711)
    return SHARED


def renew_run_folder(home: Home) -> None:
    """Take another name for the socket folder in /tmp, because a stranger has taken the present one."""
    record = home.path / "place.json"
    with home.locked():
        known = json.loads(record.read_text(encoding="utf-8"))
        write_private(record, json.dumps({**known, "id": secrets.token_hex(6)}))


def _run_folder(path: Path, identity: str) -> Path:
    """Below the place if a socket can be named there, else a private folder in /tmp, the same for every session."""
    run = path / "run"
    # Programs disagree on spaces (`+`?), commas (another host?) and the rest in a connection string.
    if len(os.fsencode(run / LONGEST_NAME)) <= LONGEST_SOCKET and PLAIN.fullmatch(str(run)):
        return run
    return Path("/tmp") / f"diwan-{identity}"  # noqa: S108  random name, mode 0700, owner checked


def _new_record(home: Home) -> dict[str, str]:
    identity = secrets.token_hex(6)
    path = home.path / "servers"
    mode = 0o700
    if os.geteuid() == 0:
        mode = 0o711
        if not _choose_account().can_reach(home.path):
            shared_folder()
            path = SHARED / identity
    path.mkdir(mode=mode, exist_ok=True)
    path.chmod(mode)
    if path.parent == SHARED:
        write_private(path / "home.json", json.dumps({"home": str(home.path.resolve())}))
    return {"id": identity, "path": str(path if path.parent == SHARED else "servers")}


def _check_back_reference(home: Home, path: Path) -> None:
    """A copied home names the same place as its original: two owners of one database is a mistake to stop early."""
    here = home.path.resolve()
    try:
        other = Path(json.loads((path / "home.json").read_text(encoding="utf-8"))["home"])
    except OSError as error:
        raise EmbeddedError(f"The servers' data of {here} should be in {path}: {error.strerror}.") from error
    if other == here:
        return
    if other.exists():
        raise EmbeddedError(
            f"{here} is a copy of {other}: both point to {path}. Use `diwan backup` and `diwan restore`."
        )
    write_private(path / "home.json", json.dumps({"home": str(here)}))  # moved


def _account_of(path: Path) -> Account | None:
    """The user who owns the data already, else a chosen one; None when this process is not root."""
    if os.geteuid() != 0:
        return None
    try:
        stat = (path / "postgres").stat()
    except FileNotFoundError:
        return _choose_account()
    if stat.st_uid == 0:
        raise EmbeddedError(f"{path / 'postgres'} belongs to root, and PostgreSQL never runs as root. chown it.")
    return Account(stat.st_uid, stat.st_gid)


def _choose_account() -> Account:
    """The system user `diwan`, made if it can be; else `nobody`, which is poorer: other services may use it too."""
    for attempt in (1, 2):
        try:
            entry = pwd.getpwnam(ACCOUNT)
        except KeyError:
            if attempt == 1:
                _make_account()
        else:
            if entry.pw_uid != 0:
                return Account(entry.pw_uid, entry.pw_gid)
    try:
        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_uid, nobody.pw_gid)
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL must not run as root, and there is no user `diwan` nor `nobody`. Create a system user `diwan`."
        ) from None


def _make_account() -> None:
    tool = shutil.which("useradd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if tool is None:
        return
    group = ["--user-group"]
    try:
        grp.getgrnam(ACCOUNT)
        group = ["--gid", ACCOUNT]
    except KeyError:
        pass
    subprocess.run(
        [
            tool,
            "--system",
            *group,
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            ACCOUNT,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,  # another starter may have been quicker; the caller looks again
    )
