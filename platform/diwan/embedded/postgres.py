"""PostgreSQL: its data folder, its settings, when it is ready.

Must not know roles other than the superuser, nor any table.
"""

import os
import shutil
import signal
import socket
import struct
import tempfile
from pathlib import Path

from diwan.embedded.binaries import POSTGRES_MAJOR, Binaries
from diwan.embedded.errors import EmbeddedError
from diwan.embedded.place import Place
from diwan.embedded.process import find_running, run
from diwan.embedded.server import Server, tail

SUPERUSER = "postgres"
MIB = 1024 * 1024


class Postgres(Server):
    """One cluster, reached by a socket in the run folder (at 127.0.0.1 too if a port is asked for) and a password."""

    name = "postgres"
    program = "postgres"
    death_signal = signal.SIGINT
    # Fast shutdown writes a checkpoint; immediate shutdown does not, and costs a recovery at the next start.
    stop_steps = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    def __init__(
        self, place: Place, binaries: Binaries, password: str, *, durable: bool = True, tcp_port: int | None = None
    ) -> None:
        super().__init__(place, place.postgres)
        self.binaries = binaries
        self.password = password
        self.durable = durable
        self.tcp_port = tcp_port

    @property
    def port(self) -> int:
        """Without TCP only a part of the socket's file name."""
        return self.tcp_port or 5432

    @property
    def socket(self) -> Path:
        return self.place.run / f".s.PGSQL.{self.port}"

    def prepare(self) -> None:
        version = self.data / "PG_VERSION"
        if not self.data.exists():
            self._initialise()
        try:
            major = version.read_text(encoding="ascii").strip()
        except OSError as error:
            raise EmbeddedError(f"{self.data} is not a PostgreSQL data folder: {error.strerror}.") from error
        if major != str(POSTGRES_MAJOR):
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {major}, and this is {POSTGRES_MAJOR}. "
                f"Make a backup with the old version, move {self.data} away, then restore the backup."
            )

    def command(self) -> tuple[list[str], bytes]:
        config = self.place.path / "postgres.conf"
        config.write_text(self._settings(), encoding="utf-8")
        config.chmod(0o644)
        return [str(self.binaries.program("postgres")), "-D", str(self.data), "-c", f"config_file={config}"], b""

    def accepts(self) -> bool:
        """Whether a start-up message is answered by a request for the password: not so while it recovers or stops."""
        body = struct.pack("!i", 196608) + f"user\0{SUPERUSER}\0database\0postgres\0\0".encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(os.fspath(self.socket))
                connection.sendall(struct.pack("!i", len(body) + 4) + body)
                return connection.recv(4096)[:1] == b"R"  # all of it: closing on unread data is logged as an error
        except OSError:
            return False

    def clean(self) -> None:
        """A pid file whose number is another process's by now, or a zombie's, would keep PostgreSQL from starting."""
        stale = self.data / "postmaster.pid"
        if stale.exists():
            if find_running(self.program, self.data):
                raise EmbeddedError(f"Somebody else has started PostgreSQL in {self.data}. Stop that one first.")
            stale.unlink()
        for name in self.place.run.glob(".s.PGSQL.*"):
            name.unlink()

    def log_tail(self) -> str:
        logs = sorted(self.place.log.glob("postgres-*.log"), key=lambda path: path.stat().st_mtime)
        return "\n".join(filter(None, (tail(self.output), tail(logs[-1]) if logs else "")))

    def _initialise(self) -> None:
        """initdb into a folder aside, renamed when complete: an interrupted one is never taken for a cluster."""
        aside = self.data.with_name("postgres.new")
        shutil.rmtree(aside, ignore_errors=True)
        self.place.private_folder(aside)
        handle, password_file = tempfile.mkstemp(prefix=".password.", dir=self.place.path)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(self.password)
            self.place.give(Path(password_file))
            command = [str(self.binaries.program("initdb")), "-D", str(aside), "-U", SUPERUSER, "-E", "UTF8"]
            command += [
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--data-checksums",
                f"--pwfile={password_file}",
            ]
            command += ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--no-instructions"]
            if not self.durable:
                command.append("--no-sync")
            run(command, account=self.place.account, cwd=aside, output=self.output)
        finally:
            Path(password_file).unlink()
        aside.rename(self.data)

    def _settings(self) -> str:
        """Ours over initdb's, and an operator's `local.conf` in the data folder over ours."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        buffers = max(128, min(memory // 8 // MIB, 1024)) if self.durable else 128
        settings = {
            "data_directory": self.data,
            "listen_addresses": "127.0.0.1" if self.tcp_port else "",
            "port": self.port,
            # A list: each entry in double quotes, so that commas and spaces are part of it.
            "unix_socket_directories": '"{}"'.format(str(self.place.run).replace('"', '""')),
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            "shared_buffers": f"{buffers}MB",
            "effective_cache_size": f"{max(512, memory // 2 // MIB)}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
            "wal_compression": "on",
            "random_page_cost": "1.1",
            "jit": "off",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            "synchronous_commit": "on",  # without fsync it costs nothing, and a killed postmaster loses nothing
            "io_method": "worker" if self.durable else "sync",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "default_text_search_config": "pg_catalog.simple",
            "logging_collector": "on",
            "log_directory": self.place.log,
            "log_filename": "postgres-%a.log",  # seven files, each overwritten after a week
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
            "log_rotation_size": 0,
            "log_line_prefix": "%m [%p] %q%u@%d ",
        }
        lines = [f"include {_quoted(self.data / 'postgresql.conf')}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in settings.items()]
        if (self.data / "local.conf").exists():
            lines.append(f"include {_quoted(self.data / 'local.conf')}")
        return (
            "# Written at every start; put your own settings into local.conf in the data folder.\n"
            + "\n".join(lines)
            + "\n"
        )


def _quoted(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
