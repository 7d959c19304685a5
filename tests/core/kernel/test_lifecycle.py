"""Switching on and off: rows, lineup key, roles, hooks and audit in one transaction; off keeps what there is."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import text

from diwan.db import current
from diwan.errors import Refuse
from diwan.kernel import catalogue, deploy, lifecycle
from diwan.kernel.guard import PluginFailed
from diwan.kernel.lineup import lineup_for

CRM = """
calls = []
plugin.role("Seller", grants=["crm.*"])
plugin.role("Manager", key="boss", grants=["crm.*"])

@plugin.widget(label="Leads")
def leads():
    return Stat(1)

@plugin.hook
def enable(tenant, first):
    calls.append(("enable", tenant.id, first))

@plugin.hook
def disable(tenant):
    calls.append(("disable", tenant.id))
"""
LOANS = """
calls = []

@plugin.hook
def enable():
    calls.append("crm" in current.lineup)
"""
STUBBORN = """
from diwan.plugin import Refuse

@plugin.hook
def enable(tenant):
    raise ValueError("not today")
"""
HOLDS = """
@plugin.hook
def disable(tenant):
    raise Refuse("There are open loans.")
"""
OFFERS = """
from diwan.services import Contacts

@plugin.provide(Contacts)
class Some(Contacts):
    def display_name(self, contact): ...
    def find_by_email(self, email): ...
    def create(self, name, **more): ...
