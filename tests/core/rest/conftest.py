"""A program with a token, which speaks HTTP with the application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from diwan.extensions import db
from diwan.testing.world import Business


class Api:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.open(path, method=method, json=body, headers={**self.headers, **headers})

    def send(self, method: str, path: str, data: bytes, content_type: str | None = "application/json") -> Any:
        return self.client.open(path, method=method, data=data, content_type=content_type, headers=self.headers)


@pytest.fixture
def api(app: Flask, business: Business) -> Api:
    return Api(app.test_client(), business.token())


@pytest.fixture
def program() -> type[Api]:
    return Api


@pytest.fixture
def kitchen(app: Flask, world: Any) -> Api:
    """A program of a business with the kitchen, which has references, child rows and dates."""
    return Api(app.test_client(), world.business("contacts", "kitchen").token())


@pytest.fixture
def statements(app: Flask) -> Callable[[], AbstractContextManager[list[str]]]:
    """Collect the statements of transactions: `with statements() as found`."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        found: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            found.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return collect
