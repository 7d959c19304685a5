"""A person who reads every page in a made-up language and notes what is not in it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from diwan.testing.texts import pseudo_language, untranslated
from diwan.testing.world import Business, World

LINK = re.compile(r'(?:href|hx-get|data-src)="(/[^"#]*)"')
MOST = 250
FORMATS = {"CSV", "Excel (XLSX)", "JSON Lines"}


class Reader:
    """Opens pages and sends forms; `left` is what was not translated, by page. `data` are names that are data."""

    def __init__(self, client: FlaskClient, data: set[str]) -> None:
        self.client, self.data = client, data
        self.left: dict[str, list[str]] = {}
        self.read: dict[str, int] = {}
        self.links: set[str] = set()

    def get(self, path: str) -> TestResponse:
        return self._read(path, self.client.get(path))

    def post(self, path: str, **form: object) -> TestResponse:
        return self._read(f"{path} sent", self.client.post(path, data=form))

    def walk(self, *places: str) -> None:
        """Open these pages and all to which they lead."""
        waiting = deque(places)
        while waiting and len(self.read) < MOST:
            path = waiting.popleft()
            # The API's reference speaks the API's language: methods, types, codes.
            if path in self.read or path.startswith(("/static/", "/api/")) or path.endswith("/api"):
                continue
            answer = self.get(path)
            if answer.mimetype != "text/html":
                continue  # a document or an export: bytes for somebody else
            waiting.extend(unescape(link) for link in LINK.findall(answer.text))
            if answer.status_code in (301, 302, 303):
                waiting.append(answer.location)

    def _read(self, path: str, answer: TestResponse) -> TestResponse:
        self.read[path] = answer.status_code
        if answer.mimetype == "text/html" and not 300 <= answer.status_code < 400:
            self.left |= {path: found} if (found := untranslated(answer.text, self.data)) else {}
        return answer


@pytest.fixture
def pseudo() -> Iterator[str]:
    with pseudo_language() as code:
        yield code


@pytest.fixture
def pseudo_business(pseudo: str, world: World) -> Business:
    return world.business(language=pseudo)


@pytest.fixture
def reader(pseudo_business: Business) -> Reader:
    tenant, owner = pseudo_business.tenant, pseudo_business.owner
    client = pseudo_business.client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "xx"
    names = {tenant.name, tenant.slug, owner.name, owner.email, "Test", "English"}
    # The letters on avatars; sample names on the login page are translated, their first letters are taken from that.
    return Reader(client, names | {"TB", "TP", "BM", "FH", "HM"} | FORMATS)


@pytest.fixture
def visitor(pseudo: str, world: World) -> Reader:
    client = world.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "xx"
    client.environ_base["REMOTE_ADDR"] = "10.77.0.1"
    return Reader(client, {"English", "BM", "FH", "HM", "name@example.com"})
