"""The fragment around a record: every act by plain form and by htmx, with its right, escaped, and never of another."""

from __future__ import annotations

import html
import io
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from diwan import collaboration, notifications, resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, World
from diwan.web.around_view import linked

READ = "contacts.contact.read"
HTMX = {"HX-Request": "true"}


def make(business: Business, name: str = "Acme") -> UUID:
    with business.acting(), unit_of_work():
        id: UUID = resources.create(current.lineup.resources["contacts.contact"], {"name": name}).id
        return id


def place(business: Business, id: UUID) -> str:
    return f"{business.url}/contacts/contact/{id}/around"


def send(client: FlaskClient, address: str, headers: Any = None, **values: Any) -> Any:
    return client.post(address, data=values, headers=headers)


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")


def test_the_fragment_and_the_page_show_the_same(business: Business) -> None:
    id, client = make(business, "Acme & <b>Sons</b>"), business.client()
    page, part = client.get(place(business, id)), client.get(place(business, id), headers=HTMX)
    assert "<html" in page.text
    assert "<html" not in part.text
    assert "<b>Sons" not in page.text + part.text
    for word in ("Tasks", "Files", "Add a tag", "Follow", "created it"):
        assert word in page.text
        assert word in part.text
    assert f'hx-get="{place(business, id)}"' in client.get(place(business, id).removesuffix("/around")).text
    with business.acting(), unit_of_work():
        assert collaboration.recent() == [("contacts.contact", id, "Acme & <b>Sons</b>")]


def test_a_comment_is_text_with_links(business: Business) -> None:
    id, client = make(business), business.client()
    body = "<script>x</script> https://example.com/a?b=1&c=2, javascript:alert(1)"
    answer = send(client, f"{place(business, id)}/comments", HTMX, body=body)
    assert answer.status_code == 200
    assert "<script>x" not in answer.text
    assert 'href="https://example.com/a?b=1&amp;c=2"' in answer.text
    assert 'href="javascript' not in answer.text
    assert send(client, f"{place(business, id)}/comments", body="plain").status_code == 303
    assert send(client, f"{place(business, id)}/comments", body=" ").status_code == 422


def test_whoever_reads_comments_and_follows_but_writes_nothing(business: Business) -> None:
    id, reader = make(business), business.client(business.member(READ))
    base = place(business, id)
    for path, values in (("comments", {"body": "hi"}), ("follow", {}), ("star", {}), ("tasks", {"title": "call"})):
        assert send(reader, f"{base}/{path}", **values).status_code == 303, path
    for path, values in (("tags", {"tag": "vip"}), ("files", {}), (f"tags/{uuid4()}/remove", {})):
        assert send(reader, f"{base}/{path}", **values).status_code == 403, path
    assert "Add a tag" not in reader.get(base).text


def test_without_the_right_to_read_there_is_nothing(world: World, business: Business) -> None:
    id, stranger = make(business), business.client(business.member("core.member.read"))
    base = place(business, id)
    for path in ("", "/activity", "/people", f"/files/{uuid4()}"):
        assert stranger.get(base + path).status_code == 403
    neighbour = world.business("contacts")
    theirs = f"{neighbour.url}/contacts/contact/{id}/around"
    assert neighbour.client().get(theirs).status_code == 404
    assert neighbour.client().get(base).status_code == 404


def test_acts_need_the_token_of_the_form(business: Business) -> None:
    id, client = make(business), business.client()
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    for path in ("comments", "star", "tags", "files"):
        assert client.post(f"{place(business, id)}/{path}", data={"body": "x"}).status_code == 400


def test_mentions_are_suggested_from_readers(business: Business) -> None:
    id, reader, stranger = make(business), business.member(READ), business.member("core.member.read")
    answer = business.client().get(f"{place(business, id)}/people?q=example").json
    assert answer is not None
    found = [item["id"] for item in answer["items"]]
    assert str(reader.id) in found
    assert str(stranger.id) not in found


def test_a_mention_in_vain_is_said(business: Business) -> None:
    id, stranger = make(business), business.member("core.member.read")
    answer = send(business.client(), f"{place(business, id)}/comments", HTMX, body=f"@{stranger.email} look")
    assert "may not see this record" in answer.text


