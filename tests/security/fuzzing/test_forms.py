"""Nasty texts in every form and address of pages: refused or stored, shown as text, and never a failure.

It must stay bounded and the same each time; what a request may do is tested where it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from diwan.testing.fuzzing import Page, Walker, check, encoded, few, nasty, told
from diwan.testing.visitor import Visitor

QUERY = (
    "q", "where", "filter", "f.subject", "f.state", "f.due_on", "f.total", "f.client", "f.client.name", "f.tags__in",
    "f.guests__gte", "f.", "f.x_none", "sort", "cursor", "after", "before", "columns", "group", "view", "id", "field",
    "value", "by", "page", "from", "to", "month", "day", "as", "rows", "cols", "measure", "chart", "kind", "format",
    "archived", "limit", "at", "person", "record", "permission", "next", "tab", "bom", "key", "other", "name", "plugin",
)  # fmt: skip
LEAVES = {
    "login.logout", "modules.switch", "data.close", "viewing.begin", "viewing.leave", "account_sessions.end_others",
}  # fmt: skip
"""Acts after which the rest of the walk would see nothing but refusals."""

short = nasty.filter(lambda text: len(text) < 6000)
Form = tuple[str, str, list[tuple[str, str]]]


def crawl(walker: Walker, start: list[str], most: int) -> Iterator[Form]:
    """Every kind of form that the pages from here on hold, once: address, method, fields."""
    waiting, seen, forms = list(start), set[str](), set[str]()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        kind = f"{walker.endpoint(path, 'GET')} {path.count('/')}"
        if kind.startswith(" ") or kind in seen:
            continue
        seen.add(kind)
        answer = walker.client.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        page = Page(answer.text)
        waiting += [link for link in page.links if link.startswith("/")]
        for action, method, fields in page.forms:
            target = action if action.startswith("/") else path.partition("?")[0] + action
            endpoint = walker.endpoint(target, method.upper())
            key = f"{endpoint} {method} {sorted({name for name, _ in fields})[:6]}"
            if endpoint and endpoint not in LEAVES and len(fields) > 1 and key not in forms:
                forms.add(key)
                yield target, method, fields


def test_every_form_takes_any_text(walker: Walker, order: str) -> None:
    base = walker.business.url
    start = [base, f"{base}/kitchen/order", f"{base}/kitchen/order/new", f"{base}/kitchen/order/{order}",
             f"{base}/people", f"{base}/people/roles/new", f"{base}/settings", f"{base}/settings/policy",
             f"{base}/settings/fields/kitchen/order/new", f"{base}/kitchen/order/views/new", f"{base}/tokens/new",
             f"{base}/tasks", f"{base}/preferences", f"{base}/profile", "/account/profile", "/account/security",
             f"{base}/kitchen/order/{order}/around", "/businesses/new"]  # fmt: skip
    forms = list(crawl(walker, start, most=90))
    met = {walker.endpoint(target, method.upper()) for target, method, _ in forms}
    assert {"resources.record", "roles.new", "people.index", "lists.new_view", "settings.save", "tokens.new"} <= met, (
        met
    )
    wrong = [w for form in forms if (w := told(_fuzz_form, walker, *form))]
    assert not wrong, "\n\n".join(wrong)
    assert {200, 303, 422} <= walker.statuses.keys(), walker.statuses


def _fuzz_form(walker: Walker, target: str, method: str, fields: list[tuple[str, str]]) -> None:
    names = sorted({name for name, _ in fields} - {"csrf_token"})

    @given(st.lists(st.tuples(st.sampled_from(names), nasty), min_size=1, max_size=4), st.booleans(), st.booleans())
    @few(6)
    def run(changes: list[tuple[str, str]], twice: bool, htmx: bool) -> None:
        changed = {name for name, _ in changes}
        kept = [pair for pair in fields if pair[0] != "csrf_token" and (twice or pair[0] not in changed)]
        headers = {"HX-Request": "true"} if htmx else {}
        body = encoded(kept + changes)
        if method == "get":
            walker.send("GET", f"{target.partition('?')[0]}?{body.decode()}", headers=headers)
        else:
            walker.send("POST", target, body, headers=headers)

    run()


def test_every_address_takes_any_query(walker: Walker, order: str) -> None:
    base = walker.business.url
    record, orders = f"{base}/kitchen/order/{order}", f"{base}/kitchen/order"
    parts = ("totals", "count", "group", "filter", "cards", "branches", "export", "options", "new", "views/new")
    places = [
        orders, *(f"{orders}/{part}" for part in parts), record, f"{record}/around", f"{record}/around/activity",
        f"{record}/around/people", f"{record}/cell/subject", f"{base}/search", f"{base}/palette", f"{base}/audit",
        f"{base}/audit/export", f"{base}/people", f"{base}/why", f"{base}/why/who", f"{base}/tasks", f"{base}/arrange",
        f"{base}/api", base, "/login", "/choose", "/account/confirm",
        *(f"{orders}?as={shape}" for shape in ("board", "calendar", "tree", "pivot", "chart")),
    ]  # fmt: skip
    wrong = [w for place in places if (w := told(_fuzz_query, walker, place))]
    assert not wrong, "\n\n".join(wrong)
    assert {200, 400} <= walker.statuses.keys(), walker.statuses


def _fuzz_query(walker: Walker, place: str) -> None:
    names = st.one_of(st.sampled_from(QUERY), nasty.filter(lambda name: len(name) < 200))

    @given(st.lists(st.tuples(names, short), min_size=1, max_size=3))
    @few(8)
    def run(pairs: list[tuple[str, str]]) -> None:
        walker.send("GET", f"{place}{'&' if '?' in place else '?'}{encoded(pairs).decode()}")

    run()


def test_any_path_is_refused_politely(walker: Walker, order: str) -> None:
    base = walker.business.url
    record = f"{base}/kitchen/order/{order}"
    shapes = (
        "{}", f"{base}/{{}}", f"{base}/kitchen/{{}}", f"{base}/kitchen/order/{{}}", f"{base}/{{}}/order/{order}",
        f"{record}/cell/{{}}", f"{record}/do/{{}}", f"{record}/documents/{{}}.pdf", f"{base}/files/{{}}", "/t/{}",
        f"{base}/settings/{{}}", "/invitation/{}", "/reset/{}", "/account/email/confirm/{}", "/api/v1/{}", "/static/{}",
        "/api/v1/kitchen/order/{}", f"{base}/panels/{{}}/{order}", "/account/sessions/{}/end", "/closed/{}/keep",
    )  # fmt: skip

    for shape in shapes:
        answer, _ = walker.send("GET", shape.format("a%00b"))
        assert answer.status_code in (400, 404), shape

    @given(st.sampled_from(shapes), short, st.sampled_from(["GET", "POST"]))
    @few(150)
    def run(shape: str, part: str, method: str) -> None:
        path = "/" + shape.format(quote_from_bytes(part.encode("utf-8", "surrogatepass"), safe="")).lstrip("/")
        walker.send(method, path, b"" if method == "POST" else None)

    run()


STRANGERS = {
    "/login": ("email", "password", "next", "remember"),
    "/forgot": ("email",),
    "/sign-up": ("email", "business", "country", "language"),
    "/sign-up/code": ("code",),
    "/sign-up/password": ("name", "password"),
    "/login/second": ("code", "credential"),
    "/login/passkey": ("credential",),
    "/preferences/language": ("language", "next"),
}


def test_strangers_may_type_anything(app: Flask) -> None:
    """The pages before there is anybody."""
    visitor = Visitor(app)
    visitor.get("/login")
    usual = {"email": visitor.email, "business": "Blue Horizon", "country": "KW", "language": "en"}
    token = visitor.csrf

    @given(st.sampled_from(sorted(STRANGERS)), st.data())
    @few(120)
    def run(path: str, data: st.DataObject) -> None:
        values = {
            n: data.draw(nasty) if n not in usual or data.draw(st.booleans()) else usual[n] for n in STRANGERS[path]
        }
        body = encoded([*values.items(), ("csrf_token", token)])
        place = {"REMOTE_ADDR": Visitor(app).ip}
        form = "application/x-www-form-urlencoded"
        answer = visitor.browser.post(path, data=body, content_type=form, environ_overrides=place)
        check(answer)
        assert answer.status_code != 400, answer.text  # the token of the form fits

    run()


def test_the_zero_character_in_an_address_that_logs_in(app: Flask) -> None:
    visitor = Visitor(app, email="a\x00b@example.com")
    visitor.get("/login")
    assert visitor.post("/login", email=visitor.email, password="x").status_code == 422
