"""What we build carries all that it needs: a wheel without its templates or revisions fails at the customer's."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PLACES = [
    "platform",
    *(
        f"{path.parent.name}/{path.name}"
        for place in ("plugins", "examples")
        for path in sorted((Path(__file__).parents[2] / place).glob("*"))
        if (path / "pyproject.toml").exists()
    ),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_wheel_holds_every_file_of_its_package(
    root: Path, repository_files: list[Path], tmp_path: Path, place: str
) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=root / place, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())

    package = "diwan" if place == "platform" else f"diwan_{Path(place).name}"
    inside = Path(place) / package
    expected = {path.relative_to(place).as_posix() for path in repository_files if path.is_relative_to(inside)}
    if place == "platform":
        expected |= {f"diwan/{path.as_posix()}" for path in repository_files if path.parts[0] == "migrations"}
        expected |= {"diwan/web/static/dist/manifest.json"}
    assert len(expected) > 1
    assert expected <= packed
    assert any(name.endswith("licenses/LICENSE") for name in packed)
    strays = {name for name in packed if not name.startswith((f"{package}/", f"{package}-"))}
    assert not strays, "only the package itself goes into a wheel"
