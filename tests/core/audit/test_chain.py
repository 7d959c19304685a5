"""The chain: what the database makes is what Python works out; two at once; retention; the command."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from diwan import audit
from diwan.audit import chain, checks, retention
from diwan.audit import service as log
from diwan.cli import main
from diwan.config import Config
from diwan.db import unit_of_work
from diwan.db.base import now
from diwan.errors import Invalid
from diwan.testing.forging import chain_anew
from diwan.testing.world import Business


def verdict(business: Business, *anchors: chain.Anchor) -> chain.Verdict:
    with business.acting(), unit_of_work():
        return chain.verify(anchors)


def note(*titles: str, **more: Any) -> None:
    audit.record_many(audit.Entry("create", "x.y", uuid4(), title, **more) for title in titles)


def test_every_kind_of_value_is_chained_as_python_reads_it(business: Business) -> None:
    odd = 'quote " back \\ line \n tab \t bell \x07 del \x7f Ünïcode عربي 🙂 \u2028'
    with business.acting(), unit_of_work():
        audit.record(
            "update", "x.y", uuid4(), odd, {"n": 1.50, odd: odd, "z": None}, {"deep": [{"b": 1, "aa": 2}], "e": 1e30}
        )
        audit.record("delete", "", None, "", None, {})
        audit.record("", "x.y", None, "null", {}, None)
    found = verdict(business)
    assert found.intact
    assert found.entries == found.seq == 3


def test_a_new_business_has_a_chain_that_begins_with_nothing(business: Business) -> None:
    with business.acting(), unit_of_work():
        note("first", "second")
    with business.acting(), unit_of_work() as session:
        first = session.execute(text("SELECT hash FROM core.audit_link WHERE seq = 1")).scalar()
        row = session.execute(chain.LINKS, {"tenant": business.tenant.id, "seq": 0, "most": 1}).one()
    assert first == hashlib.sha256(bytes(32) + chain.canonical(row)).digest()


def test_two_at_once_make_one_chain(app: Flask, business: Business) -> None:
    def work(number: int) -> None:
        with app.app_context(), business.acting():
            for turn in range(20):
                with unit_of_work():
                    note(f"{number}-{turn}", f"{number}-{turn}-second")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verdict(business)
    assert found.intact
    with business.acting(), unit_of_work():
        assert len(log.entries(resource="x.y", limit=1000)) == 160


def test_a_savepoint_that_wrote_and_fell_leaves_no_gap(business: Business) -> None:
    with business.acting(), unit_of_work() as session:
        note("1")
        savepoint = session.begin_nested()
        note("2")
        log.entries()
        savepoint.rollback()
        note("3")
    assert verdict(business).intact


def test_ten_thousand_entries_cost_less_than_a_second(business: Business) -> None:
    """A bound against mistakes of another order; the measured figure stands in docs/adr/0018."""
    with business.acting():
        started = perf_counter()
        with unit_of_work():
            note(*(f"entry {number}" for number in range(10_000)), after={"city": "Kuwait", "phone": "+965 2222"})
        seconds = perf_counter() - started
    assert seconds < 5
    assert verdict(business).entries >= 10_000


# -- age -------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(business: Business) -> Business:
    """A business with an entry of now, then six that say they are of years ago, then five of now."""
    with business.acting(), unit_of_work():
        note("young")
    with business.acting(), unit_of_work() as session:
        for number in range(6):
            session.execute(
                text(
                    "INSERT INTO core.audit_entry (tenant_id, id, at, action, title)"
                    " VALUES (:tenant, :id, :at, 'create', :title)"
                ),
                {
                    "tenant": business.tenant.id,
                    "id": uuid4(),
                    "at": now() - timedelta(days=900 - number),
                    "title": str(number),
                },
            )
        note(*"abcde")
    return business


def forget(business: Business, months: int, most: int = 5_000) -> int:
    with business.acting():
        return retention.forget_old(months, most)


def test_nothing_goes_while_a_younger_entry_stands_before(old: Business) -> None:
    assert forget(old, 12) == 0


def make_old(config: Config, business: Business, seq: int) -> None:
    """Make what stands at the beginning of the chain look old, as only the owner can, and chain it anew."""
    with psycopg.connect(config.database_owner_url) as link:
        link.execute("SELECT set_config('app.tenant_id', %s, true)", (str(business.tenant.id),))
        link.execute("UPDATE core.audit_entry e SET at = at - interval '3 years' FROM core.audit_link l"
                     " WHERE l.entry_id = e.id AND l.seq <= %s", (seq,))  # fmt: skip
        chain_anew(link, business.tenant.id)


def test_old_entries_go_from_the_beginning_and_the_rest_still_proves(config: Config, business: Business) -> None:
    with business.acting(), unit_of_work():
        note(*(str(number) for number in range(10)))
    make_old(config, business, 6)
    whole = verdict(business)
    assert whole.intact
    assert forget(business, 48) == 0
    assert forget(business, 12, most=4) == 6
    found = verdict(business)
    assert (found.intact, found.removed, found.entries) == (True, 6, whole.entries - 6 + 2)
    with business.acting(), unit_of_work():
        told = log.entries(action=chain.REMOVED)
    assert [(entry.after or {})["through"] for entry in told] == [6, 4]
    assert forget(business, 12) == 0


def test_the_setting_makes_the_daily_round_do_it(app: Flask, config: Config, business: Business) -> None:
    with business.acting(), unit_of_work():
        note("old", "new")
    make_old(config, business, 1)
    with business.acting(), unit_of_work() as session:
        session.execute(
            text("UPDATE core.tenant SET policy = '{\"audit_months\": 13}' WHERE id = :id"), {"id": business.tenant.id}
        )
    from diwan.jobs import schedules, sweeper

    with app.app_context():
        assert any(retention.kept_months(tenant.policy) == 13 for tenant in schedules.tenants())
        sweeper.clean()
    assert verdict(business).removed == 1


@pytest.mark.parametrize("months", [0, 11, -5])
def test_a_year_is_the_least_whoever_asks(business: Business, months: int) -> None:
    with business.acting(), pytest.raises(IntegrityError, match="12 months"):
        retention.forget_old(months)


@pytest.mark.parametrize("raw", ["11", "0", "-12", "x", "12.5", "99999", "１２"])
def test_a_wrong_number_of_months_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        retention.parse_months(raw)


def test_months_are_read() -> None:
    assert [retention.parse_months(raw) for raw in ("", " 24 ")] == [None, 24]
    assert [retention.kept_months(policy) for policy in ({}, {"audit_months": 6}, {"audit_months": 36})] == [
        None,
        None,
        36,
    ]


# -- who checks ------------------------------------------------------------------------------------------------


def test_the_check_writes_down_what_it_found(config: Config, business: Business) -> None:
    with business.acting():
        with unit_of_work():
            assert checks.last_check() is None
            note("something")
        checks.check()
        with unit_of_work():
            found = checks.last_check()
    assert found is not None
    assert (found.fault, found.entries, found.removed) == ("", 1, 0)


def test_the_command(config: Config, business: Business, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "DIWAN_HOME": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    with business.acting(), unit_of_work():
        note("first")
    file = tmp_path / "anchors.jsonl"
    done = run(main, ["audit", "verify", "--tenant", business.tenant.slug, "--anchor", str(file)])
    assert done.exit_code == 0, done.output
    assert f"{business.tenant.slug}: intact" in done.output
    [anchor] = [json.loads(line) for line in file.read_text().splitlines()]
    assert anchor["tenant"] == business.tenant.id
    assert datetime.fromisoformat(anchor["at"]).tzinfo is not None
    with business.acting(), unit_of_work():
        note("later")
    assert run(main, ["audit", "verify", "--tenant", business.tenant.slug, "--against", str(file)]).exit_code == 0
    file.write_text(json.dumps({**anchor, "hash": "00" * 32}) + "\n")
    done = run(main, ["audit", "verify", "--tenant", business.tenant.slug, "--against", str(file)])
    assert (done.exit_code, "BROKEN" in done.output) == (1, True)
    file.write_text("nonsense\n")
    assert run(main, ["audit", "verify", "--against", str(file)]).exit_code == 1
    assert run(main, ["audit", "verify", "--tenant", "no-such"]).exit_code == 1
