"""The permission matrix: every address x everybody who might try it. What is in `matrix/` says who may.

A new address without a line fails here, and so does a line whose address is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from tests.security.matrix import MATRIX
from tests.security.matrix.need import LIST, MEMBER, OPERATOR, RECORD, Need, columns
from tests.security.matrix.stage import Stage, place, routes, rows_of
from tests.security.matrix.things import SECRET

from diwan.config import Config
from diwan.testing.world import World

CASES = [(key, column) for key, need in MATRIX.items() for column in columns(key, need)]
GIVES = {"GET": 200, "POST": 303, "PATCH": 200, "DELETE": 204}
PEOPLE = ("membership", "role", "role_grant", "member_role", "api_token", "audit_entry", "audit_link")
LOOKING = ("preference", "saved_view", "search_entry", "visit", "draft")
BY_THE_WAY = {"shop.lead", *(f"core.{name}" for name in PEOPLE + LOOKING)}
"""Tables with new rows: those who try, their tokens, leads of their own, how they like their lists."""
HOW = (
    "Who may ask for it? Add a line to tests/security/matrix (resources.py, business.py or platform.py), such as"
    ' "{key}": right("core.member.update", id="membership")'
)


@pytest.fixture(scope="module")
def stage(app: Flask, config: Config) -> Iterator[Stage]:
    """The people and things; when all was tried, the things are as they were made: what was refused changed nothing."""
    with World(app) as world:
        made = Stage(world)
        before = rows_of(config, made.business.tenant.id)
        yield made
        after = rows_of(config, made.business.tenant.id)
    for table, rows in before.items():
        assert rows <= after[table], f"{table}: {rows - after[table]} was changed"
    assert {table for table in after if after[table] - before.get(table, set())} <= BY_THE_WAY


def test_every_address_has_its_line(app: Flask) -> None:
    missing = sorted(routes(app).keys() - {key for key in MATRIX if key == place(key)})
    assert not missing, "\n".join(f"{key} has no line. {HOW.format(key=key)}" for key in missing)
    gone = sorted(key for key in MATRIX if place(key) not in routes(app))
    assert not gone, f"These lines have no address any more: {gone}"


@pytest.mark.parametrize(("key", "column"), CASES, ids=[f"{key}-{column}" for key, column in CASES])
def test_who_may(stage: Stage, key: str, column: str) -> None:
    need = MATRIX[key]
    answer = stage.send(key, need, column)
    body, where = answer.get_data().decode(errors="replace"), answer.headers.get("Location", "")
    told = f"{key} as {column}: {answer.status} {where} {body[:400] if answer.mimetype != 'text/html' else ''}"
    if column == "anonymous" and not key.startswith("rest.") and need.who != OPERATOR:
        assert answer.status_code == 303, told
        assert where.startswith("/login"), told
    else:
        assert answer.status_code == expected(key, need, column), told
    if column == "allowed":
        assert not where.startswith("/login"), told
    sees = column in ("allowed", "anybody") or (column == "half" and need.who == RECORD)
    if not sees or (need.who == MEMBER and not need.of):
        assert SECRET not in body, told


def expected(key: str, need: Need, column: str) -> int:
    """Return the status that a kind of visitor gets."""
    rest, gives = key.startswith("rest."), need.gives or GIVES[key.split()[1]]
    if rest and not need.gives and gives == 303:
        gives = 200
    if column in need.but:
        return need.but[column]
    match column:
        case "anonymous":
            return 401 if rest else 404
        case "anybody" | "allowed":
            return gives
        case "stranger" | "forged" | "smuggled":
            return 404
        case "own" | "half" if column == "own" or need.who == LIST:
            return gives if need.who == LIST else 404
        case "others":
            return need.others
    return 403
