"""A person in front of a browser, for tests: goes through the real pages, keeps cookies, reads the mails.

It must not reach into the database; what a person cannot see it does not know.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from secrets import randbelow
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask
from werkzeug.test import TestResponse

CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class Visitor:
    """One browser at one address of the internet, and the mailbox of whoever sits there."""

    def __init__(self, app: Flask, *, email: str = "", ip: str = "") -> None:
        self.app = app
        self.email = email or f"{uuid4().hex[:12]}@example.com"
        self.browser = app.test_client()
        # An address of its own, so that the limits of one test do not slow another.
        self.ip = ip or ".".join(["10", *(str(randbelow(254) + 1) for _ in range(3))])
        self.browser.environ_base["REMOTE_ADDR"] = self.ip
        self.csrf = ""

    def get(self, path: str) -> TestResponse:
        """Open a page, without following redirects."""
        return self._seen(self.browser.get(path))

    def post(self, path: str, **form: str | list[str]) -> TestResponse:
        """Send a form with the CSRF token of the last page."""
        if not self.csrf:
            self.get("/login?other=1")
        return self._seen(self.browser.post(path, data={**form, "csrf_token": self.csrf}))

    def cookie(self, name: str = "") -> str:
        """Return the value of a cookie (the session's)."""
        found = self.browser.get_cookie(name or self.app.session_interface.name)  # type: ignore[attr-defined]
        return found.value if found else ""

    def sign_up(self, business: str = "Blue Horizon", password: str = "seven quiet otters", country: str = "KW") -> str:  # noqa: S107
        """Sign up through all steps; return the address of the first screen."""
        self.get("/sign-up")
        self.post("/sign-up", email=self.email, business=business, country=country, language="en")
        self.post("/sign-up/code", code=self.code())
        self.get("/sign-up/password")
        answer = self.post("/sign-up/password", name="Mariam Haddad", password=password)
        if answer.status_code != 303:
            raise AssertionError(answer.text)
        self.csrf = ""
        return answer.location

    def log_in(self, password: str = "seven quiet otters", **form: str) -> TestResponse:  # noqa: S107
        """Log in through the page."""
        self.get("/login")
        answer = self.post("/login", email=self.email, password=password, **form)
        if answer.status_code == 303:
            self.csrf = ""  # the session is another one
        return answer

    def mails(self) -> list[EmailMessage]:
        """Return the mails to this address, oldest first."""
        from diwan.mail import service

        service.wait()
        files = sorted((self.app.config["DIWAN"].home / "mail").glob("*.eml"))
        read = (message_from_bytes(file.read_bytes(), policy=default) for file in files)
        return [mail for mail in read if mail["To"] == self.email]

    def newest(self) -> str:
        """Return the text of the newest mail."""
        part = self.mails()[-1].get_body(("plain",))
        return part.get_content() if part else ""

    def code(self) -> str:
        """Return the code in the newest mail."""
        found = re.search(r"\b\d{6}\b", self.newest())
        if found is None:
            raise AssertionError(f"no code in {self.newest()!r}")
        return found[0]

    def link(self) -> str:
        """Return the path of the first link in the newest mail."""
        found = re.search(r"https?://\S+", self.newest())
        if found is None:
            raise AssertionError(f"no link in {self.newest()!r}")
        return urlsplit(found[0]).path

    def _seen(self, answer: TestResponse) -> TestResponse:
        # The page of an error has no session, so its token is good for nothing; a form that came back has one.
        if (
            answer.mimetype == "text/html"
            and answer.status_code in (200, 422, 429)
            and (found := CSRF.search(answer.text))
        ):
            self.csrf = unescape(found[1])
        return answer
