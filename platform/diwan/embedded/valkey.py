"""Valkey: its settings and when it is ready. Must not know what is kept in it."""

import os
import signal
import socket
from pathlib import Path

from diwan.embedded.binaries import Binaries
from diwan.embedded.place import Place
from diwan.embedded.server import Server


class Valkey(Server):
    """One Valkey with an append-only file, reached through a socket in the run folder, with a password."""

    name = "valkey"
    program = "valkey-server"
    death_signal = signal.SIGTERM
    stop_steps = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    def __init__(self, place: Place, binaries: Binaries, password: str, *, durable: bool = True) -> None:
        super().__init__(place, place.valkey)
        self.binaries = binaries
        self.password = password
        self.durable = durable

    @property
    def socket(self) -> Path:
        return self.place.run / "valkey.sock"

    def prepare(self) -> None:
        self.place.private_folder(self.data)

    def command(self) -> tuple[list[str], bytes]:
        """The settings go through standard input: a command line, with the password, can be read by every user."""
        settings = {
            "port": "0",
            "unixsocket": _quoted(self.socket),
            "unixsocketperm": "700",
            "requirepass": _quoted(self.password),
            "dir": _quoted(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": '""',  # the append-only file holds everything; snapshots would only cost memory
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
            "enable-debug-command": "no",
        }
        return [str(self.binaries.valkey), "-"], "".join(
            f"{name} {value}\n" for name, value in settings.items()
        ).encode()

    def accepts(self) -> bool:
        """Whether PING is answered: not so while the append-only file is being read."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(os.fspath(self.socket))
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = connection.recv(256)
                    if not part:
                        return False
                    answer += part
                return answer.endswith(b"+PONG\r\n")
        except OSError:
            return False

    def clean(self) -> None:
        self.socket.unlink(missing_ok=True)


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
