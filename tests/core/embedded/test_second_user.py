"""A second user of the machine: servers of one's own beside the first user's, and no way into those."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import diwan
from diwan.embedded import Servers

from .conftest import HOLDER, alive, answers

STRANGER = 65534  # nobody
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")


@pytest.fixture
def python() -> list[str]:
    """A Python that the stranger may run, which is not so for one below root's home."""
    for candidate in (sys.executable, "/usr/bin/python3", shutil.which("python3", path="/usr/local/bin") or ""):
        check = "import sys; assert sys.version_info[:2] == tuple(map(int, sys.argv[1:]))"
        version = [str(number) for number in sys.version_info[:2]]
        try:
            if subprocess.run([candidate, "-c", check, *version], user=STRANGER, cwd="/", stderr=-3).returncode == 0:
                return [candidate]
        except OSError:
            continue
    pytest.skip("no Python of this version is open to other users here")


@pytest.fixture
def environment() -> dict[str, str]:
    paths = [str(Path(diwan.__file__).parents[1]), sysconfig.get_path("purelib")]
    if subprocess.run(["test", "-r", paths[1]], user=STRANGER, cwd="/").returncode:
        pytest.skip("the packages are in a folder that other users may not enter")
    return {"PATH": os.defpath, "PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def strangers_home(base: Path) -> Iterator[Path]:
    folder = base / "stranger"
    folder.mkdir()
    os.chown(folder, STRANGER, STRANGER)
    yield folder / "home"
    shutil.rmtree(folder)


def test_each_user_has_servers_of_their_own(
    home: Path, strangers_home: Path, python: list[str], environment: dict[str, str]
) -> None:
    with Servers(home, durable=False).running() as mine:
        process = subprocess.Popen(
            [*python, "-c", HOLDER, str(strangers_home)],
            user=STRANGER,
            group=STRANGER,
            extra_groups=[],
            cwd="/",
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = json.loads(process.stdout.readline())
        try:
            assert answers(mine.admin_url)
            assert answers(told["admin_url"])
            assert Path(f"/proc/{told['postgres']}").stat().st_uid == STRANGER
            assert (strangers_home.stat().st_mode & 0o777, strangers_home.stat().st_uid) == (0o700, STRANGER)
        finally:
            process.communicate()
        assert not alive(told["postgres"])


def test_a_stranger_cannot_reach_the_first_users_sockets(
    make_home: Callable[..., Path], python: list[str], environment: dict[str, str]
) -> None:
    code = """
import socket, sys
for path in sys.argv[1:]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("in")
    except PermissionError:
        print("kept out")
"""
    for home in (make_home(), make_home("a,b")):  # with sockets in the home, and with sockets below /tmp
        with Servers(home, durable=False).running() as endpoints:
            paths = [str(path) for path in endpoints.socket_folder.iterdir() if path.is_socket()]
            assert len(paths) == 2
            command = [*python, "-c", code, *paths]
            result = subprocess.run(
                command, user=STRANGER, group=STRANGER, extra_groups=[], cwd="/", env=environment, capture_output=True
            )
            assert result.stdout.split(b"\n") == [b"kept out", b"kept out", b""]
