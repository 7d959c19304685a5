"""Icons, built files, headers and templates: what every page stands on.

It must not need a database: templates are rendered by the gallery, with made-up content.
"""

from __future__ import annotations

import gzip
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from diwan.testing.texts import NAMES
from diwan.web import headers, ui

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "platform" / "diwan" / "web" / "templates"
FRONT_END = ROOT / "platform" / "frontend"
FIRST_VISIT = 200_000  # bytes on the wire, fonts included

# Text between tags that is no placeholder: `>Save<`. Entities, digits and signs need no translation.
BARE_TEXT = re.compile(r">([^<>{}=]*[A-Za-z]{3}[^<>{}=]*)<")


@pytest.fixture(scope="module")
def gallery() -> Iterator[ModuleType]:
    sys.path.insert(0, str(FRONT_END))
    yield importlib.import_module("gallery")
    sys.path.remove(str(FRONT_END))


@pytest.fixture(scope="module")
def client(gallery: ModuleType) -> FlaskClient:
    app: Flask = gallery.create_app()
    app.testing = True
    return app.test_client()


def pages(gallery: ModuleType) -> list[str]:
    return [f"/{name}?lang={language}" for name in gallery.content() for language in ("en", "ar")]


def test_every_page_is_drawn_without_inline_script_or_style(gallery: ModuleType, client: FlaskClient) -> None:
    """The strict CSP would drop them without a word."""
    for page in pages(gallery):
        html = client.get(page).get_data(as_text=True)
        assert "</html>" in html, page
        for tag in re.findall(r"<script\b[^>]*>", html):
            assert "src=" in tag, f"{page}: {tag}"
        assert not re.search(r"<style\b|\sstyle=|\son\w+=|javascript:", html), page


def test_texts_in_templates_are_translated() -> None:
    """A word between tags that does not go through _() stays English for an Arabic reader."""
    comments = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<code.*?</code>", re.DOTALL)
    allowed = {"Ctrl K"} | NAMES
    for template in sorted(TEMPLATES.rglob("*.html")):
        bare = comments.sub("", template.read_text("utf-8"))
        found = {text.strip() for text in BARE_TEXT.findall(bare)} - allowed
        assert not found, f"{template.name}: {found}"


def test_ids_are_unique_on_a_page(gallery: ModuleType, client: FlaskClient) -> None:
    for page in pages(gallery):
        html = re.sub(r"<template.*?</template>", "", client.get(page).get_data(as_text=True), flags=re.DOTALL)
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), f"{page}: {sorted(i for i in ids if ids.count(i) > 1)}"


def test_htmx_gets_the_part_and_a_person_the_page(client: FlaskClient) -> None:
    part = client.get("/list", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert 'id="list"' in part
    assert "<html" not in part
    restored = client.get("/list", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.get_data(as_text=True)


def test_answers_carry_the_security_headers(client: FlaskClient) -> None:
    answer = client.get("/list")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in answer.headers
    assert "HX-Request" in answer.vary


def test_https_adds_strict_transport_and_a_view_may_set_its_own_cache() -> None:
    response = headers.secure(Response(headers={"Cache-Control": "public, max-age=60"}), https=True)
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]
    assert response.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_first_visit_stays_light(client: FlaskClient, language: str) -> None:
    fonts = ["inter-latin-wght-normal.woff2"]
    if language == "ar":
        fonts += [f"ibm-plex-sans-arabic-arabic-{weight}-normal.woff2" for weight in (400, 600)]

    def built(name: str) -> Path:
        return ui.DIST / ui.asset(name).removeprefix(ui.STATIC_URL)

    weight = sum(built(name).stat().st_size for name in fonts)
    weight += sum(built(name).with_name(built(name).name + ".gz").stat().st_size for name in ("app.js", "style.css"))
    weight += len(gzip.compress(client.get(f"/list?lang={language}").data))
    assert weight < FIRST_VISIT


def test_every_icon_that_a_template_names_exists() -> None:
    names = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r"icon\('([a-z0-9-]+)'", template.read_text("utf-8"))
    }
    assert len(names) > 40
    assert not [name for name in names if not ui.has_icon(name)]


def test_an_unknown_icon_is_a_circle_not_an_error() -> None:
    assert not ui.has_icon("no-such-icon")
    assert "<svg" in ui.icon("no-such-icon")


def test_missing_assets_say_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ui, "DIST", tmp_path)
    ui._manifest.cache_clear()
    with pytest.raises(ui.AssetsMissing, match="make assets"):
        ui.asset("app.js")
    ui._manifest.cache_clear()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mariam Al-Sabah", "MS"),
        ("Ana Trujillo Emparedados y helados", "AT"),
        ("Diwan", "D"),
        ("النخيل للتجارة", "ن"),
        ("عمر", "ع"),
        ("", "?"),
        ("…", "?"),
        ("ال", "ا"),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert ui.initials(name) == expected


def test_a_name_keeps_its_colour() -> None:
    assert ui.avatar_colour("Cedar Furniture House") == ui.avatar_colour("Cedar Furniture House")
    assert len({ui.avatar_colour(number) for number in range(100)}) == ui.AVATAR_COLOURS


@pytest.mark.parametrize(("country", "day"), [("KW", 6), ("SA", 0), ("DE", 1), ("xx", 1), ("", 1)])
def test_weeks_start_where_the_country_starts_them(country: str, day: int) -> None:
    assert ui.week_start(country) == day


def test_a_brand_colour_cannot_smuggle_css() -> None:
    assert ui.brand_stylesheet(262, 9) == ":root{--brand-h:262;--brand-c:0.130}"
    with pytest.raises((TypeError, ValueError)):
        ui.brand_stylesheet("1}body{display:none")  # type: ignore[arg-type]