def test_files_come_back_with_safe_headers(business: Business) -> None:
    id, client = make(business), business.client()
    base = place(business, id)
    files = [(io.BytesIO(b"\x89PNG\r\n\x1a\n1"), "a.png"), (io.BytesIO(b"plain words"), "b.txt")]
    assert send(client, f"{base}/files", file=files).status_code == 303
    shown = client.get(base).text
    ids = dict.fromkeys(re.findall(rf"{base}/files/([0-9a-f-]{{36}})", shown))
    assert len(ids) == 2
    kinds = set()
    for file in ids:
        seen = client.get(f"{base}/files/{file}?show=1")
        kinds.add((seen.content_type.partition(";")[0], seen.headers["Content-Disposition"].partition(";")[0]))
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        assert seen.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert client.get(f"{base}/files/{file}").headers["Content-Disposition"].startswith("attachment")
    assert kinds == {("image/png", "inline"), ("application/octet-stream", "attachment")}
    other = make(business, "Other")
    assert client.get(f"{place(business, other)}/files/{next(iter(ids))}").status_code == 404
    assert send(client, f"{base}/files/{next(iter(ids))}/delete").status_code == 303
    assert client.get(f"{base}/files/{next(iter(ids))}").status_code == 404
    refused = send(client, f"{base}/files", HTMX, file=(io.BytesIO(b"<svg onload=x>"), "x.png"))
    assert "not what its name says" in refused.text or "not taken" in refused.text


def test_tags_files_and_changes_are_in_the_activity(business: Business) -> None:
    id, client = make(business), business.client()
    base = place(business, id)
    send(client, f"{base}/tags", tag="VIP")
    with business.acting(), unit_of_work():
        resources.update(current.lineup.resources["contacts.contact"], id, {"name": "New name"})
    text = client.get(base).text
    assert "added a tag" in text
    assert "New name" in text
    only = client.get(f"{base}?only=comments", headers=HTMX).text
    assert "added a tag" not in only


def test_the_activity_goes_by_pages(business: Business) -> None:
    id, client = make(business), business.client()
    with business.acting(), unit_of_work():
        for number in range(25):
            collaboration.add_comment(current.lineup.resources["contacts.contact"], id, "Acme", f"said-{number:02}")
    text = client.get(place(business, id)).text
    assert "said-24" in text
    assert "said-04" not in text
    [more] = re.findall(r'hx-get="([^"]+activity\?before[^"]+)"', text)
    older = client.get(more.replace("&amp;", "&"), headers=HTMX).text
    assert "said-04" in older
    assert "created it" in older
    assert "said-05" not in older
    assert client.get(f"{place(business, id)}?before=nonsense").status_code == 200


def test_a_fixed_number_of_statements(business: Business, statements: Any) -> None:
    one, many, client = make(business), make(business, "Busy"), business.client()
    with business.acting(), unit_of_work():
        for number in range(8):
            contact = current.lineup.resources["contacts.contact"]
            collaboration.add_comment(contact, many, "Busy", "x")
            collaboration.add_tag(contact, many, "Busy", f"t{number}")
            collaboration.create_task("x", resource=contact, record_id=many)
    client.get(place(business, one))
    few = statements(lambda: client.get(place(business, one), headers=HTMX))
    assert statements(lambda: client.get(place(business, many), headers=HTMX)) == few


def test_a_mention_stands_out_and_one_that_comes_later_is_told_once(business: Business) -> None:
    id, client, base = make(business), business.client(), ""
    base = place(business, id)
    first, second = business.member(READ), business.member(READ)
    answer = send(client, f"{base}/comments", HTMX, body=f"@{first.email} <i>look</i>")
    assert f'<b class="mention"><bdi>@{first.email}</bdi></b> &lt;i&gt;look' in answer.text
    with business.acting(), unit_of_work():
        [said] = collaboration.comments(current.lineup.resources["contacts.contact"], id)
    body = f"@{first.email} and @{second.email}: look at @nobody"
    answer = send(client, f"{base}/comments/{said.id}", HTMX, body=body)
    assert f"<bdi>@{second.email}</bdi>" in answer.text
    assert "<bdi>@nobody" not in answer.text
    for person in (first, second):
        with business.acting(person), unit_of_work():
            assert [each.kind for each in notifications.latest()] == ["mention"]
    with business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        assert second.id in collaboration.followers(resource, id)


