"""The command `diwan`: one click group that finds its commands in the modules beside it.

It must not hold commands itself, nor import Flask or the database: each command loads what it needs when it runs.
"""

import importlib
import os
import pkgutil
import sys
from typing import Any

import click

from diwan import __version__
from diwan.config import ConfigError
from diwan.errors import DiwanError


class CommandModules(click.Group):
    """Each module `diwan/cli/<name>.py` with `register(group)` adds its commands here; there is no list to keep."""

    _found = False

    def _find(self) -> None:
        if self._found:
            return
        self._found = True
        for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
            if info.name.startswith("_"):
                continue
            register = getattr(importlib.import_module(f"{__name__}.{info.name}"), "register", None)
            if register is not None:
                register(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._find()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._find()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """An operator reads one sentence, not a traceback; DIWAN_DEBUG=1 shows where it came from."""
        try:
            return super().invoke(ctx)
        except (ConfigError, DiwanError) as error:
            if os.environ.get("DIWAN_DEBUG"):
                raise
            raise click.ClickException(str(error)) from error


@click.group(cls=CommandModules, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diwan")
def main() -> None:
    """Diwan: one platform for a whole business.

    Settings come from the environment: DIWAN_HOME (data folder), DIWAN_PORT, DATABASE_URL, REDIS_URL, DIWAN_MAIL_URL.
    """


if __name__ == "__main__":
    sys.exit(main())
