"""The palette: what it finds, for whom, in which spelling; and the keys."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.resources.finding import find
from diwan.testing.world import Business, Person, World
from diwan.web.sorting import moved

CONTACTS = "contacts.contact"


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts", "hello")


def add(business: Business, *names: str) -> None:
    with business.acting(), unit_of_work():
        for name in names:
            resources.create(current.lineup.resources[CONTACTS], {"name": name})


def palette(business: Business, phrase: str = "", person: Person | None = None) -> list[str]:
    answer = business.client(person).get(f"{business.url}/palette", query_string={"q": phrase})
    assert answer.status_code == 200
    options = re.findall(r'role="option".*?</(?:a|button)>', answer.text, re.DOTALL)
    return [unescape(re.sub("<[^>]*>", "", "<x " + option)).strip() for option in options]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("أحمد الخالدي", "احمد"),
        ("إدارة آفاق", "ادارة افاق"),
        ("مؤسسة النور", "موسسه النور"),
        ("شركة الهدى", "الهدي"),
        ("مُحَمَّد عليّ", "محمد علي"),
        ("رائد سماء", "سما"),
        ("Société Générale", "societe gen"),
        ("Øresund Łódź", "oresund lodz"),
        ("Gulf ١٢٣٤", "1234"),
    ],
)
def test_spelling_does_not_matter(business: Business, stored: str, typed: str) -> None:
    add(business, stored, "Somebody else")
    found = palette(business, typed)
    assert stored in found
    assert "Somebody else" not in found


def test_titles_that_begin_with_the_phrase_come_first(business: Business) -> None:
    add(business, "Blue Cedar", "Cedar House", "Green Cedar")
    assert palette(business, "cedar")[0] == "Cedar House"


def test_pages_and_actions_are_found_in_both_languages(business: Business, world: World) -> None:
    assert "New: Contact" in palette(business, "new con")
    assert any("Audit log" in entry for entry in palette(business, "audit"))
    assert "العربية" in palette(business, "language")
    assert any("Log out" in entry for entry in palette(business, "log o"))
    arabic = world.business("contacts", language="ar")
    assert len(palette(arabic, "audit")) > 1  # who knows the English name finds the page in Arabic, too


def test_nothing_typed_offers_places_and_actions(business: Business) -> None:
    offered = palette(business)
    assert any(entry.startswith("Contacts") for entry in offered)
    assert "New: Contact" in offered


def test_only_what_the_person_may_see(business: Business) -> None:
    add(business, "Cedar House")
    stranger = business.member("hello.greeting.read")
    assert palette(business, "cedar", stranger) == ["Search everything for “cedar”"]
    assert palette(business, "audit", stranger) == ["Search everything for “audit”"]
    assert not any("Contact" in entry for entry in palette(business, "", stranger))
    reader = business.member("contacts.contact.read")
    assert "Cedar House" in palette(business, "cedar", reader)
    assert "New: Contact" not in palette(business, "new", reader)


def test_other_businesses_stay_unknown(business: Business, world: World) -> None:
    add(world.business("contacts"), "Cedar House")
    assert palette(business, "cedar") == ["Search everything for “cedar”"]


@pytest.mark.parametrize("phrase", ["' & !", "a:*'b", "<script>", "\\", "%", "  ", "\x00", "x" * 5000, "🐪"])
def test_odd_phrases_do_no_harm(business: Business, phrase: str) -> None:
    add(business, "Cedar House")
    page = business.client().get(f"{business.url}/palette", query_string={"q": phrase})
    assert page.status_code == 200
    assert "<script" not in page.text


def test_what_the_newest_do_not_have_is_found_among_all(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick look at the newest entries is a short cut, not a limit."""
    monkeypatch.setattr("diwan.resources.finding.PROBED", 0)
    add(business, "Ancient Oak", *(f"Sapling {n}" for n in range(101)))
    with business.acting(), unit_of_work():
        assert [title for _id, title in find([CONTACTS], "oak")[CONTACTS]] == ["Ancient Oak"]
        assert len(find([CONTACTS], "sapling", each=5)[CONTACTS]) == 5


def test_a_fixed_number_of_statements(business: Business) -> None:
    add(business, *(f"Cedar {n}" for n in range(20)))
    client = business.client()
    client.get(f"{business.url}/palette?q=warm")
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        client.get(f"{business.url}/palette?q=cedar")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len([s for s in seen if "search" in s]) <= 2
    assert len(seen) <= 4


def test_the_sheet_lists_the_keys_and_where_they_go(business: Business) -> None:
    page = business.client().get(f"{business.url}/shortcuts").text
    assert "Keyboard shortcuts" in page
    assert "<kbd>g</kbd><kbd>h</kbd>" in page
    assert "<kbd>g</kbd><kbd>c</kbd>" in page  # contacts
    start = business.client().get(business.url).text
    assert f"&#34;c&#34;: &#34;{business.url}/contacts/contact&#34;" in start


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("up b", ["b", "a", "c", "x"]),
        ("down b", ["a", "c", "b", "x"]),
        ("up a", ["a", "b", "c", "x"]),
        ("down c", ["a", "b", "c", "x"]),  # the next of its own group: there is none
        ("sideways a", ["a", "b", "c", "x"]),
        ("up nothing", ["a", "b", "c", "x"]),
        ("", ["a", "b", "c", "x"]),
    ],
)
def test_one_step_in_an_order(step: str, expected: list[str]) -> None:
    assert moved(["a", "b", "c", "x"], step, [["a", "b", "c"], ["x"]]) == expected


def test_beginnings_of_several_rare_words(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diwan.resources.finding.PROBED", 0)
    add(business, "Mohammed Alsabah", *(f"Sapling {n}" for n in range(101)))
    with business.acting(), unit_of_work():
        assert find([CONTACTS], "moh alsa")[CONTACTS][0][1] == "Mohammed Alsabah"
        assert find([CONTACTS], "mohammed al") == {}  # two letters: only among the newest


def test_the_text_index_is_the_only_way_of_the_search(business: Business) -> None:
    """Else a rare word costs a walk over the whole table."""
    with business.acting(), unit_of_work() as session:
        settings = session.scalar(text("SELECT proconfig FROM pg_proc WHERE oid = 'core.search'::regproc"))
    assert {"enable_seqscan=off", "enable_indexscan=off"} <= set(settings)
