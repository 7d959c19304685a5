"""`diwan secrets ...`, as somebody with a shell on the server types them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from diwan.cli import main
from diwan.db import current, unit_of_work
from diwan.kit import sealing
from diwan.resources import store
from diwan.testing.world import World
from diwan.users.factors.models import Totp


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    config = app.config["DIWAN"]
    for name, value in (
        ("DATABASE_URL", config.database_url), ("REDIS_URL", config.redis_url), ("DIWAN_HOME", str(config.home)),
        ("DIWAN_SECRET_KEY", config.secret_key),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    kept = dict(sealing._ring)

    def command(*words: str, keys: str = "") -> Result:
        monkeypatch.setenv("DIWAN_SECRETS_KEYS", keys)
        return CliRunner().invoke(main, ["secrets", *words])

    yield command
    sealing._ring.clear()
    sealing._ring.update(kept)


def test_a_new_key_fits_into_the_setting(run: Any) -> None:
    made = run("key").output.strip()
    [(key_id, key)] = sealing.parse_keys(made).items()
    assert len(key) == 32
    assert run("key").output.strip() != made
    assert key_id[:2] == "20"


def ended(done: Result) -> None:
    """What other tests left behind and nobody can open is told, too: by the exit code."""
    failed = "could not be opened" in done.output
    assert done.exit_code == int(failed)
    assert ("Done: no older key is needed" in done.output) != failed


def test_rotate_seals_anew_and_tells_it(run: Any, world: World) -> None:
    kitchen = world.business("contacts", "kitchen")
    with kitchen.acting(), unit_of_work():
        store.create(current.lineup.resources["kitchen.client"], {"name": "Shop", "shop_key": "a-secret-of-it"})
        place = sealing.place("core.totp.secret", kitchen.owner.id)
        current.session.add(Totp(user_id=kitchen.owner.id, secret=sealing.seal(b"JBSWY3DP", place), last_step=0))
    key = f"new:{base64.b64encode(b'n' * 32).decode()}"
    done = run("rotate", keys=key)
    assert "Sealing with the key new." in done.output
    assert str(kitchen.owner.id) not in done.output
    for column in ("kitchen.client.shop_key", "core.totp.secret"):
        line = next(line for line in done.output.splitlines() if line.startswith(column))
        assert not line.startswith(f"{column}: 0 "), line
    ended(done)
    assert "kitchen.client.shop_key: 0 sealed anew" in run("rotate", keys=key).output
    with kitchen.acting():
        kept = current.session.get_one(Totp, kitchen.owner.id)
        assert sealing.key_of(kept.secret) == "new"
        assert sealing.unseal(kept.secret, place) == b"JBSWY3DP"


def test_rotate_fails_while_an_older_key_is_needed(run: Any, world: World) -> None:
    kitchen = world.business("contacts", "kitchen")
    lost, new = (f"{name}:{base64.b64encode(name[:1].encode() * 32).decode()}" for name in ("lost", "new"))
    sealing.provide_keys(lost, "")
    with kitchen.acting(), unit_of_work():
        id = store.create(current.lineup.resources["kitchen.client"], {"name": "Shop", "shop_key": "a-secret"}).id
    failed = run("rotate", keys=new)
    assert failed.exit_code == 1
    assert f"{id}: This value was sealed with the key 'lost'" in failed.output
    assert "Keep the older keys." in failed.output
    assert "a-secret" not in failed.output
    done = run("rotate", keys=f"{new},{lost}")
    assert str(id) not in done.output
    ended(done)
