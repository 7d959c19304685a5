"""Nasty input for tests, somebody who sends it, and what holds for every answer.

It must not know what a page is for: whatever was sent, an answer is below 500 and holds nothing unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_plus, urlsplit

from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from diwan.testing.world import Business

MARKUP = (
    "<zzq>&lt;", "\"'><zzq zzq9=1>", "' zzq9=1 x='", '" zzq9=1 onfocus=zzq9 autofocus="', "</script><zzq>", "<!--<zzq>",
    "]]><zzq>", "javascript:zzq9", "java\tscript:zzq9", "data:text/html,<zzq>", "//zzq9.example", "/\\zzq9.example",
)  # fmt: skip
TEMPLATES = (
    "{{13370007*73310009}}", "${13370007*73310009}", "<%=13370007*73310009%>", "#{13370007*73310009}",
    "{%for x in (1,)%}<zzq>{%endfor%}", "%(zzq)s", "{0.__class__}", "%n%s%d",
)  # fmt: skip
FORMULAS = (
    "=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", '=HYPERLINK("http://zzq9.example")',
)  # fmt: skip
CHARACTERS = (
    "a\r\nSet-Cookie: zzq9=1", "a\nBcc: zzq9@example.com", "\x00", "a\x00b", "\ud800", "\udfff\ud800",
    "\u202ezzq\u202c", "\ufeff", "\u2028", "\x1b[31m", "\x85", "x" * 20_000, "ء" * 3000, "a\u0301" * 2000, " ", "",
)  # fmt: skip
NUMBERS = (
    "1e999", "-1e999", "NaN", "Infinity", "9" * 400, "-" + "9" * 30, "0x10", "1_000", "٣٤", "²", "1e-400", str(2**63),
    str(-(2**63) - 1), "9999-99-99", "0000-00-00", "10000-01-01", "0001-01-01T00:00:00-23:59",
    "9999-12-31T23:59:59+00:00", "24:61", "P9999999D",
)  # fmt: skip
SYNTAX = (
    "../../../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "C:\\x", "\\\\zzq9\\x", "' OR 1=1 --", "%' ESCAPE '", "\\",
    "*)(uid=*", "(((((", "[a-", "$where", "[" * 5000, '{"a":' * 2000, "null", "true", "[]", "{}",
    '[["name","=",["x"]]]', '{"$gt":""}', "[1e999]", '"\\ud800"', '{"and":[{"or":[[]]}]}',
    "00000000-0000-0000-0000-000000000000", "0" * 32, "*", "core.role", "__proto__", "constructor",
)  # fmt: skip
NASTY = (*MARKUP, *TEMPLATES, *FORMULAS, *CHARACTERS, *NUMBERS, *SYNTAX)
RUN = str(13370007 * 73310009)
"""What the templates among the nasty texts would come to."""
LINKS = ("href", "src", "action", "formaction", "hx-get", "hx-post")

nasty = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=40),
    st.tuples(st.sampled_from(NASTY), st.sampled_from(NASTY)).map("".join),
)


def few(examples: int) -> Any:
    """The same examples each time, however long each takes."""
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, report_multiple_bugs=False,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


class Page(HTMLParser):
    """The forms and links of a page. Tags, attributes and links that only nasty texts hold are failures."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        found = {name: value or "" for name, value in attrs}
        places = [re.sub(r"[\x00-\x20]", "", found.get(name, "")).lower() for name in LINKS]
        _hold(not tag.startswith("zzq"), self.get_starttag_text())
        _hold(not any(n.startswith(("zzq", "on")) or n == "style" for n in found), self.get_starttag_text())
        _hold(
            not any(p.startswith(("javascript:", "data:text", "vbscript:")) for p in places), self.get_starttag_text()
        )
        if tag == "form":
            self.forms.append((found.get("action", ""), found.get("method", "get").lower(), []))
        elif tag == "a":
            self.links.append(found.get("href", ""))
        elif tag in ("input", "select", "textarea", "button") and self.forms and "name" in found:
            self.forms[-1][2].append((found["name"], found.get("value", "")))


def check(answer: TestResponse) -> Page | None:
    """What holds for every answer, whatever was sent. Returns the page, where it is one."""
    body = answer.get_data()
    _hold(answer.status_code < 500, f"{answer.status} {answer.request.full_path[:300]}: {body[:300]!r}")
    for name, value in answer.headers:
        _hold(not re.search(r"[\r\n\x00]", value), f"{name}: {value!r}")
    _hold(not any(c.startswith("zzq9") for c in answer.headers.getlist("Set-Cookie")), "a cookie that was typed")
    if "Location" in answer.headers:
        place = urlsplit(answer.headers["Location"])
        own = ("", urlsplit(answer.request.host_url).netloc)
        _hold(place.netloc in own and not place.path.startswith(("//", "/\\")), answer.headers["Location"])
    if answer.mimetype != "text/html":
        return None
    text = body.decode("utf-8")
    _hold(RUN not in text, f"a template ran: {answer.request.full_path[:300]}")
    return Page(text)


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """A form as bytes, half surrogates and all: programs send what browsers cannot."""
    parts = ([quote_plus(part.encode("utf-8", "surrogatepass")) for part in pair] for pair in pairs)
    return "&".join("=".join(pair) for pair in parts).encode()


def told(call: Callable[..., None], *arguments: Any) -> str:
    """What fails in a call, so that one run tells of every address."""
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - told with its address
        return f"{arguments[1:3]}: {type(error).__name__}: {str(error)[:800]}"
    return ""


class Walker:
    """The owner of a business, who sends what they like."""

    def __init__(self, business: Business) -> None:
        self.business, self.app = business, business.world.app
        self.client: FlaskClient = business.client()
        self.statuses: dict[int, int] = {}

    def send(self, method: str, path: str, body: bytes | None = None, **more: Any) -> tuple[TestResponse, Page | None]:
        """Send one request and check its answer; log in again where it ended the session."""
        if body is not None:
            more = {"data": body, "content_type": "application/x-www-form-urlencoded", **more}
        answer = self.client.open(path, method=method, **more)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        page = check(answer)
        if urlsplit(answer.headers.get("Location", "")).path == "/login":
            self.client = self.business.client()
        return answer, page

    def endpoint(self, path: str, method: str) -> str:
        """The route of an address, or nothing."""
        try:
            return str(self.app.url_map.bind("localhost").match(urlsplit(path).path, method=method)[0])
        except HTTPException:
            return ""


def _hold(what: bool, otherwise: str | None) -> None:
    if not what:
        raise AssertionError(otherwise)
