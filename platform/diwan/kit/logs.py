"""What a line of the log looks like: when (UTC), how grave, from where, for which request, and the text on one line.

It must not hide secrets; `redaction` has done that before.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s [%(where)s] %(message)s"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Lines(logging.Formatter):
    """No text of a stranger begins a line: breaks in messages are written as `\\n`, tracebacks are indented."""

    def __init__(self, where: Callable[[], str]) -> None:
        super().__init__(FORMAT, "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime
        self._where = where

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the first line."""
        record.message = _visible(record.message)
        record.where = self._where() or "-"
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry."""
        return "\n    ".join(_visible(line) for line in super().format(record).split("\n"))


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def to_stderr(where: Callable[[], str], level: int = logging.WARNING) -> None:
    """Write the log of this process to standard error, unless somebody has decided otherwise already."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(where))
    logging.basicConfig(handlers=[handler], level=level)
