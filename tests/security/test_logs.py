"""Real requests that carry secrets, and go wrong: what is logged of them, and what is kept of failed jobs."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.exc
from flask import Flask
from sqlalchemy import text

from diwan.config import Config
from diwan.db import current
from diwan.jobs import faults
from diwan.kit.ids import token
from diwan.resources import store
from diwan.testing.world import Business

PASSWORD = "Kuwait-towers-1979!"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog


def fail(*arguments: Any, **named: Any) -> Any:
    raise RuntimeError(f"cannot do it with {arguments} and {named}")


def test_a_defect_behind_a_reset_link(app: Flask, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = token()
    monkeypatch.setattr("diwan.users.codes.find_link", fail)
    client = app.test_client()
    client.set_cookie("diwan-8000", "cookie-of-a-session")
    assert client.get(f"/reset/{secret}?token=in-the-query&password={PASSWORD}").status_code == 500
    assert "defect in" in log.text
    assert "/reset/***" in log.text
    for hidden in (secret, PASSWORD, "in-the-query", "cookie-of-a-session"):
        assert hidden not in log.text


def test_a_defect_behind_a_token(app: Flask, business: Business, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = business.token()
    url = app.config["DIWAN"].redis_url
    monkeypatch.setattr(store, "create", lambda _resource, raw: fail(mine, password=raw["name"], url=url))
    answer = app.test_client().post(
        "/api/v1/contacts/contact", json={"name": PASSWORD}, headers={"Authorization": f"Bearer {mine}"}
    )
    assert answer.status_code == 500
    assert "RuntimeError: cannot do it with" in log.text
    for hidden in (mine, PASSWORD, url.partition("@")[0].rpartition(":")[2]):
        assert hidden
        assert hidden not in log.text + answer.text


def test_errors_of_the_database_come_without_values(business: Business) -> None:
    with business.acting():
        with pytest.raises(sqlalchemy.exc.DBAPIError) as told:
            current.session.execute(text("SELECT 1 / 0, CAST(:it AS text)"), {"it": PASSWORD})
        current.session.rollback()
    assert PASSWORD not in str(told.value)
    assert "hide_parameters" in str(told.value)


def test_what_is_kept_of_a_failed_job() -> None:
    secret = token("dwn_")
    try:
        fail(secret, password=PASSWORD)
    except RuntimeError as error:
        kept = faults.told(error)
    assert "RuntimeError: cannot do it with" in kept
    assert secret not in kept
    assert PASSWORD not in kept


def test_the_shipped_server_writes_no_secret(config: Config, tmp_path: Path) -> None:
    """`diwan serve` as it is delivered, its output into a file: asked with secrets in path, query and headers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "DIWAN_HOME": str(config.home), "DIWAN_PORT": str(port), "DIWAN_SECRET_KEY": config.secret_key,
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url,
    }  # fmt: skip
    output = tmp_path / "log"
    with output.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "diwan", "serve", "--workers", "1"],
            env=os.environ | settings, start_new_session=True, stdout=file, stderr=file,
        )  # fmt: skip
        try:
            secret = token()
            assert ask(port, "/healthz", {}) < 500
            headers = {"Authorization": f"Bearer dwn_{secret}", "Cookie": f"diwan-{port}={secret}"}
            for path in (f"/reset/{secret}?token={secret}", f"/invitation/{secret}", "/api/v1/a/b?key=in-the-query"):
                assert ask(port, path, headers) < 500
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)
    said = output.read_text()
    for hidden in (secret, "in-the-query", config.secret_key, "Bearer"):
        assert hidden not in said
    line = r"^[\d-]{10}T[\d:.]{12}Z WARNING diwan\.rest\.edge \[\w+\] refused GET /api/v1/a/b"
    assert re.search(line, said, re.MULTILINE)


def ask(port: int, path: str, headers: dict[str, str]) -> int:
    """Return the status of an answer; waits for a server that is still starting."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")
