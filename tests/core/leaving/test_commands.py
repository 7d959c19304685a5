"""`diwan tenants ...` as an operator types them, and a running Diwan that erases what is due by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from diwan.cli import main
from diwan.cli import tenants as commands
from diwan.config import Config
from diwan.db import scope, unit_of_work
from diwan.leaving import closing
from diwan.testing.live import Live
from diwan.testing.world import Business, World

from .conftest import fill


@pytest.fixture
def run(business: Business, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(commands, "_application", business.world.app.app_context)

    def command(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["tenants", *words], input=typed)

    return command


def test_export_and_verify(run: Any, business: Business, tmp_path: Path, config: Config) -> None:
    fill(business)
    slug, file = business.tenant.slug, tmp_path / "all.zip"
    made = run("export", slug, "--to", str(file))
    assert made.exit_code == 0, made.output
    assert " 1 files." in made.output
    assert run("export", slug, "--to", str(file)).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    # As a process of its own, with nothing but the environment.
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIWAN_")},
        "DIWAN_HOME": str(config.home), "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url,
        "DIWAN_SECRET_KEY": config.secret_key,
    }  # fmt: skip
    words = [sys.executable, "-P", "-m", "diwan", "tenants", "verify-export", str(file), "--against", slug]
    found = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "is whole" in found.stdout
    fill(business)
    changed = run("verify-export", str(file), "--against", slug)
    assert changed.exit_code == 1
    assert "contacts.contact: 3 rows in the export, 6 in the database" in changed.output
    assert "There is no business" in run("export", "nobody-here", "--to", str(tmp_path / "b.zip")).output


def test_close_keep_delete_and_the_proof(run: Any, business: Business) -> None:
    fill(business)
    slug = business.tenant.slug
    assert "is not due" in run("delete", slug, "--yes", slug).output
    assert "is closed" in run("close", slug).output
    assert "is not due" in run("delete", slug, "--yes", slug).output
    assert "is open again" in run("keep", slug).output
    assert "not closed" in run("keep", slug).output
    assert "Nothing was erased" in run("delete", slug, "--now", typed="no\n").output
    gone = run("delete", slug, "--now", typed=f"{slug}\n")
    assert gone.exit_code == 0, gone.output
    assert "Nothing remains" in gone.output
    assert "There is no business" in run("delete", slug, "--now", "--yes", slug).output
    told = json.loads(run("erasures", slug, "--json").output)
    assert told["rows_erased"]["contacts.contact"] == 3
    assert told["erased_by"] == "operator (command line)"
    assert f"{told['id']}  erased" in run("erasures").output
    assert told["digest"] in run("erasures", told["id"]).output
    assert "There is no erasure" in run("erasures", "never-was").output


def test_a_suspended_business_is_not_closed_so_that_its_owner_could_open_it(run: Any, business: Business) -> None:
    with business.acting(), unit_of_work() as session:
        session.connection().exec_driver_sql(
            "UPDATE core.tenant SET state = 'suspended' WHERE id = %s", (business.tenant.id,)
        )
    assert "Resume it first" in run("close", business.tenant.slug).output


def test_the_scheduler_erases_what_is_due_and_mails_the_proof(live: Live, live_world: World) -> None:
    business, other = live_world.business("contacts"), live_world.business("contacts")
    fill(business)
    fill(other)
    with live.app.app_context(), scope(), unit_of_work():
        closing.close_for_operator(business.tenant.slug, at_once=True)
    assert "Nothing remains" in live.mail(business.owner.email, "Nothing remains")
    assert business.tenant.slug in live.mail(business.owner.email, business.tenant.slug)
    assert not [path for path in (live.config.home / "files" / str(business.tenant.id)).glob("*") if path.is_file()]
    assert other.client().get(other.url).status_code == 200
