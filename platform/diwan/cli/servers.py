"""`diwan run`, `diwan env` and `diwan servers`: the commands that start, show and stop what Diwan consists of.

It must not do what a child process does: web, worker and scheduler are commands of their own.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import click

from diwan.cli._connection import connected, uses_embedded
from diwan.config import Config
from diwan.embedded import Child, EmbeddedError, Servers, Supervisor, default_home

# -P: the folder in which somebody types the command must not offer modules to import.
DIWAN = (sys.executable, "-P", "-m", "diwan")
# What serves people works as diwan_app: whoever breaks into it must not find the way round row-level security.
NOT_FOR_SERVING = ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL")


def register(group: click.Group) -> None:
    """Add `run`, `env` and `servers`."""
    for command in (run, env, servers):
        group.add_command(command)


@click.command()
@click.option("--host", help="Address to listen on. [DIWAN_HOST, else 127.0.0.1: this machine only]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. [DIWAN_PORT, else 8000]")
def run(host: str | None, port: int | None) -> None:
    """Start everything: databases, migrations, web, worker and scheduler. Ctrl-C stops it."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    _set_address(host, port)
    config = Config.from_env()
    _check_port(config)
    with connected():
        migrate_first()
        supervisor = Supervisor(
            [
                Child("web", [*DIWAN, "serve"], stop_seconds=20, without=NOT_FOR_SERVING),
                Child("worker", [*DIWAN, "worker"], stop_seconds=35, without=NOT_FOR_SERVING),  # it may finish its job
                Child("scheduler", [*DIWAN, "scheduler"], without=NOT_FOR_SERVING),
            ]
        )
        threading.Thread(target=_announce, args=(config,), name="announce", daemon=True).start()
        supervisor.run()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def env(as_json: bool) -> None:
    """Print addresses and database URLs, with passwords. Starts nothing."""
    _set_address(None, None)
    facts = _facts(Config.from_env())
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        click.echo(f"{name}={shlex.quote(text)}")


@click.group()
def servers() -> None:
    """The embedded PostgreSQL and Valkey."""


@servers.command()
def start() -> None:
    """Start them in the background; they run until `diwan servers stop`."""
    ours = _embedded()
    if ours.status().running:
        click.echo(f"They run already: {_described(ours)}")
        return
    home = ours.home.create()
    log = home.path / "servers.log"
    with log.open("ab") as output:
        background = subprocess.Popen(
            [sys.executable, "-P", "-m", "diwan.embedded", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    while not ours.status().running:
        if background.poll() is not None:
            raise click.ClickException(f"They did not start. The end of {log}:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    with connected():  # joins them, and makes roles and database
        pass
    click.echo(f"Started: {_described(ours)}")


@servers.command()
def stop() -> None:
    """Stop those that `diwan servers start` started."""
    click.echo("Stopped." if _embedded().stop_service() else "They do not run.")


@servers.command()
def status() -> None:
    """Say whether they run, and where their data is. Exit status 3 when they do not."""
    ours = _embedded()
    if ours.status().running:
        click.echo(f"Running: {_described(ours)}")
        return
    place = ours.status().place
    click.echo(f"Not running. {'Data: ' + str(place) if place else 'There is no data yet.'}")
    sys.exit(3)


def migrate_first() -> None:
    """Migrate in a process of its own, so that the supervisor does not keep the plugins' code in memory."""
    if subprocess.run([*DIWAN, "migrate"], stdin=subprocess.DEVNULL).returncode:
        raise click.ClickException("The migration failed, so nothing was started. The reason is above.")


def _set_address(host: str | None, port: int | None) -> None:
    """Make the environment say what the command line says, for Config and for the children."""
    os.environ["DIWAN_HOME"] = str(default_home().path)
    if host is not None:
        os.environ["DIWAN_HOST"] = host
    if port is not None:
        os.environ["DIWAN_PORT"] = str(port)


def _embedded() -> Servers:
    if not uses_embedded():
        raise EmbeddedError("DATABASE_URL and REDIS_URL are set: Diwan uses your servers and starts none of its own.")
    return Servers(default_home())


def _described(ours: Servers) -> str:
    status = ours.status()
    owner = "diwan servers start" if status.service else "a `diwan run` or a test"
    return (
        f"PostgreSQL (pid {status.postgres}) and Valkey (pid {status.valkey}), "
        f"owned by pid {status.owner} ({owner}); data: {status.place}"
    )


def _facts(config: Config) -> dict[str, str | int | bool | None]:
    """What operators' tools want to know. URLs are null for embedded servers that were never started."""
    urls: dict[str, str | None] = {
        "database_url": config.database_url or None,
        "database_owner_url": config.database_owner_url or None,
        "redis_url": config.redis_url or None,
    }
    embedded, running = uses_embedded(), False
    if embedded:
        ours = Servers(config.home)
        running = ours.status().running
        try:
            found = ours.endpoints()
            urls = {
                "database_url": found.app_url,
                "database_owner_url": found.owner_url,
                "redis_url": found.redis_url,
            }
        except EmbeddedError:
            pass  # never started
    address = _address(config)
    return {
        "home": str(config.home),
        "host": config.host,
        "port": config.port,
        "url": config.base_url,
        "health_url": f"{address}/healthz",
        "ready_url": f"{address}/readyz",
        "embedded": embedded,
        "servers_running": running,
        "web_running": _answers(f"{address}/healthz"),
        **urls,
    }


def _address(config: Config) -> str:
    """Where this machine itself reaches the web server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"


def _answers(url: str, seconds: float = 1) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this machine
    try:
        with opener.open(url, timeout=seconds) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _announce(config: Config) -> None:
    """Say where the pages are as soon as they are, and after two minutes that something is wrong."""
    begin = time.monotonic()
    while not _answers(f"{_address(config)}/readyz", 5):
        if time.monotonic() - begin > 120:
            click.echo("Still not ready after two minutes: see the lines above for the reason.", err=True)
            return
        time.sleep(0.3 if time.monotonic() - begin < 15 else 3)
    click.echo(f"\nDiwan is ready: {config.base_url}\nData: {config.home}\nStop with Ctrl-C.\n")


def _check_port(config: Config) -> None:
    """A taken port is the usual reason why nothing comes up: say so before anything is started."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise click.ClickException(
                f"Port {config.port} of {config.host} cannot be used: {error.strerror}. "
                "Set DIWAN_PORT, or DIWAN_HOST, to another one."
            ) from error
