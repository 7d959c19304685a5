"""The screen, its files, and the API: search, filters, pages, what is hidden, who may; each file is itself an entry."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from diwan import audit, jobs
from diwan.audit import service as log
from diwan.db import unit_of_work
from diwan.testing.world import Business, World


@pytest.fixture
def business(world: World) -> Business:
    """A business with contacts, some entries, and two people."""
    made = world.business("contacts")
    with made.acting(), unit_of_work():
        audit.record_many(audit.Entry("create", "contacts.contact", uuid4(), f"Firm {n:03}") for n in range(60))
        audit.record(
            "update", "contacts.contact", UUID(int=7), "Gulf <b>Cement</b>", {"city": "Amman"}, {"city": "Doha"}
        )
        audit.record("export", "contacts.contact", title="=cmd()", after={"format": "csv", "records": 3})
    return made


def found(business: Business, query: str) -> str:
    return business.client().get(f"{business.url}/audit?{query}").text


def test_search_and_filters(business: Business) -> None:
    assert "Firm 007" in found(business, "q=firm+007")
    assert "Firm 008" not in found(business, "q=firm+007")
    assert "Cement" in found(business, "q=cement+contacts")
    assert "Cement" not in found(business, "q=100%25")
    assert "Cement" in found(business, "act=changed")
    assert "Firm 059" not in found(business, "act=changed")
    assert "Cement" in found(business, f"record={UUID(int=7)}")
    assert "Nothing matches" in found(business, f"who={uuid4()}")
    assert "Nothing matches" in found(business, "from=2001-01-01&to=2001-02-01")
    today = datetime.now(UTC).date()
    assert "Cement" in found(business, f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}")


def test_a_change_is_read_with_labels_and_names_are_text(business: Business) -> None:
    page = found(business, "act=changed")
    assert "<del><bdi>Amman</bdi></del>" in page
    assert "<ins><bdi>Doha</bdi></ins>" in page
    assert "Gulf &lt;b&gt;Cement&lt;/b&gt;" in page
    assert f"/contacts/contact/{UUID(int=7)}" in page


def test_who_may_not_read_the_log(business: Business) -> None:
    member = business.member("contacts.*")
    client = business.client(member)
    for path in ("", "/export"):
        assert client.get(f"{business.url}/audit{path}").status_code == 403
    for path in ("/check", "/keep"):
        assert client.post(f"{business.url}/audit{path}").status_code == 403
    token = business.token(member)
    answer = api(business, "", token)
    assert answer.status_code == 403
    reader = business.client(business.member("core.audit.read"))
    assert reader.get(f"{business.url}/audit").status_code == 200
    assert "How long entries are kept" not in reader.get(f"{business.url}/audit").text
    assert reader.post(f"{business.url}/audit/keep", data={"audit_months": "12"}).status_code == 403


def test_files_hold_what_the_filters_leave_and_are_entries(business: Business) -> None:
    client = business.client()
    answer = client.get(f"{business.url}/audit/export?format=csv&what=contacts.contact&act=out")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert [row["Title"] for row in rows] == ["'=cmd()"]
    assert json.loads(rows[0]["After"]) == {"format": "csv", "records": 3}
    answer = client.get(f"{business.url}/audit/export?format=jsonl&q=firm")
    lines = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [line["title"] for line in lines] == [f"Firm {n:03}" for n in reversed(range(60))]
    assert client.get(f"{business.url}/audit/export?format=exe").status_code == 400
    with business.acting(), unit_of_work():
        told = [entry.after for entry in log.entries(resource="core.audit", action="export")]
    assert told == [
        {"format": "jsonl", "records": 60, "filter": {"q": "firm"}},
        {"format": "csv", "records": 1, "filter": {"act": "out", "what": "contacts.contact"}},
    ]


def test_the_check_runs_as_a_job_and_the_page_says_what_it_found(business: Business) -> None:
    client = business.client()
    assert "Not checked yet" in client.get(f"{business.url}/audit").text
    where = client.post(f"{business.url}/audit/check").headers["Location"]
    assert "Checking each entry" in client.get(where).text
    with business.acting():
        jobs.run_pending()
    page = client.get(where).text
    assert "Nothing was changed or removed" in page
    assert "Checking each entry" not in page


def test_how_long_it_is_kept_is_set_and_said(business: Business) -> None:
    client = business.client()
    client.post(f"{business.url}/audit/keep", data={"audit_months": "24"})
    with business.acting(), unit_of_work() as session:
        query = text("SELECT policy FROM core.tenant WHERE id = :id")
        assert session.execute(query, {"id": business.tenant.id}).scalar()["audit_months"] == 24  # type: ignore[index]
        assert log.entries(action="audit.kept")[0].after == {"audit_months": 24}
    client.post(f"{business.url}/audit/keep", data={"audit_months": "3"})
    client.post(f"{business.url}/audit/keep", data={"audit_months": ""})
    with business.acting(), unit_of_work():
        assert [entry.after for entry in log.entries(action="audit.kept")] == [
            {"audit_months": None},
            {"audit_months": 24},
        ]


# -- the API ---------------------------------------------------------------------------------------------------


def api(business: Business, query: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token or business.token()}"}
    return business.world.app.test_client().get(f"/api/v1/audit{query}", headers=headers)


def test_the_api_pages_and_filters(business: Business) -> None:
    token = business.token()
    first = api(business, "?resource=contacts.contact&limit=40", token).json
    second = api(business, f"?resource=contacts.contact&limit=40&before={first['next']}", token).json
    assert (len(first["items"]), len(second["items"]), second["next"]) == (40, 22, None)
    [change] = api(business, "?action=update&search=cement", token).json["items"]
    assert (change["before"], change["after"], change["actor"]) == ({"city": "Amman"}, {"city": "Doha"}, "Test Person")
    since = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert api(business, f"?since={since}", token).json["items"] == []


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=501", "?limit=x", "?actor=x", "?record=1", "?since=yesterday", "?since=2026-01-01T00:00:00",
     "?before=x", "?sort=at", "?format=xlsx", "?format=csv&limit=5"],
)  # fmt: skip
def test_what_the_api_refuses(business: Business, query: str) -> None:
    answer = api(business, query)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_file_over_the_api_is_an_entry(business: Business) -> None:
    answer = api(business, "?format=jsonl&search=firm")
    assert len(answer.get_data(as_text=True).splitlines()) == 60
    with business.acting(), unit_of_work():
        [entry] = log.entries(action="export", resource="core.audit")
    assert entry.after == {"format": "jsonl", "records": 60, "filter": {"search": "firm"}}


def test_a_list_taken_over_the_api_is_an_entry(business: Business) -> None:
    headers = {"Authorization": f"Bearer {business.token()}"}
    client = business.world.app.test_client()
    client.get("/api/v1/contacts/contact?format=csv&search=nobody", headers=headers).get_data()
    with business.acting(), unit_of_work():
        newest = log.entries(action="export", resource="contacts.contact")[0]
    assert newest.after == {"format": "csv", "records": 0, "filter": {"search": "nobody"}}


def test_the_api_says_it_in_its_specification(business: Business) -> None:
    headers = {"Authorization": f"Bearer {business.token()}"}
    document = business.world.app.test_client().get("/api/v1/openapi.json", headers=headers).json
    assert {"search", "actor", "action"} <= {p["name"] for p in document["paths"]["/api/v1/audit"]["get"]["parameters"]}
