"""Runs `diwan worker` or `diwan scheduler` as they are, with the jobs of samples.py, forked from a warm process.

Starting Python and importing everything for each of a dozen processes would take most of the tests' time.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

HERE = str(Path(__file__).parent)


def start(arguments: tuple[str, ...], env: dict[str, str], log: Path, path: str) -> multiprocessing.Process:
    """Start a command; `path` is put before the import path, and `log` gets what it says."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["diwan.app", "diwan.cli.jobs", "diwan.jobs.worker", "diwan.jobs.scheduler"])
    made = context.Process(target=_run, args=(arguments, env, str(log), path))
    made.start()
    return made


def _run(arguments: tuple[str, ...], env: dict[str, str], log: str, path: str) -> None:
    from diwan.embedded import die_with_parent

    die_with_parent()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.update(env, PYTHONPATH=path)
    if path:
        sys.path.insert(0, path)
    sys.path.insert(0, HERE)
    import samples  # noqa: F401

    from diwan.cli import main

    main(list(arguments))
