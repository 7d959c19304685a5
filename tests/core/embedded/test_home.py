"""The home folder: who may use it, what is in it, and that its secrets are made once. Starts no server."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diwan.embedded import EmbeddedError, Home, Servers, default_home

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")
NOBODY = 65534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_in_a_home_is_private(base: Path) -> None:
    previous = os.umask(0)
    try:
        home = Home(base / "private").create()
        home.secrets()
    finally:
        os.umask(previous)
    # As root the servers' user passes through the home without being able to list it.
    assert mode(home.path) == (0o711 if os.geteuid() == 0 else 0o700)
    assert {mode(home.files), mode(home.mail)} == {0o700}
    assert mode(home.secrets_file) == 0o600


def test_creating_again_changes_no_mode(base: Path) -> None:
    folder = base / "mine"
    folder.mkdir(mode=0o750)
    folder.chmod(0o750)
    Home(folder).create()
    assert mode(folder) == 0o750


def test_eight_processes_agree_on_one_set_of_secrets(base: Path) -> None:
    code = "import sys; from diwan.embedded import Servers; print(Servers(sys.argv[1]).home.create().secrets().app)"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(base / "race")], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    found = {process.communicate()[0].strip() for process in started}
    assert len(found) == 1
    assert len(found.pop()) >= 40


def test_secrets_that_others_can_read_are_closed_again(base: Path) -> None:
    home = Home(base / "opened").create()
    first = home.secrets()
    home.secrets_file.chmod(0o644)
    assert home.secrets() == first
    assert mode(home.secrets_file) == 0o600
    assert len(set(json.loads(home.secrets_file.read_text()).values())) == 5


def test_damaged_secrets_are_reported_and_not_replaced(base: Path) -> None:
    home = Home(base / "damaged").create()
    home.secrets_file.write_text("{")
    with pytest.raises(EmbeddedError, match="damaged"):
        home.secrets()
    assert home.secrets_file.read_text() == "{"


def test_diwan_home_names_the_home(base: Path) -> None:
    assert default_home({"DIWAN_HOME": str(base / "x")}).path == base / "x"
    assert default_home({"DIWAN_HOME": "~/x"}).path == Path("~/x").expanduser()
    if os.geteuid() == 0:
        assert default_home({}).path == Path("/var/lib/diwan")


def test_a_file_in_the_place_of_the_home_is_reported(base: Path) -> None:
    (base / "file").write_text("")
    with pytest.raises(EmbeddedError, match="not a folder"):
        Servers(base / "file").start()


@AS_ROOT
@pytest.mark.parametrize("folder_mode", [0o700, 0o777])
def test_another_users_home_is_refused(base: Path, folder_mode: int) -> None:
    folder = base / f"theirs-{folder_mode:o}"
    Home(folder).create().secrets()
    folder.chmod(folder_mode)
    code = "import sys; from diwan.embedded import Servers; Servers(sys.argv[1]).start()"
    result = _as_nobody(code, str(folder))
    assert "EmbeddedError" in result.stderr
    assert "DIWAN_HOME" in result.stderr


def _as_nobody(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as another user, importing this process's modules: its own Python may be below a closed folder."""
    program = (
        "import os, sys, diwan.embedded.servers, psutil, encodings.idna\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n{code}"
    )
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)
