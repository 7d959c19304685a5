"""`diwan operators ...`, as somebody with a shell on the server types them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from diwan.cli import main
from diwan.operators.accounts import is_operator
from diwan.testing.world import Business


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_OWNER_URL", app.config["DIWAN"].database_owner_url)

    def command(*words: str) -> Result:
        return CliRunner().invoke(main, ["operators", *words])

    return command


def test_add_list_remove(run: Any, app: Flask, business: Business) -> None:
    email, id = business.owner.email, business.owner.id
    with app.app_context():
        assert not is_operator(id)
        assert run("add", email.upper()).output == f"{email.upper()} is an operator now.\n"
        assert is_operator(id)
        assert "already" in run("add", email).output
        line = next(line for line in run("list").output.splitlines() if line.startswith(email))
        assert "(command line)" in line
        assert run("remove", email).exit_code == 0
        assert not is_operator(id)
    again = run("remove", email)
    assert (again.exit_code, again.output) == (1, f"Error: {email} is no operator.\n")


def test_an_address_without_an_account_is_refused(run: Any) -> None:
    result = run("add", f"{uuid4().hex}@example.com")
    assert result.exit_code == 1
    assert "Sign up with it first" in result.output
