"""Somebody with an authenticator app, for tests: sets it up through the pages and reads codes off it.

It must not reach into the database; what a person cannot see it does not know.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from diwan.testing.passkey import SecurityKey
from diwan.testing.visitor import Visitor

KEY = re.compile(r'class="key"[^>]*><code>([^<]+)')
CODE = re.compile(r"<li><code>([0-9a-z-]{19})</code>")


class Careful(Visitor):
    """A visitor who signs in with two steps."""

    def __init__(self, app: Flask, **more: str) -> None:
        super().__init__(app, **more)
        self.secret = ""
        self.papers: list[str] = []

    def code(self, steps_away: int = 0) -> str:
        """Return the code that the app shows, or showed, or will show; before enrolment the code of the mail."""
        if not self.secret:
            return super().code()
        return pyotp.TOTP(self.secret).at(int(time.time()) + 30 * steps_away)

    def enrol(self) -> TestResponse:
        """Set up an app, with a code of half a minute ago, so that the one of now is still good."""
        page = self.get("/account/security/app")
        found = KEY.search(page.text)
        if found is None:
            raise AssertionError(f"{page.status}: {page.location}")
        self.secret = found[1].replace(" ", "")
        answer = self.post("/account/security/app", code=self.code(-1))
        if answer.status_code == 303:
            self.papers = CODE.findall(self.get("/account/security/codes").text)
        return answer

    def second(self, code: str, way: str = "app") -> TestResponse:
        """Take the second step of a sign-in."""
        self.get("/login/second")
        answer = self.post("/login/second", way=way, code=code)
        if answer.status_code == 303:
            self.csrf = ""
        return answer

    def options(self, path: str) -> dict[str, Any]:
        """Ask for the options of a passkey, as the script of the page does."""
        answer = self.post(path)
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status}: {answer.text[:300]}")
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def add_passkey(self, key: SecurityKey | None = None) -> SecurityKey:
        """Register a security key."""
        key = key or SecurityKey(self.app.config["DIWAN"].base_url)
        self.get("/account/security/passkeys/new")
        made = key.make(self.options("/account/security/passkeys/options"))
        answer = self.post("/account/security/passkeys", credential=made, name="My key")
        if answer.status_code != 303:
            raise AssertionError(answer.text)
        return key

    def log_in_with(self, key: SecurityKey, **form: str) -> TestResponse:
        """Log in with a passkey alone."""
        self.get("/login?other=1")
        told = key.answer(self.options("/login/passkey/options"))
        answer = self.post("/login/passkey", credential=told, **form)
        if answer.status_code == 303:
            self.csrf = ""
        return answer
