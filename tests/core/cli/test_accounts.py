"""Help of the operator for people who lost every second factor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from diwan.cli import accounts as commands
from diwan.cli import main
from diwan.testing.two_steps import Careful

PASSWORD = "seven quiet otters"


@pytest.fixture
def accounts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(commands, "_application", app.app_context)

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["accounts", *words], input=typed)

    return run


def test_who_lost_all_factors_is_helped(app: Flask, accounts: Callable[..., Result]) -> None:
    person = Careful(app)
    home = person.sign_up()
    assert "has no two-step sign-in" in accounts("reset-factors", person.email, "--yes").output
    person.enrol()
    assert accounts("reset-factors", person.email, typed="n\n").exit_code == 1
    assert person.get(home).status_code == 200
    done = accounts("reset-factors", person.email.upper(), typed="y\n")
    assert done.exit_code == 0, done.output
    assert person.get(home).location.startswith("/login")
    assert "Whoever runs this Diwan removed" in person.newest()
    person.csrf = ""
    assert person.log_in(PASSWORD).location == "/"
    assert "reset by whoever runs Diwan" in person.get(f"{home}/audit").text


def test_sessions_of_one_or_of_all_are_ended(app: Flask, accounts: Callable[..., Result]) -> None:
    one, other = Careful(app), Careful(app)
    home, elsewhere = one.sign_up(), other.sign_up()
    assert accounts("log-out").exit_code == 2
    assert accounts("log-out", "nobody@example.com").exit_code == 1
    assert accounts("log-out", one.email).exit_code == 0
    assert one.get(home).location.startswith("/login")
    assert other.get(elsewhere).status_code == 200
    assert "whoever runs Diwan" in _log(one, home)
    assert accounts("log-out", "--all").exit_code == 0
    assert other.get(elsewhere).location.startswith("/login")


def _log(person: Careful, home: str) -> str:
    person.csrf = ""
    person.log_in(PASSWORD)
    return person.get(f"{home}/audit").text
