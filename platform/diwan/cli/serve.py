"""`diwan serve`: the web server, Granian with workers and threads from the settings.

It must not start databases nor migrate: `diwan run` and the operator's own tools do that before.
"""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from diwan.config import Config

APPLICATION = "diwan.cli.serve:application"
HEADER_SECONDS = 10
"""For the head of a request: who sends it letter by letter is cut off."""
HEADER_BYTES = 64 * 1024
"""The buffer for the head of a request, address and cookies included; one of more than twice that is refused."""


def register(group: click.Group) -> None:
    """Add `serve`."""
    group.add_command(serve)


@click.command()
@click.option("--host", help="Address to listen on. [DIWAN_HOST, else 127.0.0.1: this machine only]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [DIWAN_PORT, else 8000]")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes. [DIWAN_WEB_WORKERS, else 2]")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads of each process. [DIWAN_WEB_THREADS, else 4]")
@click.option("--reload", is_flag=True, help="For development: start again when code changes; one worker.")
def serve(host: str | None, port: int | None, workers: int | None, threads: int | None, reload: bool) -> None:
    """Serve the pages and the REST interface (databases must be up and migrated)."""
    config = _settings(host=host, port=port, web_workers=workers, web_threads=threads)
    server(config, reload=reload).serve()


def _settings(**given: Any) -> Config:
    """The environment's settings, with what the command line says on top."""
    return dataclasses.replace(
        Config.from_env().require_servers(), **{name: value for name, value in given.items() if value is not None}
    )


def server(config: Config, *, reload: bool = False) -> Any:
    """A Granian server for `config`; `.serve()` blocks until SIGTERM or SIGINT."""
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    return Server(
        APPLICATION,
        factory=True,
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # a proxy in front speaks HTTP/2 and TLS to the world
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES),
        workers=1 if reload else config.web_workers,
        blocking_threads=config.web_threads,
        workers_kill_timeout=15,
        respawn_failed_workers=not reload,
        log_level=LogLevels.warning,
        process_name="diwan-web" if _can_name_processes() else None,
        reload=reload,
        reload_paths=[Path(__file__).parents[1]] if reload else None,
        reload_ignore_worker_failure=reload,
    )


def application() -> Callable[..., Any]:
    """The WSGI application of one worker process; a worker never outlives the server process that made it."""
    from diwan.embedded import die_with_parent

    # Until Granian sets its own handlers the worker has its parent's, which would swallow a stop during the start.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent()
    from diwan.app import create_app

    return create_app()


def _can_name_processes() -> bool:
    from importlib.util import find_spec

    return find_spec("setproctitle") is not None