def test_names_in_a_comment_are_marked_whole() -> None:
    shown = str(linked("@Ali Hasan, @Ali and a@Ali; @<b>: https://e.com/@Ali.", ["Ali", "Ali Hasan", "<b>"]))
    assert shown.startswith(
        '<b class="mention"><bdi>@Ali Hasan</bdi></b>, <b class="mention"><bdi>@Ali</bdi></b> and a@Ali'
    )
    assert "<bdi>@&lt;b&gt;</bdi>" in shown
    assert 'href="https://e.com/@Ali"' in shown


def test_the_colour_of_a_tag_is_chosen_for_the_whole_business(business: Business) -> None:
    id, client = make(business), business.client()
    base = place(business, id)
    send(client, f"{base}/tags", tag="VIP")
    with business.acting(), unit_of_work():
        [mark] = collaboration.tags_for("contacts.contact", [id])[id]
    other = "ok" if mark.tone != "ok" else "bad"
    answer = send(client, f"{base}/tags/{mark.id}/tone", HTMX, tone=other)
    assert f'<span class="badge plain {other}"><bdi>VIP' in answer.text
    with business.acting(), unit_of_work():
        assert collaboration.tones_of(["VIP"]) == {"VIP": other}
    assert send(client, f"{base}/tags/{mark.id}/tone", tone='x" onclick="').status_code == 422
    assert send(client, f"{base}/tags/{uuid4()}/tone", tone="ok").status_code == 404
    reader = business.client(business.member(READ))
    assert send(reader, f"{base}/tags/{mark.id}/tone", tone="ok").status_code == 403


def test_a_kind_without_comments_or_files_has_none(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    id, client = make(business), business.client()
    base = place(business, id)
    with business.acting():
        resource = current.lineup.resources["contacts.contact"]
    monkeypatch.setattr(resource, "comments", False)
    monkeypatch.setattr(resource, "attachments", False)
    page = client.get(base).text
    assert "Write a comment" not in page
    assert "Drop files here" not in page
    assert "Tasks" in page
    assert send(client, f"{base}/comments", body="hi").status_code == 422
    sent = client.post(f"{base}/files", data={"file": (io.BytesIO(b"text"), "a.txt")})
    assert sent.status_code == 422
    with business.acting(), unit_of_work():
        assert not collaboration.comments(resource, id)
        assert not collaboration.attachments(resource, id)


def test_what_refers_to_a_record_is_counted_for_who_may_read_it(world: World) -> None:
    business = world.business("kitchen")
    with business.acting(), unit_of_work():
        lineup = current.lineup.resources
        client, order = lineup["kitchen.client"], lineup["kitchen.order"]
        id: UUID = resources.create(client, {client.title: "Café"}).id
        drafts = [{"subject": f"Order {n}", "client": str(id)} for n in range(3)]
        made = [
            resources.create(order, {**draft, "others": [str(id)] if n else []}).id for n, draft in enumerate(drafts)
        ]
        resources.archive(order, made[0])
        found = {each.field.name: (each.number, each.capped) for each in collaboration.related(client, id)}
        assert found == {"client": (2, False), "others": (2, False)}
    browser = business.client()
    page = browser.get(f"{business.url}/kitchen/client/{id}/around").text
    links = re.findall(
        r'href="([^"]*/kitchen/order\?where=[^"]+)".*?<span class="grow">([^<]+)</span><b class="num">(\d+)', page
    )
    assert [(label, count) for _href, label, count in links] == [
        ("Orders (Client)", "2"),
        ("Orders (Other clients)", "2"),
    ]
    for href, _label, _count in links:
        rows = browser.get(html.unescape(href)).text
        assert "Order 1" in rows
        assert "Order 0" not in rows
    reader = business.client(business.member("kitchen.client.read"))
    assert "/kitchen/order" not in reader.get(f"{business.url}/kitchen/client/{id}/around").text


def test_who_makes_a_record_by_the_api_follows_it_but_not_each_of_many(business: Business) -> None:
    client, headers = business.client(), {"Authorization": f"Bearer {business.token()}"}
    one = client.post("/api/v1/contacts/contact", json={"name": "One"}, headers=headers)
    many = client.post("/api/v1/contacts/contact", json=[{"name": "Two"}, {"name": "Three"}], headers=headers)
    assert (one.status_code, many.status_code) == (201, 201)
    with business.acting(), unit_of_work():
        resource = current.lineup.resources["contacts.contact"]
        assert collaboration.followers(resource, UUID(one.json["id"])) == [business.owner.id]
        for row in resources.list_page(resource, ["name"], [["name", "in", ["Two", "Three"]]]).rows:
            assert collaboration.followers(resource, row[0]) == []
