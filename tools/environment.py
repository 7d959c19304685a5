"""Makes and refreshes `.venv` for the Makefile: hash-locked packages, then our own distributions as editable ones.

It must run on a bare Python (standard library only), change only `.venv`, and leave nothing half-made behind.

    python3 tools/environment.py run     what `make run` needs
    python3 tools/environment.py dev     the same with tests and linters
    python3 tools/environment.py lock    write requirements*.lock again
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {
    "run": ["requirements.lock", "requirements-build.lock"],
    "dev": ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"],
}
# What the platform's build makes files from; a change here means that it must be built again.
BUILD_INPUTS = [
    "platform/hatch_build.py",
    "platform/frontend/*",
    "platform/frontend/src/**/*",
    "platform/diwan/**/*.po",
]
BUILD_OUTPUT = ROOT / "platform" / "diwan" / "web" / "static" / "dist" / "manifest.json"


def main() -> None:
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what not in {*LOCKS, "lock"}:
        sys.exit(__doc__)
    newest_python()
    os.chdir(ROOT)
    with alone():
        if what == "lock":
            prepare("dev")
            lock()
        prepare("dev" if what == "lock" else what)


def prepare(what: str) -> None:
    """Bring the environment to the state that the locks and the sources ask for; a no-op when it is there."""
    packages, builds = fingerprint(locked_files(what)), fingerprint(build_files())
    if not usable() or stamp("venv") != fingerprint([]) or stamp("installing"):
        create()
    if stamp(what) != packages:
        say(f"installing packages ({', '.join(LOCKS[what])}); the first time takes a minute or two")
        forget("run", "dev", "build")
        with half_made():
            install("--require-hashes", *[part for name in LOCKS[what] for part in ("-r", name)])
        remember("run", fingerprint(locked_files("run")))  # `dev` holds all of `run`
        remember(what, packages)
    if stamp("build") != builds or not BUILD_OUTPUT.exists():
        say("installing Diwan and its plugins (editable), building their assets")
        forget("build")
        folders = [part for folder in distributions() for part in ("-e", str(folder))]
        install("--no-deps", "--no-build-isolation", *folders)
        remember("build", builds)


# The environment itself


def usable() -> bool:
    """Whether `.venv` holds a Python that starts: not so after an upgrade of Python or a creation cut short."""
    if not PYTHON.exists():
        return False
    done = subprocess.run([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], capture_output=True)
    return done.returncode == 0


def newest_python() -> None:
    """Go on with another Python when the one that make found is too old, as macOS's own is."""
    if sys.version_info >= (3, 11):
        return
    for minor in range(20, 10, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])  # noqa: S606 - no shell is meant
    sys.exit(
        f"Diwan needs Python 3.11 or newer, on the PATH is only {sys.version.split()[0]} ({sys.executable}).\n"
        "Install one, or name it: make PYTHON=/path/to/python3 run"
    )


def create() -> None:
    say(f"making .venv with Python {sys.version.split()[0]}")
    if VENV.is_dir():
        shutil.rmtree(VENV)
    # uv brings its own installer; without it the environment needs pip, which Debian keeps in a package of its own.
    bare = ["--without-pip"] if uv() else []
    done = subprocess.run([sys.executable, "-m", "venv", *bare, VENV], capture_output=True, text=True)
    if done.returncode != 0:
        if VENV.is_dir():
            shutil.rmtree(VENV)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"{done.stdout}{done.stderr}\nPython's venv module does not work here. On Debian and Ubuntu: "
            f"apt-get install python{version}-venv (or python3-venv), then run make again."
        )
    remember("venv", fingerprint([]))


def install(*arguments: str) -> None:
    """Install with uv where there is one; else, or when uv fails (say behind a mirror only pip knows), with pip."""
    fast = uv()
    if fast:
        done = subprocess.run([fast, "pip", "install", "--quiet", "--python", PYTHON, *arguments])
        if done.returncode == 0:
            return
        say("uv could not; trying pip")
    if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        run(PYTHON, "-m", "ensurepip", "--default-pip")
    quiet = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    run(PYTHON, "-m", "pip", "install", "--quiet", *arguments, env=os.environ | quiet)


@contextlib.contextmanager
def half_made() -> Iterator[None]:
    """Marks what pip may leave behind when it is killed: files without their package. The next make starts afresh.

    An orderly failure (no network, a hash that differs) comes before pip changes anything, so it is no reason to.
    """
    remember("installing", "yes")
    try:
        yield
    except SystemExit:
        forget("installing")
        raise
    forget("installing")


def uv() -> str | None:
    return shutil.which("uv")


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=env)
    if done.returncode != 0:
        sys.exit(f"diwan: failed: {' '.join(map(str, command))}")


# What is installed already


def fingerprint(files: list[Path]) -> str:
    """Changes with the files' content, the place of the clone and the Python that made the environment."""
    digest = hashlib.sha256(f"{ROOT}\n{sys.version_info[:2]}\n".encode())
    for path in files:
        digest.update(f"{path}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def locked_files(what: str) -> list[Path]:
    return [Path(name) for name in LOCKS[what]]


def build_files() -> list[Path]:
    sources = [path for pattern in BUILD_INPUTS for path in Path().glob(pattern) if path.is_file()]
    return sorted({*sources, *(folder / "pyproject.toml" for folder in distributions())})


def distributions() -> list[Path]:
    return [
        Path("platform"),
        *(found.parent for place in ("plugins", "examples") for found in sorted(Path(place).glob("*/pyproject.toml"))),
    ]


def stamp(name: str) -> str:
    path = VENV / f".stamp-{name}"
    return path.read_text() if path.exists() else ""


def remember(name: str, value: str) -> None:
    (VENV / f".stamp-{name}").write_text(value)


def forget(*names: str) -> None:
    for name in names:
        (VENV / f".stamp-{name}").unlink(missing_ok=True)


# Locks


def lock() -> None:
    """Resolve for every platform and Python at once; names, versions and hashes only, so that any mirror will do."""
    compile_: list[str | Path] = [
        PYTHON.parent / "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-emit-index-url",
    ]
    compile_ += ["--python-version", "3.11", "--no-header", "--no-annotate", *upgrades()]
    platform = "platform/pyproject.toml"
    run(*compile_, platform, "--extra", "s3", "-o", "requirements.lock")
    run(*compile_, "--group", "pyproject.toml:build", "-c", "requirements.lock", "-o", "requirements-build.lock")
    both = ["-c", "requirements.lock", "-c", "requirements-build.lock"]
    run(
        *compile_, platform, "--extra", "testing", "--extra", "s3", "--group", "pyproject.toml:dev", *both,
        "-o", "requirements-dev.lock",
    )  # fmt: skip


def upgrades() -> Iterator[str]:
    """`make lock` keeps versions that still fit; UPGRADE=1 takes the newest of all, UPGRADE=name of one package."""
    wanted = os.environ.get("UPGRADE", "")
    if wanted == "1":
        yield "--upgrade"
    elif wanted:
        yield from ("--upgrade-package", wanted)


# Talking, and one make at a time


def say(text: str) -> None:
    print(f"diwan: {text}", flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two makes in one clone wait for each other. The folder is the lock: no file that root could leave."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another make is at work on the environment; waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\ndiwan: interrupted; run the same command again to go on")
