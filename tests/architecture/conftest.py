"""What the architecture tests share: the files that belong to the repository."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def repository_files() -> list[Path]:
    """Paths relative to the root of what git tracks or would track: new files count before they are committed."""
    # `safe.directory`: another user's clone is read here, never run by git.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted({Path(name) for name in listed if name and (ROOT / name).is_file()})


@pytest.fixture(scope="session")
def text_files(repository_files: list[Path]) -> dict[Path, str]:
    """The content of every file that is text."""
    found = {}
    for path in repository_files:
        content = (ROOT / path).read_bytes()
        if b"\0" not in content[:8000]:
            found[path] = content.decode("utf-8", errors="replace")
    return found
