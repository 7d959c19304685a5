"""A list as a file for programs: the same filter, order and fields, the whole of it, page by page."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from flask import Flask

from diwan.exports import reading

Api = Any
CONTACTS = "/api/v1/contacts/contact"


@pytest.fixture
def many(api: Api) -> int:
    made = [{"name": f"N{n:03}", "country": "KW" if n % 2 else "FR", "roles": ["customer"]} for n in range(60)]
    assert api("POST", CONTACTS, made).status_code == 201
    return len(made)


def test_lines_of_json_hold_the_whole_list(api: Api, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 7)
    answer = api("GET", f"{CONTACTS}?format=jsonl&fields=name,roles&country=KW&sort=-name")
    assert (answer.status_code, answer.content_type) == (200, "application/jsonl")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["name"] for row in rows] == [f"N{n:03}" for n in range(59, 0, -2)]
    assert rows[0].keys() == {"id", "name", "roles"}
    same = api("GET", f"{CONTACTS}?fields=name,roles&country=KW&sort=-name", Accept="application/x-ndjson")
    assert same.data == answer.data


def test_csv_holds_what_a_list_shows_and_no_formula(api: Api, many: int) -> None:
    api("POST", CONTACTS, {"name": "=cmd|' /C calc'!A0"})
    answer = api("GET", f"{CONTACTS}?fields=name,country", Accept="text/csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="contact.csv"'
    rows = list(csv.reader(answer.text.splitlines()))
    assert (len(rows), rows[0]) == (many + 2, ["Name", "Country"])
    assert ["'=cmd|' /C calc'!A0", ""] in rows
    assert ["N001", "Kuwait"] in rows
    arabic = api("GET", f"{CONTACTS}?format=csv&fields=country", **{"Accept-Language": "ar"})
    assert "الكويت" in arabic.text


def test_an_export_is_sent_while_it_is_read(api: Api, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 10)
    asked: list[Any] = []
    list_page = reading.resources.list_page
    monkeypatch.setattr(reading.resources, "list_page", lambda *a, **k: (asked.append(1), list_page(*a, **k))[1])
    answer = api("GET", f"{CONTACTS}?format=jsonl")
    parts = answer.iter_encoded()
    assert len(next(parts).splitlines()) == 10
    assert len(asked) == 1
    assert len(next(parts).splitlines()) == 10
    assert len(asked) == 2
    answer.close()


def test_exporting_has_a_right_of_its_own(app: Flask, business: Any, program: Any) -> None:
    reader = program(app.test_client(), business.token(business.member("contacts.contact.read")))
    for form in ("csv", "jsonl"):
        assert reader("GET", f"{CONTACTS}?format={form}").status_code == 403
    both = program(
        app.test_client(), business.token(business.member("contacts.contact.read", "contacts.contact.export"))
    )
    assert both("GET", f"{CONTACTS}?format=csv").status_code == 200


@pytest.mark.parametrize("query", ["limit=5", "cursor=x", "count=true", "expand=x", "sort=no", "fields=no", "no=1"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_that_makes_no_sense_is_refused_before_it_begins(api: Api, form: str, query: str) -> None:
    assert api("GET", f"{CONTACTS}?format={form}&{query}").status_code == 400


def test_an_empty_list_is_an_empty_file(api: Api) -> None:
    assert api("GET", f"{CONTACTS}?format=jsonl").data == b""
    assert api("GET", f"{CONTACTS}?format=csv&fields=name").text == "Name\r\n"
