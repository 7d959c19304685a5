"""Every text of the core and of the plugins in this repository is there in Arabic, as the sources have it now."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from diwan.kit import catalogues, i18n
from diwan.kit.catalogues import Domain

ROOT = Path(__file__).resolve().parents[3]
DOMAINS = catalogues.find([ROOT])
extract = cache(catalogues.extract)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
WORD = re.compile(r"\w*[^\W\d_]\w*")
NAMES = {"2FA", "CSV", "PostgreSQL", "UTC", "UTF", "Unicode", "Valkey"}
"""What Arabic writes in Latin letters too."""


def test_the_core_and_all_plugins_are_found() -> None:
    assert [domain.name for domain in DOMAINS] == ["diwan", "contacts", "hello", "loans"]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_every_text_is_translated(domain: Domain) -> None:
    sources, arabic = extract(domain), catalogues.read(domain.po("ar"), "ar")
    assert len(sources) > 5
    assert not catalogues.faults(sources, arabic)
    assert not arabic.obsolete


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_the_file_is_as_the_command_writes_it(domain: Domain, tmp_path: Path) -> None:
    """So that a commit shows the texts that changed and nothing else."""
    known = catalogues.read(domain.po("ar"), "ar")
    again = tmp_path / "again.po"
    catalogues.write(catalogues.merge(extract(domain), known), again, domain.name)
    assert again.read_text("utf-8") == domain.po("ar").read_text("utf-8")


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_no_latin_words_are_left_in_arabic(domain: Domain) -> None:
    """A text that was copied instead of translated; names of things that Arabic writes in Latin letters may stay."""
    arabic = catalogues.read(domain.po("ar"), "ar")
    same = {message.id for message in arabic if message.id and message.id == message.string}
    assert {text for text in same if set(WORD.findall(PLACEHOLDER.sub("", text))) - NAMES} == set()


# The checks themselves


def _catalogue(*messages: tuple[str | tuple[str, str], str | tuple[str, ...]]) -> Catalog:
    made = Catalog(locale="ar")
    for id, string in messages:
        made.add(id, string)
    return made


ROWS = ("%(n)d row of %(name)s", "%(n)d rows of %(name)s")


@pytest.mark.parametrize(
    ("id", "string", "fault"),
    [
        ("Save", "", "not translated"),
        ("Hello %(name)s", "مرحبًا", "other placeholders"),
        ("Hello %(name)s", "مرحبًا %(nam)s", "other placeholders"),
        (ROWS, ("لا", "صف", "صفان"), "3 plural forms instead of 6"),
        (ROWS, ("لا %(name)s",) * 5 + ("",), "not translated in each plural form"),
        (ROWS, ("لا %(name)s",) * 6, "other placeholders in form 3"),
        (ROWS, ("لا",) * 3 + ("%(n)d %(name)s",) * 3, "other placeholders in form 0"),
    ],
)
def test_a_fault_is_found(id: str | tuple[str, str], string: str | tuple[str, ...], fault: str) -> None:
    found = catalogues.faults(_catalogue((id, "" if isinstance(id, str) else ("", ""))), _catalogue((id, string)))
    assert any(text.startswith(fault) for text in found), found


def test_a_good_plural_and_a_good_text_are_no_fault() -> None:
    forms = ("لا شيء من %(name)s", "صف من %(name)s", "صفان من %(name)s", *["%(n)d صفوف من %(name)s"] * 3)
    texts = _catalogue((ROWS, forms), ("100%% of %(x)s", "100%% من %(x)s"))
    assert catalogues.faults(texts, texts) == []


def test_new_and_gone_texts_are_faults_until_the_file_is_updated() -> None:
    sources, known = _catalogue(("New", "")), _catalogue(("Gone", "راح"))
    found = catalogues.faults(sources, known)
    assert len(found) == 2
    merged = catalogues.merge(sources, known)
    assert [message.id for message in merged if message.id] == ["New"]
    assert not merged.obsolete


def test_what_was_only_guessed_is_not_kept() -> None:
    known = Catalog(locale="ar")
    known.add("Save", "حفظ", flags=["fuzzy"])
    merged = catalogues.merge(_catalogue(("Save", "")), known)
    assert [message.string for message in merged if message.id] == [None]


# The sources


@pytest.fixture
def package(tmp_path: Path) -> Domain:
    folder = tmp_path / "diwan_shop"
    (folder / "templates").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "__init__.py").write_text(
        "_ = plugin.gettext\n"
        "A = _('In Python, '\n      'in two pieces')\n"
        "B = ngettext('%(n)d shop', '%(n)d shops', 3)\n"
        "# i18n: a verb, not a noun\nC = _('Shop')\n"
        "D = _(A)\n"
    )
    (folder / "templates" / "page.html").write_text(
        "{% do x %}<p title=\"{{ _('In a title') }}\">{{ _('By %(name)s', name=x) }}</p>"
        "{% macro m() %}{{ ngettext('%(num)d hour', '%(num)d hours', n) }}{% endmacro %}"
    )
    (folder / "tests" / "test_it.py").write_text("_('Not this')")
    (folder / "plugin.toml").write_text('name = "shop"\nlabel = "The shop"\nsummary = "Sells."\napi = ">=1.0"\n')
    return catalogues.find([tmp_path])[0]


def test_texts_come_from_python_templates_and_the_manifest(package: Domain) -> None:
    found = catalogues.extract(package)
    assert {message.id for message in found if message.id} == {
        "In Python, in two pieces",
        ("%(n)d shop", "%(n)d shops"),
        "Shop",
        "In a title",
        "By %(name)s",
        ("%(num)d hour", "%(num)d hours"),
        "The shop",
        "Sells.",
        "Other",
    }
    shop = found.get("Shop")
    assert shop is not None
    assert shop.auto_comments == ["a verb, not a noun"]


def test_a_broken_template_is_an_error_and_not_an_empty_catalogue(package: Domain) -> None:
    (package.package / "templates" / "broken.html").write_text("{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        catalogues.extract(package)


def test_an_update_writes_once_and_then_nothing(package: Domain) -> None:
    sources, po = catalogues.extract(package), package.po("ar")
    assert catalogues.write(catalogues.merge(sources, catalogues.read(po, "ar")), po, package.name)
    assert not catalogues.write(catalogues.merge(sources, catalogues.read(po, "ar")), po, package.name)
    text = po.read_text("utf-8")
    assert "#:" not in text
    assert "POT-Creation-Date" not in text


# Loading


def test_a_po_is_read_where_its_mo_is_missing_or_older(package: Domain) -> None:
    po = package.po("ar")
    catalogues.write(_catalogue(("Shop", "متجر")), po, package.name)
    assert i18n._load(po, "shop").gettext("Shop") == "متجر"
    mo = catalogues.compile_po(po)
    po.unlink()
    assert i18n._load(po, "shop").gettext("Shop") == "متجر"
    catalogues.write(_catalogue(("Shop", "دكان")), po, package.name)
    os.utime(mo, (1, 1))
    assert i18n._load(po, "shop").gettext("Shop") == "دكان"
    assert i18n._load(po.with_name("none.po"), "none").gettext("Shop") == "Shop"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "لا صفوف"),
        (1, "صف واحد"),
        (2, "صفّان"),
        (3, "3 صفوف"),
        (10, "10 صفوف"),
        (11, "11 صفًا"),
        (99, "99 صفًا"),
        (100, "100 صف"),
        (101, "101 صف"),
        (103, "103 صفوف"),
        (111, "111 صفًا"),
    ],
)
def test_arabic_counts_in_six_forms(number: int, text: str) -> None:
    token = i18n.set_language("ar")
    try:
        assert i18n.ngettext("%(num)d row", "%(num)d rows", number) == text
    finally:
        i18n.reset_language(token)
