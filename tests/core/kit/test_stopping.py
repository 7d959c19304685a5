"""A process that waits must always hear its signal, at whatever moment it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

WAITER = """
import signal, sys
from diwan.kit.stopping import Stop
stop = Stop()
signal.signal(signal.SIGTERM, stop.set)
print("waiting", flush=True)
while not stop.is_set():
    stop.wait(0.001)
"""


def test_the_wish_is_heard_at_any_moment() -> None:
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", WAITER], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_waiting_ends_with_its_time() -> None:
    from diwan.kit.stopping import Stop

    stop = Stop()
    started = time.monotonic()
    assert not stop.wait(0.15)
    assert 0.14 < time.monotonic() - started < 5
    stop.set()
    assert stop.wait()
