"""The lineup: what is off is not there, whatever asks."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from diwan.db import current, scope
from diwan.kernel import catalogue
from diwan.kernel.lineup import key_of, lineup_for
from diwan.services import Contacts, Service, use

BASE = """
from diwan.services import Contacts

@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name")

plugin.role("Keeper", grants=["base.*"])

@plugin.widget(label="Total")
def total():
    return Stat(1)

@plugin.page("/board", label="Board", permission="base.thing.read")
def board(): ...

@plugin.job
def tidy(): ...

@plugin.schedule("0 7 * * *")
def remind(): ...

@plugin.demo
def demo(): ...

@plugin.hook
def enable(first):
    return f"base:{first}"

@plugin.on(Created["base.thing"])
def thank(event): ...

@plugin.provide(Contacts)
class OurContacts(Contacts):
    def display_name(self, contact): return "Ada"
    def find_by_email(self, email): return None
    def create(self, name, **more): ...
"""
EXTRA = """
@plugin.during(Created["base.thing"])
def check(event): ...

@plugin.on("base.thing.created")
def note(event): ...

@plugin.panel("base.thing", label="More")
def more(thing): ...

@plugin.hook
def enable(first, tenant):
    return f"extra:{tenant}:{first}"
"""


@pytest.fixture
def plugins(shelf):
    shelf.write("base", BASE, migrations__first="")
    shelf.write("extra", EXTRA, toml='[requires]\nbase = ">=1"\n')
    return shelf.activate()


def test_it_holds_what_is_on(plugins):
    lineup = lineup_for("base")
    assert lineup.plugins == ("base",)
    assert "base" in lineup
    assert "extra" not in lineup
    assert list(lineup.resources) == ["base.thing", "core.person"]
    assert [c.key for c in lineup.widgets] == ["base.total"]
    assert [c.key for c in lineup.pages] == ["base.board"]
    assert [c.key for c in lineup.roles] == ["base.keeper"]
    assert [c.key for c in lineup.jobs] == ["base.tidy"]
    assert [c.key for c in lineup.schedules] == ["base.remind"]
    assert [c.key for c in lineup.demos] == ["base.demo"]
    assert [c.key for c in lineup.subscribers("base.thing.created")] == ["base.thank@base.thing.created"]
    assert lineup.during("base.thing.created") == ()
    assert lineup.panels("base.thing", "side") == ()
    assert lineup.permissions >= {"base.thing.read", "base.thing.delete", "base.total.read"}
    assert lineup.find("job", "base.tidy") is lineup.jobs[0]


def test_more_plugins_add_in_dependency_order(plugins):
    lineup = lineup_for(key_of(["extra", "base"]))
    keys = [c.key for c in lineup.subscribers("base.thing.created")]
    assert keys == ["base.thank@base.thing.created", "extra.note@base.thing.created"]
    assert [c.key for c in lineup.during("base.thing.created")] == ["extra.check@base.thing.created"]
    assert [c.key for c in lineup.panels("base.thing", "side")] == ["extra.more"]
    assert lineup.ask("enable", tenant="x", first=True) == ["base:True", "extra:x:True"]


def test_nothing_on_is_an_empty_answer_to_everything(plugins):
    lineup = lineup_for("")
    assert (lineup.plugins, list(lineup.resources), lineup.widgets, lineup.permissions) == (
        (),
        ["core.person"],
        (),
        frozenset(),
    )
    assert lineup.ask("health") == []
    assert lineup.find("job", "base.tidy") is None


def test_what_cannot_be_served_is_left_out_with_its_state(plugins):
    lineup = lineup_for("base,gone")
    assert (lineup.plugins, dict(lineup.left_out)) == (("base",), {"gone": "missing"})


def test_what_requires_something_that_is_off_is_left_out(plugins):
    lineup = lineup_for("extra")
    assert (lineup.plugins, dict(lineup.left_out)) == ((), {"extra": "blocked"})


def test_a_stopped_plugin_is_left_out_with_what_requires_it(plugins):
    catalogue.activate(plugins.with_states({"base": ("unmigrated", "why")}))
    lineup = lineup_for("base,extra")
    assert (lineup.plugins, dict(lineup.left_out)) == ((), {"base": "unmigrated", "extra": "blocked"})


def test_it_is_compiled_once_for_a_key_and_cannot_change(plugins):
    lineup = lineup_for("base")
    assert lineup_for("base") is lineup
    with pytest.raises(FrozenInstanceError):
        lineup.key = "other"
    with pytest.raises(TypeError):
        lineup.resources["x"] = None


def test_an_unknown_hook_is_a_mistake_of_the_caller(plugins):
    with pytest.raises(KeyError):
        lineup_for("base").hooks("helth")


def test_use_answers_what_the_tenant_has_on(plugins):
    class Nobody(Service):
        pass

    with scope(lineup=lineup_for("base")):
        assert use(Contacts).display_name(None) == "Ada"
        assert use(Nobody) is None
    with scope(lineup=lineup_for("")):
        assert use(Contacts) is None
    assert current.lineup is None
    assert use(Contacts) is None
