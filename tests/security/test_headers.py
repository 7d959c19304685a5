"""The headers of every answer of every face, with http and with https; no page stays in a cache that others share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.routing import Rule

from diwan.testing.world import Business
from diwan.web.headers import STRICT_TRANSPORT
from diwan.web.ui import DIST, STATIC_URL

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OPEN = {"/robots.txt", "/.well-known/security.txt"}
"""What everybody may see, and may keep."""


def address(rule: Rule, business: Business) -> str:
    """Return an address that a rule takes; what it names is mostly not there."""
    known = {"slug": business.tenant.slug, "plugin": "contacts", "name": "contact", "id": str(uuid4())}
    path = re.sub(r"<any\(([\w-]+)[^>]*>", r"\1", rule.rule)
    path = re.sub(r"<uuid:\w+>", str(uuid4()), path)
    path = re.sub(r"<int:\w+>", "1", path)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known.get(m[1], "unknown"), path)


def rules(app: Flask, methods: set[str]) -> Iterator[tuple[str, Rule]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: r.rule):
        for method in sorted((rule.methods or set()) & methods):
            yield method, rule


def wrong(answer: Any) -> dict[str, str]:
    """Return what is missing in the headers of an answer."""
    sent = answer.headers
    found = {name: sent.get(name, "") for name, value in EXPECTED.items() if sent.get(name) != value}
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        found["Content-Security-Policy"] = policy
    if "sandbox" not in policy and "frame-ancestors 'none'" not in policy:
        found["frame-ancestors"] = policy
    if "camera=()" not in answer.headers.get("Permissions-Policy", ""):
        found["Permissions-Policy"] = ""
    for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        if name in answer.headers:
            found[name] = answer.headers[name]
    return found


def test_every_route_has_them(app: Flask, business: Business) -> None:
    browser, api = business.client(), app.test_client()
    token = {"Authorization": f"Bearer {business.token()}"}
    bad: dict[str, Any] = {}
    count = 0
    for method, rule in rules(app, {"GET", "POST"}):
        path = address(rule, business)
        on_api = path.startswith("/api/")
        client, headers = (api, token) if on_api else (browser, {})
        if rule.endpoint in ("login.logout", "data.delete"):
            continue
        answer = client.open(path, method=method, headers=headers)
        answer.close()
        missing = wrong(answer)
        kept = answer.headers.get("Cache-Control", "")
        if path not in OPEN and "private" not in kept and "no-store" not in kept:
            missing["Cache-Control"] = kept
        if missing:
            bad[f"{method} {path} {answer.status_code}"] = missing
        count += 1
    assert bad == {}
    assert count > 150


@pytest.mark.parametrize("path", ["/nothing/here", "/api/v1/nothing/here", "/login", "/healthz", "/readyz", "/api/v1/"])
def test_strangers_and_errors_have_them(app: Flask, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        answer = app.test_client().open(path, method=method)
        assert wrong(answer) == {}, method
        assert "Strict-Transport-Security" not in answer.headers


def a_built_file() -> str:
    found = sorted(DIST.rglob("*.css"))
    assert found, "the front end is not built"
    return STATIC_URL + found[0].relative_to(DIST).as_posix()


def test_built_files_have_them(app: Flask) -> None:
    answer = app.test_client().get(a_built_file())
    assert answer.status_code == 200
    assert wrong(answer) == {}
    assert "public" in answer.headers["Cache-Control"]


def test_with_https_browsers_are_told_to_stay(app: Flask, tmp_path: Path) -> None:
    from diwan.app import create_app

    config = replace(app.config["DIWAN"], base_url="https://diwan.example", hosts=("localhost",))
    secure = create_app(config)
    create_app(app.config["DIWAN"])  # what a process knows of itself is that of its last application
    for path in ("/login", "/nothing", "/api/v1/", "/healthz", a_built_file()):
        answer = secure.test_client().get(path)
        assert answer.headers["Strict-Transport-Security"] == STRICT_TRANSPORT, path
    for cookie in secure.test_client().get("/login").headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-"), cookie
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_a_new_token_is_kept_by_nobody(business: Business) -> None:
    answer = business.client().post(f"{business.url}/tokens/new", data={"name": "x", "scope": "all", "expires": "30"})
    assert "dwn_" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_code(business: Business) -> None:
    browser = business.client()
    for path in ("", "/contacts/contact", "/contacts/contact/new", "/tokens", "/tokens/new", "/tokens/all", "/people"):
        text = browser.get(business.url + path, follow_redirects=True).text
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", text), path
