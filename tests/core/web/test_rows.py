"""Rows and cells of lists: hostile values are shown, never run."""

from __future__ import annotations

from typing import Any

import pytest

from diwan.kit import i18n
from diwan.web.rows import CELLS, cell, list_rows

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
COLUMNS = [{"label": "Name"}, {"label": HOSTILE, "kind": "text"}, {"label": "Total", "kind": "money", "end": True}]


@pytest.mark.parametrize("kind", ["text", *sorted(CELLS)])
def test_every_kind_escapes(kind: str) -> None:
    """Whatever a kind takes: a text, a mapping with a text, a list."""
    values: list[Any] = {
        "choices": [[HOSTILE], [{"text": HOSTILE, "tone": HOSTILE}]],
        "reference": [HOSTILE, {"text": HOSTILE, "href": HOSTILE}],
        "boolean": [True],
        "progress": [250],
    }.get(kind, [HOSTILE, {"text": HOSTILE, "tone": HOSTILE}])
    for value in values:
        html = str(cell(kind, value))
        assert "<script" not in html
        assert "<img src=x" not in html


def test_rows_escape_ids_labels_titles_and_links() -> None:
    row = {"id": HOSTILE, "href": HOSTILE, "label": HOSTILE, "cells": [{"text": HOSTILE, "sub": HOSTILE}, HOSTILE, "1"]}
    html = str(list_rows(COLUMNS, [row], select=True))
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<tr ") == 1


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JavaScript://x%0aalert(1)", "data:text/html,x", "example.com"]
)
def test_only_web_addresses_become_links(address: str) -> None:
    assert "href" not in cell("url", address)


def test_a_web_address_is_a_link_without_its_scheme() -> None:
    html = str(cell("url", "https://example.com/"))
    assert 'href="https://example.com/"' in html
    assert ">example.com<" in html


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_a_dash_and_hidden_from_cards_on_phones(value: object) -> None:
    html = str(list_rows(COLUMNS, [{"id": 1, "href": "/1", "label": "A", "cells": ["A", value, 0]}], select=False))
    assert "nil-cell" in html
    assert ">0<" in html  # a zero is something
    assert "checkbox" not in html


def test_checkboxes_name_the_record_in_the_readers_language() -> None:
    token = i18n.set_language("ar")
    html = str(list_rows(COLUMNS, [{"id": 1, "href": "/1", "label": "دار", "cells": ["دار", "", ""]}], select=True))
    i18n.reset_language(token)
    assert 'aria-label="' in html
    assert "دار" in html
    assert "Select" not in html


def test_lazy_texts_are_translated_and_escaped() -> None:
    assert "&lt;b&gt;" in cell("text", i18n.domain("nowhere", i18n.CORE)("<b>"))
