"""Guessing passwords is slow from anywhere, and nobody can use that to lock somebody else out."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from statistics import median

import pytest
from flask import Flask

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.errors import DiwanError, Refuse, TooMany
from diwan.testing.visitor import Visitor
from diwan.users import service as users
from diwan.users import throttle
from diwan.users.models import User
from diwan.users.throttle import Limit, network

PASSWORD = "seven quiet otters"


@pytest.fixture
def victim(app: Flask) -> Visitor:
    visitor = Visitor(app)
    visitor.sign_up(password=PASSWORD)
    visitor.get("/choose")
    visitor.post("/logout")
    visitor.csrf = ""
    return visitor


def guess(email: str, ip: str, device: str = "") -> str:
    """Try once; return what came of it."""
    try:
        with unit_of_work():
            users.authenticate(email, "wrong password!", ip=ip, device=device)
    except TooMany:
        return "slow"
    except Refuse:
        return "wrong"
    return "in"


def attack(app: Flask, email: str, tries: int = 1000) -> list[str]:
    with app.app_context(), scope():
        return [guess(email, f"198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}") for n in range(tries)]


class Clock:
    """The time of the limits, which passes only when a test says so."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(victim: Visitor, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(throttle, "now", made)
    return made


def use_up(limit: Limit, *subject: str) -> None:
    for _ in range(limit.free):
        limit.take(*subject)


@pytest.mark.usefixtures("clock")
def test_a_thousand_addresses_guess_slowly_and_the_victim_gets_in(app: Flask, victim: Visitor) -> None:
    outcomes = attack(app, victim.email)
    assert outcomes[:50] == ["wrong"] * 50
    assert "in" not in outcomes
    assert outcomes.count("wrong") == 50  # at one moment not one more than the free ones

    # On a device that the account knows: at once, while the attack goes on.
    assert victim.log_in(PASSWORD).status_code == 303
    assert attack(app, victim.email, 3) == ["slow"] * 3

    # On another device: refused with a way out, and the way works.
    away = Visitor(app, email=victim.email)
    answer = away.log_in(PASSWORD)
    assert answer.status_code == 429
    assert "reset your password" in answer.text
    away.get("/forgot")
    away.post("/forgot", email=victim.email)
    link = away.link()
    away.get(link)
    assert away.post(link, password="five new blue herons").status_code == 303
    assert away.get("/choose").status_code == 200

    # From then on that device is known, too.
    with app.app_context(), scope():
        use_up(users.LOGIN_ACCOUNT, victim.email)
    away.post("/logout")
    away.csrf = ""
    assert away.log_in("five new blue herons").status_code == 303


def test_an_attack_that_goes_on_guesses_once_a_minute(app: Flask, victim: Visitor, clock: Clock) -> None:
    with app.app_context(), scope():
        use_up(users.LOGIN_ACCOUNT, victim.email)
        waits = []
        for n in range(8):
            seconds = 0
            while guess(victim.email, f"198.51.{n}.{seconds}") == "slow":
                clock.move(1)
                seconds += 1
            waits.append(seconds)
    assert waits == [5, 10, 20, 40, 60, 60, 60, 60]


def test_asking_for_links_over_and_over_keeps_nobody_out(app: Flask, victim: Visitor) -> None:
    """The limit of mails can be used up by a stranger; each mail that it lets through works for its owner."""
    strangers = [Visitor(app) for _ in range(8)]
    codes = []
    for stranger in strangers:
        stranger.get("/forgot")
        codes.append(stranger.post("/forgot", email=victim.email).status_code)
    assert 429 in codes
    link = victim.link()
    victim.get(link)
    assert victim.post(link, password="five new blue herons").status_code == 303


@pytest.mark.usefixtures("clock")
def test_neighbours_of_an_attacker_get_in_on_their_own_devices(app: Flask, victim: Visitor) -> None:
    """One address for a whole office: who guesses there slows strangers, not those who are known."""
    with app.app_context(), scope():
        use_up(users.LOGIN_PLACE, network(victim.ip))
        use_up(users.LOGIN, victim.email, network(victim.ip))
        assert guess(victim.email, victim.ip) == "slow"
    assert Visitor(app, email=victim.email, ip=victim.ip).log_in(PASSWORD).status_code == 429
    assert victim.log_in(PASSWORD).status_code == 303


@pytest.mark.usefixtures("clock")
def test_a_stolen_device_guesses_slowly(app: Flask, victim: Visitor) -> None:
    device = victim.cookie(f"{app.session_interface.name}-device")  # type: ignore[attr-defined]
    assert len(device) == 43
    with app.app_context(), scope():
        outcomes = [guess(victim.email, f"192.0.2.{n}", device) for n in range(20)]
    assert outcomes == ["wrong"] * 5 + ["slow"] * 15


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("device", ["", "x", "A" * 43, "ا" * 43])
def test_a_made_up_device_is_spared_nothing(app: Flask, victim: Visitor, device: str) -> None:
    with app.app_context(), scope():
        use_up(users.LOGIN_ACCOUNT, victim.email)
        assert guess(victim.email, "192.0.2.77", device) == "slow"


@pytest.mark.usefixtures("clock")
def test_a_device_is_forgotten_with_the_password_that_it_knew(app: Flask, victim: Visitor) -> None:
    device = victim.cookie(f"{app.session_interface.name}-device")  # type: ignore[attr-defined]
    away = Visitor(app, email=victim.email)
    away.get("/forgot")
    away.post("/forgot", email=victim.email)
    link = away.link()
    away.get(link)
    away.post(link, password="five new blue herons")
    with app.app_context(), scope():
        use_up(users.LOGIN_ACCOUNT, victim.email)
        assert guess(victim.email, "192.0.2.78", device) == "slow"


def test_known_and_unknown_addresses_take_the_same_time(app: Flask, victim: Visitor) -> None:
    """The processor's time, so that other work on the machine does not count; medians of 15, in turns."""
    from diwan.db.direct import fetch_row

    taken: dict[str, list[float]] = {victim.email: [], f"x{victim.email}": []}
    with app.app_context(), scope():
        for n in range(16):
            for email, times in taken.items():
                fetch_row("DELETE FROM core.throttle WHERE key = %s", (users.LOGIN_ACCOUNT._key((email,)),))
                started = time.process_time()
                assert guess(email, f"203.0.113.{n}") == "wrong"
                times.append(time.process_time() - started)
    known, unknown = (median(times[1:]) for times in taken.values())  # the first try makes the digest of nobody
    assert abs(known - unknown) < 0.35 * max(known, unknown)


def test_a_digest_of_old_parameters_is_made_anew_at_the_login(app: Flask, victim: Visitor) -> None:
    from argon2 import PasswordHasher, extract_parameters
    from argon2.low_level import Type

    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with app.app_context(), scope():
        with unit_of_work():
            user = users.find_user(victim.email)
            assert isinstance(user, User)
            user.password_hash = old
        with pytest.raises(DiwanError), unit_of_work():
            users.authenticate(victim.email, "wrong password!", ip="192.0.2.1")
        assert stored(victim) == old
        with unit_of_work():
            users.authenticate(victim.email, PASSWORD, ip="192.0.2.1")
        made = extract_parameters(stored(victim))
    assert (made.type, made.time_cost, made.memory_cost) == (Type.ID, 2, 24 * 1024)
    assert victim.log_in(PASSWORD).status_code == 303


def stored(victim: Visitor) -> str:
    with unit_of_work() as session:
        session.expire_all()
        user = users.find_user(victim.email)
        assert user is not None
        return user.password_hash
