"""Small doors that must be shut: methods, listings, debugging, what is logged of refusals, what logging out leaves.

It must hold what has no better place; each test names one thing.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from diwan.app import create_app
from diwan.config import Config
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business
from diwan.users.passwords import HASHER, LONGEST, SHORTEST, hash_password, verify_password

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "platform/frontend/src/js").rglob("*.js"))


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
def test_odd_methods_are_refused(app: Flask, business: Business, method: str) -> None:
    for path in ("/", "/login", business.url, "/api/v1/", "/healthz", "/static/"):
        answer = business.client().open(path, method=method, headers={"X-Echo": "zzq9"})
        assert answer.status_code in (404, 405), path
        assert "zzq9" not in answer.text


@pytest.mark.parametrize("path", ["/static/", "/static/dist/", "/static/../app.py", "/.git/HEAD", "/.env", "/console"])
def test_no_folder_is_listed_and_nothing_beside_the_built_files_is_served(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


def test_nothing_is_debugged(config: Config) -> None:
    app = create_app(replace(config, testing=False))
    assert not app.debug
    assert not app.testing
    assert not app.config["PROPAGATE_EXCEPTIONS"]


def test_a_defect_tells_the_person_nothing_but_a_number(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("SELECT secret FROM place")

    monkeypatch.setattr("diwan.users.service.authenticate", fail)
    visitor = Visitor(app)
    visitor.get("/login")
    answer = visitor.post("/login", email="a@example.com", password="x")
    assert answer.status_code == 500
    for hidden in ("SELECT", "RuntimeError", "Traceback", "site-packages", "/diwan/"):
        assert hidden not in answer.text


def test_scripts_run_no_text_and_listen_to_no_other_window() -> None:
    assert len(SCRIPTS) > 10
    for script in SCRIPTS:
        found = re.search(r"\beval\(|new Function|postMessage|addEventListener\(.message|document\.write|__proto__",
                          script.read_text("utf-8"))  # fmt: skip
        assert found is None, f"{script.name}: {found}"


def test_scripts_keep_nothing_of_a_business_in_the_browser() -> None:
    """Which tab of a form was open is all."""
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        assert not re.search(r"localStorage|indexedDB|caches\.open", text), script.name
        assert "sessionStorage" not in text or script.name == "tabs.js", script.name


def test_logging_out_leaves_no_page_behind(app: Flask, business: Business) -> None:
    answer: TestResponse = business.client().post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_cookies_of_the_look_are_of_this_host_only_with_https(config: Config, business: Business) -> None:
    here = "https://localhost"
    safe = create_app(replace(config, base_url=here))
    business.world.app = safe
    client = business.client()
    place = f"{business.url}/preferences/look"
    answer = client.post(place, data={"theme": "dark"}, headers={"Referer": f"{here}/"}, base_url=here)
    [cookie] = [line for line in answer.headers.getlist("Set-Cookie") if "theme" in line]
    assert cookie.startswith("__Host-theme=dark;")
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie
    page = safe.test_client(use_cookies=False).get("/login", headers={"Cookie": "__Host-theme=dark; theme=light"})
    assert 'data-theme="dark"' in page.text


def test_refusals_are_logged_with_the_right_that_was_missing(
    business: Business, caplog: pytest.LogCaptureFixture
) -> None:
    reader = business.member("contacts.contact.read")
    client = business.client(reader)
    path = f"{business.url}/contacts/contact/new"
    assert client.get(path).status_code == 403
    assert f"refused GET {path}: contacts.contact.create" in caplog.text
    headers = {"Authorization": f"Bearer {business.token(reader, ['contacts.contact.read'])}"}
    client.post("/api/v1/contacts/contact", json={"name": "x"}, headers=headers)
    assert "refused POST /api/v1/contacts/contact: contacts.contact.create" in caplog.text
    client.get("/api/v1/", headers={"Authorization": "Bearer dwn_nothing"})
    assert "refused GET /api/v1/: unauthenticated" in caplog.text
    client.post(f"{business.url}/tasks", data={"title": "x"}, headers={"X-CSRFToken": "forged"})
    assert f"refused POST {business.url}/tasks: " in caplog.text


def test_a_limit_that_is_reached_is_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    visitor = Visitor(app)
    visitor.get("/login")
    for _ in range(7):
        visitor.post("/login", email=visitor.email, password="wrong")
    assert "refused: limit login is reached" in caplog.text
    assert visitor.email not in caplog.text


def test_passwords_may_be_long_and_of_any_letters_and_are_taken_as_typed() -> None:
    assert SHORTEST >= 10
    assert LONGEST >= 64
    typed = "  Ünïcødé ١٢٣ " + "x" * 50
    stored = hash_password(typed)
    assert verify_password(stored, typed)
    assert not any(verify_password(stored, other) for other in (typed.strip(), typed.lower(), typed[:-1]))
    assert HASHER.memory_cost >= 19 * 1024
    assert HASHER.time_cost >= 2


@pytest.mark.parametrize("path", ["/login", "/sign-up", "/forgot"])
def test_password_managers_and_pasting_work(app: Flask, path: str) -> None:
    page = app.test_client().get(path).text
    for tag in re.findall(r"<input[^>]*type=\"password\"[^>]*>", page):
        assert re.search(r'autocomplete="(current|new)-password"', tag), tag
        assert "onpaste" not in tag
    assert not re.search(r"<input[^>]*name=\"password\"[^>]*type=\"text\"", page)
    assert not any(
        '"paste"' in script.read_text("utf-8") and "password" in script.read_text("utf-8") for script in SCRIPTS
    )


def test_nobody_is_there_before_somebody_signs_up(app: Flask) -> None:
    for name in ("admin", "root", "administrator", "diwan", "test"):
        visitor = Visitor(app, email=f"{name}@example.com")
        for password in ("admin", "root", "password", "diwan", "changeme"):
            assert visitor.log_in(password).status_code in (422, 429)
