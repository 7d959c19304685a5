"""Loading: each failure state, the right plugin blamed, all of its problems at once, and the others untouched."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import select

from diwan.db.base import metadata
from diwan.kernel.loader import PluginsNotReady
from diwan.kernel.plugin import Plugin

THING = """
@plugin.resource(label="Thing", labels="Things")
class Thing(Model):
    name: Mapped[str] = field("Name")
"""

CASES = {
    "bad_manifest": ("badmanifest", "rejected", [
        "`lable` is unknown in plugin.toml (did you mean `label`?)",
        "`label` is missing", "`summary` is missing",
        "must be 2 to 24 lower-case letters and digits, not 'Bad_Manifest'",
        "`api`: '1 or 2' is not a version range",
        "[requires] crm: 'newest' is not a version range",
        "'Everything!' is not a permission",
    ]),
    "api_range": ("apirange", "rejected", ["it needs plugin API >=2.0,<3, this platform offers 1.0"]),
    "missing_requirement": ("orphan", "blocked", ["it requires `nowhere`, which is not installed"]),
    "import_error": ("importerror", "broken", ["No module named 'a_module_that_does_not_exist' (models.py, line 3)"]),
    "broken_mapper": ("brokenmapper", "broken", ["its models do not fit together", "'Owner'"]),
    "table_outside_schema": ("outside", "broken", ["table core.intruder is outside its schema `outside`"]),
    "unknown_hook": ("unknownhook", "broken", [
        "there is no hook `record_filter`", "hooks are disable, enable, health", "hook health: ", "colour",
    ]),
    "duplicate_key": ("duplicatekey", "broken", ["two widget contributions are called duplicatekey.total"]),
    "unknown_slot": ("unknownslot", "broken", ["there is no slot 'footer'; slots are side, tab, header"]),
    "service_missing_method": ("halfservice", "broken", ["service Contacts cannot be offered", "find_by_email"]),
    "no_migrations": ("nomigrations", "unmigrated", ["diwan db revision -p nomigrations"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_fault_has_its_state_and_its_reasons(shelf, case):
    name, state, reasons = CASES[case]
    shelf.case(case)
    shelf.write("neighbour")
    plugins = shelf.load()
    assert plugins[name].state == state
    text = "\n".join(plugins[name].problems)
    assert [reason for reason in reasons if reason not in text] == [], text
    assert plugins["neighbour"].state == "ready"
    assert plugins["neighbour"].problems == []


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][1] != "unmigrated"])
def test_nothing_of_a_stopped_plugin_remains(shelf, case):
    tables = set(metadata.tables)
    shelf.case(case)
    shelf.load()
    assert set(metadata.tables) == tables
    assert [m for m in sys.modules if m.split(".")[0] in shelf.packages] == []


def test_a_broken_mapper_stops_no_query_of_others(shelf):
    shelf.case("broken_mapper")
    shelf.write("fine", THING, migrations__first="")
    plugins = shelf.load()
    assert plugins["brokenmapper"].state == "broken"
    assert plugins["fine"].state == "ready"
    thing = sys.modules["diwan_fine"].Thing
    assert "fine.thing" in str(select(thing))


def test_a_backref_into_another_plugin_is_refused_before_it_does_harm(shelf):
    shelf.write("base", THING, migrations__first="")
    code = (
        "from uuid import UUID\nfrom diwan_base import Thing\n"
        "@plugin.resource(label='Note', labels='Notes')\nclass Note(Model):\n    name: Mapped[str] = field('Name')\n"
        "    thing_id: Mapped[UUID] = field('Thing', ref='base.thing')\n"
        "    thing = relationship(Thing, primaryjoin='foreign(Note.thing_id) == Thing.id', backref='notes')\n"
    )
    shelf.write("notes", code, toml='[requires]\nbase = ">=1"\n', migrations__first="")
    plugins = shelf.load()
    assert "relationship Note.thing: backref= is not allowed" in plugins["notes"].problems[0]
    assert plugins["base"].state == "ready"
    thing = sys.modules["diwan_base"].Thing
    assert "notes" not in thing.__mapper__.relationships


def test_a_circle_of_requirements_is_named_and_what_needs_it_waits(shelf):
    shelf.case("cycle")
    plugins = shelf.load()
    assert plugins["egg"].state == plugins["hen"].state == "rejected"
    assert "egg → hen → egg" in plugins["egg"].problems[0]
    assert plugins["farm"].state == "blocked"
    assert plugins["farm"].problems == ["it requires `hen`, which is rejected"]


def test_a_longer_circle_reads_in_the_direction_of_requiring(shelf):
    for name, required in (("one", "two"), ("two", "three"), ("three", "one")):
        shelf.write(name, toml=f'[requires]\n{required} = ">=1"\n')
    assert "one → two → three → one" in shelf.load()["two"].problems[0]


def test_what_requires_a_broken_plugin_is_blocked_and_never_runs(shelf):
    shelf.case("import_error")
    shelf.write("needy", "raise AssertionError\n", toml='[requires]\nimporterror = ">=1"\n')
    plugins = shelf.load()
    assert plugins["needy"].state == "blocked"
    assert plugins["needy"].problems == ["it requires `importerror`, which is broken"]


def test_a_requirement_of_another_version_blocks(shelf):
    shelf.write("base", version="1.4")
    shelf.write("wants", toml='[requires]\nbase = ">=2"\n')
    plugins = shelf.load()
    assert plugins["wants"].state == "blocked"
    assert "it requires `base` >=2, installed is 1.4" in plugins["wants"].problems


def test_order_follows_requirements_and_options_then_names(shelf):
    shelf.write("alpha", toml='[requires]\nzulu = ">=1"\n')
    shelf.write("beta", toml='[optional]\nyankee = ">=1"\n')
    shelf.write("yankee", toml='[optional]\nbeta = ">=1"\n')  # options may point both ways
    shelf.write("zulu")
    plugins = shelf.load()
    assert list(plugins) == ["beta", "yankee", "zulu", "alpha"]
    assert plugins.closure("alpha") == ["zulu", "alpha"]
    assert not plugins.stopped


def test_two_distributions_with_one_name_are_both_refused(shelf):
    shelf.write("twin")
    shelf.install("diwan_other", "twin", distribution="other")
    plugins = shelf.load()
    assert plugins["twin"].state == "rejected"
    assert "two distributions offer it: diwan-twin and other" in plugins["twin"].problems


def test_the_manifest_must_carry_the_entry_points_name(shelf):
    shelf.write("real")
    shelf.install("diwan_real", "alias", distribution="alias")
    plugins = shelf.load()
    assert plugins["alias"].problems == ["its manifest says `real`, its entry point `alias`"]
    assert plugins["real"].state == "ready"


def test_a_package_that_is_gone_is_rejected(shelf):
    shelf.install("diwan_gone", "gone")
    assert shelf.load()["gone"].state == "rejected"


def test_strict_mode_stops_with_every_problem_of_every_plugin(shelf):
    shelf.case("unknown_hook")
    shelf.case("api_range")
    with pytest.raises(PluginsNotReady) as error:
        shelf.load(strict=True)
    text = str(error.value)
    assert "apirange is rejected" in text
    assert text.count("unknownhook is broken") == 2


def test_strict_mode_passes_where_all_is_well(shelf):
    shelf.write("fine")
    assert [entry.name for entry in shelf.load(strict=True).ready] == ["fine"]


def test_loading_twice_gives_the_same_and_a_mended_plugin_recovers(shelf):
    shelf.write("steady")
    package = shelf.write("mended", "import a_module_that_does_not_exist\n")
    first = shelf.load()
    assert (first["steady"].state, first["mended"].state) == ("ready", "broken")
    (package / "__init__.py").write_text("from diwan.plugin import Plugin\nplugin = Plugin(__name__)  # mended\n")
    second = shelf.load()
    assert second["mended"].state == "ready"
    assert second["steady"].plugin is first["steady"].plugin


def test_the_files_of_a_larger_plugin_are_imported(shelf):
    shelf.write("large", jobs="from diwan_large import plugin\n@plugin.job\ndef tidy(): ...\n")
    assert [c.key for c in shelf.load()["large"].plugin.contributions["job"]] == ["large.tidy"]


def test_exit_at_import_does_not_stop_the_platform(shelf):
    shelf.write("quitter", "raise SystemExit(3)\n")
    plugins = shelf.load()
    assert plugins["quitter"].state == "broken"
    assert "SystemExit: 3 (__init__.py, line 3)" in plugins["quitter"].problems


@pytest.mark.parametrize(("code", "problem"), [
    ("@plugin.panel('base.nothing', label='X')\ndef x(r): ...", "panel sample.x is for `base.nothing`"),
    ("plugin.role('Boss', grants=['base.thing.reed'])", "role sample.boss grants `base.thing.reed`"),
    ("@plugin.during(Deleting['base.nothing'])\ndef x(e): ...", "there is no resource `base.nothing`"),
    ("@plugin.schedule('every day')\ndef x(): ...", "schedule 'every day' is not a cron expression"),
    ("@plugin.on('What?')\ndef x(e): ...", "'What?' is not an event"),
    ("@plugin.page('board', label='Board')\ndef board(): ...", "the rule 'board' must begin with /"),
    ("@plugin.widget(label='')\ndef x(): ...", "widget sample.x has no label"),
    ("@plugin.widget(label='X', size='huge')\ndef x(): ...", "size 'huge' is not one of"),
    ("@plugin.resource(label='T', labels='Ts')\nclass T(Model):\n    title: Mapped[str] = field('T')", "title='name'"),
])  # fmt: skip
def test_declarations_that_make_no_sense_are_told(shelf, code, problem):
    shelf.write("base", THING, migrations__first="")
    shelf.write("sample", code + "\n")
    plugins = shelf.load()
    assert plugins["sample"].state == "broken"
    assert problem in "\n".join(plugins["sample"].problems)
    assert plugins["base"].state == "ready"


def test_what_points_to_plugins_that_are_not_installed_is_inert(shelf):
    code = "plugin.role('Boss', grants=['crm.lead.read'])\n@plugin.panel('crm.lead', label='X')\ndef x(r): ...\n"
    shelf.write("sample", code)
    assert shelf.load()["sample"].state == "ready"


def test_a_template_with_a_mistake_is_found_at_load(shelf):
    package = shelf.write("pages")
    (package / "templates" / "pages").mkdir(parents=True)
    (package / "templates" / "pages" / "board.html").write_text("{% for %}")
    plugins = shelf.load()
    assert "template pages/board.html" in plugins["pages"].problems[0]


TENANT = "Column('tenant_id', BigInteger, ForeignKey('core.tenant.id', ondelete='CASCADE'), primary_key=True)"


@pytest.mark.parametrize(("table", "problem"), [
    ("Column('id', BigInteger, primary_key=True)", "the primary key must begin with tenant_id"),
    ("Column('tenant_id', BigInteger, primary_key=True)", "tenant_id must refer to core.tenant"),
    ("Column('tenant_id', BigInteger, ForeignKey('core.tenant.id'), primary_key=True)",
     "ondelete must be RESTRICT or CASCADE"),
    (f"{TENANT}, Column('owner', Uuid, ForeignKey('core.user.id', ondelete='CASCADE'))", "only plugins in [requires]"),
])  # fmt: skip
def test_tables_must_belong_to_tenants(shelf, table, problem):
    code = (
        "from sqlalchemy import BigInteger, Column, ForeignKey, Table, Uuid\nfrom diwan.db.base import metadata\n"
        f"Table('loose', metadata, {table}, schema='loose')\n"
    )
    shelf.write("loose", code, migrations__first="")
    plugins = shelf.load()
    assert problem in "\n".join(plugins["loose"].problems)


def test_plugin_belongs_in_the_package_itself():
    with pytest.raises(TypeError, match="top-level package"):
        Plugin("diwan.kernel.loader")
