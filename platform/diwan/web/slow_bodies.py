"""Bodies that come slowly never hold the last thread of a process: pages are answered all the same.

It must not give up a read that waits: the server below ends it with its connection, and stops when it is left alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from diwan.config import Config
from diwan.errors import Unavailable
from diwan.kit.i18n import _

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE: Final = 0.1
"""Seconds that a body waits for another one to be read."""


class _Body:
    """The input of one request. All but one of the threads may wait for bytes at once."""

    def __init__(self, source: Any, seats: threading.Semaphore) -> None:
        self._source, self._seats = source, seats

    def read(self, size: int = -1) -> bytes:
        return self._seated(self._source.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._seated(self._source.readline, size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def _seated(self, read: Callable[[int], bytes], size: int) -> bytes:
        if not self._seats.acquire(timeout=PATIENCE):
            raise Unavailable(_("Too many slow requests are on their way. Try again in a moment."))
        try:
            return read(size)
        finally:
            self._seats.release()


def register(app: Flask) -> None:
    """Put the guard before the application."""
    config: Config = app.config["DIWAN"]
    inner: WSGIApplication = app.wsgi_app
    seats = threading.Semaphore(max(1, config.web_threads - 1))

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = _Body(environ["wsgi.input"], seats)
        return inner(environ, start_response)

    app.wsgi_app = guarded  # type: ignore[method-assign]
