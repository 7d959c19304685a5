"""A wish to stop that a signal handler may express while the same thread waits for it.

`threading.Event` must not be used for that: its set() takes a lock that the interrupted wait() may hold, for ever.
"""

from __future__ import annotations

import time

STEP = 0.1


class Stop:
    """Set once, from any thread or signal handler; waited for in steps of a tenth of a second."""

    def __init__(self) -> None:
        self._wished = False

    def set(self, *_: object) -> None:
        """Wish to stop; takes what a signal handler gets."""
        self._wished = True

    def is_set(self) -> bool:
        """Return whether somebody wished to stop."""
        return self._wished

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until the wish, at most `seconds`; return whether it was expressed."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self._wished:
            left = STEP if end is None else min(STEP, end - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
        return self._wished
