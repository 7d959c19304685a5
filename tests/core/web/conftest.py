"""For tests of screens: the statements that a page takes.

It must count what reaches PostgreSQL through SQLAlchemy; one round trip of lists without it is not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from diwan.extensions import db


@pytest.fixture
def statements(app: Flask) -> Callable[[Callable[[], Any]], int]:
    """Count the statements of a call."""

    def count(call: Callable[[], Any]) -> int:
        found: list[str] = []
        with app.app_context():
            engine = db.engine

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            found.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(found)

    return count
