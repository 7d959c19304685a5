"""The throttle: free tries, growing waits, forgetting; and no gap for parallel tries."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from diwan.db.base import now
from diwan.errors import TooMany
from diwan.users import throttle
from diwan.users.throttle import Limit, network


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock of the throttle."""
    offset = [0.0]
    monkeypatch.setattr(throttle, "now", lambda: now() + timedelta(seconds=offset[0]))

    def move(seconds: float) -> None:
        offset[0] += seconds

    return move


def test_waits_double_and_are_forgotten(app: Flask, later: Callable[[float], None]) -> None:
    limit, who = Limit("test", free=2, wait=10, longest=60, window=600), uuid4().hex
    with app.app_context():
        limit.take(who)
        limit.take(who)
        for wait in (10, 20, 40, 60, 60):
            with pytest.raises(TooMany) as refused:
                limit.take(who)
            assert wait - 2 <= refused.value.retry_after <= wait
            later(wait)
            limit.take(who)
        later(601)
        limit.take(who)
        limit.take(who)


def test_a_refused_try_does_not_count(app: Flask, later: Callable[[float], None]) -> None:
    limit, who = Limit("test", free=1, wait=10, longest=60, window=600), uuid4().hex
    with app.app_context():
        limit.take(who)
        for _ in range(5):
            with pytest.raises(TooMany):
                limit.take(who)
        later(10)
        limit.take(who)


def test_success_forgets(app: Flask) -> None:
    limit, who = Limit("test", free=1, wait=10, longest=60, window=600), uuid4().hex
    with app.app_context():
        limit.take(who)
        limit.forget(who)
        limit.take(who)


def test_parallel_tries_do_not_slip_through(app: Flask) -> None:
    limit, who = Limit("test", free=3, wait=60, longest=60, window=600), uuid4().hex

    def attempt(_number: int) -> bool:
        with app.app_context():
            try:
                limit.take(who)
            except TooMany:
                return False
            return True

    with ThreadPoolExecutor(6) as pool:
        passed = sum(pool.map(attempt, range(12)))
    assert passed == 3


def test_subjects_and_names_are_apart(app: Flask) -> None:
    one, other = uuid4().hex, uuid4().hex
    with app.app_context():
        Limit("a", 1, 60, 60, 600).take(one)
        Limit("a", 1, 60, 60, 600).take(other)
        Limit("b", 1, 60, 60, 600).take(one)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:0db8:0001:0002"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_network(ip: str, expected: str) -> None:
    assert network(ip) == expected


def test_time_is_aware() -> None:
    assert isinstance(now(), datetime)
    assert now().tzinfo is not None