"""


@pytest.fixture
def plugins(shelf, core_database):
    shelf.write("crm", CRM, version="1.2")
    shelf.write("lending", LOANS, toml='[requires]\ncrm = ">=1"\n')
    shelf.write("stubborn", STUBBORN, toml='[requires]\ncrm = ">=1"\n')
    shelf.write("holds", HOLDS)
    shelf.write("rival", toml='[conflicts]\ncrm = ">=1"\n')
    shelf.write("one", OFFERS)
    shelf.write("two", OFFERS)
    shelf.case("unmigrated")
    plugins = catalogue.activate(shelf.load())
    if not core_database.as_owner("SELECT 1 FROM core.plugin"):  # once for this file
        deploy.migrate(core_database.owner_url, plugins)
    with core_database.session() as session:
        deploy.refresh(session)
    return catalogue.installed()


@pytest.fixture
def tenant(plugins, desk):
    return desk.tenant()


def rows(session):
    found = session.execute(
        text("SELECT plugin, state, version FROM core.tenant_plugin WHERE tenant_id = :t ORDER BY plugin"),
        {"t": current.tenant.id},
    )
    return [tuple(row) for row in found]


def test_enabling_brings_what_it_requires(desk, tenant):
    with desk.working(tenant) as session:
        assert lifecycle.plan_enable("lending") == ["crm", "lending"]
        lineup = lifecycle.enable("lending")
        assert lineup.plugins == ("crm", "lending")
        assert rows(session) == [("crm", "on", "1.2"), ("lending", "on", "1.0")]
    assert desk.now(tenant).lineup_key == "crm,lending"
    with desk.working(tenant):
        assert lifecycle.plan_enable("lending") == []


def test_the_rest_of_the_request_sees_the_new_lineup(desk, tenant):
    with desk.working(tenant):
        lineup = lifecycle.enable(["crm"])
        assert current.lineup is lineup
        assert current.tenant.lineup_key == "crm"
        assert [c.key for c in current.lineup.widgets] == ["crm.leads"]


def test_hooks_are_told_whether_it_is_the_first_time(desk, tenant):
    calls = sys.modules["diwan_crm"].calls
    for _ in range(2):
        with desk.working(tenant):
            lifecycle.enable("crm")
        with desk.working(tenant):
            lifecycle.disable("crm")
    number = tenant.id
    expected = [("enable", number, True), ("disable", number), ("enable", number, False), ("disable", number)]
    assert [call for call in calls if call[1] == number] == expected


def test_the_enable_hook_runs_with_the_new_lineup(desk, tenant):
    sys.modules["diwan_lending"].calls.clear()
    with desk.working(tenant):
        lifecycle.enable("lending")
    assert sys.modules["diwan_lending"].calls == [True]


def test_off_keeps_the_row_and_the_rest_is_gone_at_once(desk, tenant):
    with desk.working(tenant):
        lifecycle.enable("lending")
    with desk.working(tenant) as session:
        lineup = lifecycle.disable("lending")
        assert lineup.plugins == ("crm",)
        assert rows(session) == [("crm", "on", "1.2"), ("lending", "off", "1.0")]
    with desk.working(tenant) as session:
        lifecycle.enable("lending")
        assert rows(session)[1] == ("lending", "on", "1.0")


def test_what_another_needs_stays_on(desk, tenant):
    with desk.working(tenant):
        lifecycle.enable("lending")
    with desk.working(tenant):
        with pytest.raises(Refuse, match="Switch off first what needs it: Lending"):
            lifecycle.disable("crm")
        assert current.lineup.plugins == ("crm", "lending")


def test_a_hook_that_fails_leaves_nothing_behind(desk, tenant):
    with pytest.raises(PluginFailed, match="stubborn"), desk.working(tenant):
        lifecycle.enable("stubborn")
    with desk.working(tenant) as session:
        assert rows(session) == []
        assert current.tenant.lineup_key == ""
        assert session.scalar(text("SELECT count(*) FROM core.audit_entry WHERE action = 'plugin.enabled'")) == 0


def test_a_plugin_may_refuse_to_be_switched_off(desk, tenant):
    with desk.working(tenant):
        lifecycle.enable("holds")
    with pytest.raises(Refuse, match="open loans"), desk.working(tenant):
        lifecycle.disable("holds")
    assert desk.now(tenant).lineup_key == "holds"


@pytest.mark.parametrize(("names", "reason"), [
    (["nonsense"], "There is no module “nonsense”"),
    (["unmigrated"], "“Unmigrated” cannot be switched on: it is not ready"),
    (["rival", "crm"], "“Rival” and “Crm” cannot be on together"),
    (["one", "two"], "“One” and “Two” offer the same service"),
])  # fmt: skip
def test_what_cannot_be_switched_on_says_why(desk, tenant, names, reason):
    with desk.working(tenant) as session:
        with pytest.raises(Refuse, match=reason):
            lifecycle.enable(names)
        assert rows(session) == []


def test_conflicts_count_what_is_on_already(desk, tenant):
    with desk.working(tenant):
        lifecycle.enable("rival")
    with desk.working(tenant), pytest.raises(Refuse, match="cannot be on together"):
        lifecycle.plan_enable("lending")


def test_suggested_roles_come_once_and_the_business_keeps_its_changes(desk, tenant):
    query = text("SELECT key FROM core.role WHERE tenant_id = :t ORDER BY key")
    with desk.working(tenant) as session:
        lifecycle.enable("crm")
        assert list(session.scalars(query, {"t": tenant.id})) == ["crm.boss", "crm.seller"]
        session.execute(text("DELETE FROM core.role WHERE tenant_id = :t AND key = 'crm.boss'"), {"t": tenant.id})
    with desk.working(tenant):
        lifecycle.disable("crm")
    with desk.working(tenant) as session:
        lifecycle.enable("crm")
        assert list(session.scalars(query, {"t": tenant.id})) == ["crm.seller"]


def test_both_switches_are_audited(desk, tenant):
    with desk.working(tenant):
        lifecycle.enable("crm")
        lifecycle.disable("crm")
    with desk.working(tenant) as session:
        found = session.execute(text("SELECT action, title, actor_name FROM core.audit_entry ORDER BY id")).all()
        assert [tuple(row) for row in found if row.action.startswith("plugin.")] == [
            ("plugin.enabled", "crm", "Ada"),
            ("plugin.disabled", "crm", "Ada"),
        ]


def test_another_tenant_is_untouched(desk, tenant):
    other = desk.tenant()
    with desk.working(tenant):
        lifecycle.enable("crm")
    with desk.working(other) as session:
        assert rows(session) == []
        assert current.lineup.plugins == ()


def test_nobody_switches_on_what_the_database_does_not_have_yet(desk, tenant, core_database):
    core_database.as_owner("UPDATE core.plugin SET state = 'unmigrated' WHERE name = 'crm'")
    with desk.working(tenant), pytest.raises(Refuse, match="being installed just now"):
        lifecycle.enable("crm")
    core_database.as_owner("UPDATE core.plugin SET state = 'ready' WHERE name = 'crm'")
    with desk.working(tenant):
        lifecycle.enable("crm")


def test_what_is_gone_can_still_be_switched_off(desk, plugins):
    tenant = desk.tenant("crm,vanished")
    with desk.working(tenant):
        offers = {offer.entry.name: offer for offer in lifecycle.available()}
        assert (offers["vanished"].on, offers["vanished"].entry.state) == (True, "missing")
        lifecycle.disable("vanished")
    assert desk.now(tenant).lineup_key == "crm"


def test_the_offer_says_what_comes_along_and_what_depends(desk, tenant):
    with desk.working(tenant):
        offers = {offer.entry.name: offer for offer in lifecycle.available()}
        assert offers["lending"].brings == ("crm",)
        assert "unmigrated" not in offers
        lifecycle.enable("lending")
        offers = {offer.entry.name: offer for offer in lifecycle.available()}
        assert (offers["crm"].on, offers["crm"].needed_by) == (True, ("lending",))
        assert offers["lending"].brings == ()


def test_two_administrators_at_once_both_get_what_they_asked(desk, tenant, core_database):
    with desk.working(tenant):
        lifecycle.enable("crm")
        with pytest.raises(Exception, match="lock timeout"):  # the other one waits for this transaction
            core_database.as_owner("SET lock_timeout = '100ms'; SELECT 1 FROM core.tenant FOR NO KEY UPDATE")
        # ... but a row of the tenant, which checks its foreign key, does not wait
        core_database.as_owner("SET lock_timeout = '100ms'; SELECT 1 FROM core.tenant FOR KEY SHARE")
    assert lineup_for(desk.now(tenant).lineup_key).plugins == ("crm",)
