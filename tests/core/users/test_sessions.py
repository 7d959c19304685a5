"""The session's round trips, and what a session may hold."""

import pytest
from flask import Flask
from sqlalchemy import event

from diwan.db import direct
from diwan.errors import Unavailable
from diwan.extensions import db
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business


@pytest.fixture
def queries(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is sent to the database, also past SQLAlchemy."""
    seen: list[str] = []
    execute = direct._execute

    def spy(driver: object, statement: str, parameters: object) -> object:
        seen.append(statement)
        return execute(driver, statement, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(direct, "_execute", spy)

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_asks_once_who_is_there(business: Business, queries: list[str]) -> None:
    client = business.client()
    client.get(f"{business.url}/settings")
    queries.clear()
    assert client.get(f"{business.url}/settings").status_code == 200
    assert [query for query in queries if "open_session" in query] == queries


def test_addresses_that_need_no_session_ask_nothing(business: Business, queries: list[str]) -> None:
    client = business.client()
    queries.clear()
    assert client.get("/healthz").status_code == 200
    assert client.get("/no/such/address").status_code == 404
    client.set_cookie(business.world.app.session_interface.name, "nonsense")
    client.get("/t/x/settings")
    assert queries == []


def test_a_message_waits_for_the_next_page(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_up()
    path = visitor.get("/").location
    visitor.get(f"{path}/settings")
    form = {"name": "New name", "country": "KW", "language": "en", "timezone": "Asia/Kuwait", "currency": "KWD"}
    visitor.post(f"{path}/settings", **form)
    visitor.post(f"{path}/settings", **form)
    page = visitor.get(f"{path}/settings").text
    assert page.count("The settings were saved") == 2
    assert "The settings were saved" not in visitor.get(f"{path}/settings").text


def test_a_dead_connection_in_the_pool_is_replaced(business: Business) -> None:
    """PostgreSQL was restarted: the next request must not fail because of connections from before."""
    import psycopg

    from diwan.testing import database

    client = business.client()
    assert client.get(business.url).status_code == 200
    with psycopg.connect(database.join_servers().start().admin_url, autocommit=True) as admin:
        name = business.world.app.config["DIWAN"].database_url.rsplit("/", 1)[-1].split("?")[0]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    assert client.get(business.url).status_code == 200


def test_no_database_is_a_clear_503(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_arguments: object) -> None:
        raise Unavailable("The database does not answer just now.")

    client = business.client()
    monkeypatch.setattr("diwan.web.sessions.fetch_row", unavailable)
    answer = client.get(business.url)
    assert answer.status_code == 503
    assert "database" in answer.text
