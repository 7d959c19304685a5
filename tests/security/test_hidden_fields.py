"""A field that somebody may not read: shown nowhere, and told by nothing, neither by filters nor by the order of rows.

Two kinds: hidden altogether (what people earn), and hidden on the records of others (what a lead will spend).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import Business, Person, World

VALUE, OTHER = "98765.43", "12345.67"
SHOWN = re.compile(r"98[,.\s]?765|12[,.\s]?345")


@dataclass
class Hidden:
    """A field, two records that have it, and somebody who may do everything with them but read it."""

    business: Business
    place: str
    field: str
    ids: tuple[str, str]
    person: Person

    @property
    def client(self) -> FlaskClient:
        return self.business.client(self.person)

    def get(self, path: str, person: Person | None = None) -> TestResponse:
        """Open a page (`/...`) of the records, or ask the API (`api/...`), as the person or as somebody else."""
        words = {"field": self.field, "id": self.ids[0], "place": self.place}
        for name, word in words.items():
            path = path.replace(f"<{name}>", word)
        who = person or self.person
        if not path.startswith("api"):
            answer = self.business.client(who).get(f"{self.business.url}{path}")
        else:
            headers = {"Authorization": f"Bearer {self.business.token(who)}"}
            answer = self.business.world.app.test_client().get(f"/api/v1{path[3:]}", headers=headers)
        answer.get_data()  # a stream ends while its request is there
        return answer


def every(key: str, but: str) -> tuple[str, ...]:
    """All rights over a resource, and a field left out of them."""
    narrowed = [f"{key}.{action}{but}" for action in ("read", "create", "update")]
    return (*narrowed, *(f"{key}.{action}" for action in ("delete", "export", "import")), f"{key}.win")


@pytest.fixture(scope="module", params=["employee.salary", "lead.budget"])
def hidden(app: Flask, request: pytest.FixtureRequest) -> Iterator[Hidden]:
    name, field = request.param.split(".")
    with World(app) as world:
        business = world.business("shop")
        grants = every(f"shop.{name}", "" if field == "salary" else f"-{field}")
        if field == "budget":
            grants = (*grants, "shop.lead.read:own", "shop.lead.update:own", "shop.lead.create:own")
        person = business.member(*grants, "core.member.read", "core.view.share")
        with business.acting(), unit_of_work():
            resource = current.lineup.resources[f"shop.{name}"]
            made = [resources.create(resource, {"name": n, field: "1"}).id for n in ("Ann", "Bob")]
        for id, value in zip(made, (VALUE, OTHER), strict=True):  # so that the log has it, too
            with business.acting(), unit_of_work():
                resources.update(current.lineup.resources[f"shop.{name}"], id, {field: value})
        yield Hidden(business, f"/shop/{name}", field, (str(made[0]), str(made[1])), person)


PAGES = [
    "<place>", "<place>?columns=name,<field>", "<place>?sort=<field>", "<place>?sort=-<field>", "<place>?q=98765",
    "<place>?group=<field>", "<place>?as=pivot&o.measure=sum:<field>&measure=sum:<field>", "<place>?as=board",
    "<place>?as=pivot&rows=<field>", "<place>?as=pivot&o.rows=<field>", "<place>/group?columns=name,<field>",
    "<place>/totals?columns=name,<field>", "<place>/count", "<place>/filter", "<place>/options?q=", "<place>/export",
    "<place>/export?columns=name,<field>", "<place>/export?format=jsonl&columns=name,<field>",
    "<place>/cards?column=&columns=name,<field>", "<place>/<id>", "<place>/<id>/around", "<place>/<id>/around/activity",
    "<place>/<id>/cell/<field>", "<place>/new?copy=<id>", "<place>/<id>/documents/record.pdf", "/search?q=98765",
    "/search?q=Ann", "/palette?q=98765", "/palette?q=Ann", "", "/notifications", "/api/openapi.json",
    "api<place>", "api<place>?fields=<field>", "api<place>?sort=<field>", "api<place>?sort=-<field>",
    "api<place>?search=98765", "api<place>?format=csv", "api<place>?format=jsonl&fields=name,<field>",
    "api<place>/<id>", "api<place>/<id>?fields=<field>", "api<place>/<id>/documents/record.pdf",
]  # fmt: skip


def test_it_is_shown_nowhere(hidden: Hidden) -> None:
    seen = 0
    for page in PAGES:
        answer = hidden.get(page)
        assert answer.status_code < 500, page
        said = words(answer)
        asked = "98765" in page
        found = SHOWN.findall(said.replace("98765", "") if asked else said)
        assert not found, f"{page}: {found}"
        seen += bool(SHOWN.search(words(hidden.get(page, hidden.business.owner))))
    assert seen > 15, "the owner sees it in most of them: else this would find nothing"


def words(answer: TestResponse) -> str:
    """What an answer says to who reads it, without ids and pictures."""
    if answer.mimetype == "application/pdf":
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    said = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "", answer.get_data().decode(errors="replace"))
    return re.sub(r"<(?:path|svg|meta)[^>]*>|\?v=\w+|-[A-Z0-9]{8}\.", "", said)


LOGS = ["/audit?record=<id>", "/audit/export?record=<id>", "/audit/export?record=<id>&format=jsonl"]
LOGS += ["api/audit?record=<id>", "api/audit?record=<id>&format=csv", "/widgets/core.activity"]


def test_the_log_does_not_tell_it_either(hidden: Hidden) -> None:
    auditor = hidden.business.member(*hidden.person.grants, "core.audit.read")
    for page in LOGS:
        answer = hidden.get(page, auditor)
        assert answer.status_code == 200, page
        assert not SHOWN.search(words(answer)), page
        assert SHOWN.search(words(hidden.get(page, hidden.business.owner))) or "widgets" in page


QUESTIONS = [
    '<place>?where=[["<field>","gt","{}"]]', '<place>/count?where=[["<field>","gt","{}"]]',
    '<place>/export?where=[["<field>","gt","{}"]]', '<place>?as=pivot&rows=name&where=[["<field>","gt","{}"]]',
    "<place>/options?f.<field>={}", "<place>?f.<field>={}", "<place>?filter.<field>={}",
    'api<place>?where=[["<field>","gt","{}"]]', 'api<place>?count=true&where=[["<field>","gt","{}"]]',
    'api<place>?format=csv&where=[["<field>","gt","{}"]]', "api<place>?<field>={}",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_filter_asks_for_it(hidden: Hidden, question: str) -> None:
    """Whether a value is above or below a number must not be told: asked often enough, that is the value."""
    for low, high in (("50000", "99999"), (VALUE, "98765.44"), ("0", "1000000")):
        one, two = hidden.get(question.replace("{}", low)), hidden.get(question.replace("{}", high))
        assert one.status_code == two.status_code < 500
        if one.status_code == 200:
            assert names(one) == names(two)


@pytest.mark.parametrize(
    "page", ["<place>?sort={}<field>", "<place>/export?sort={}<field>", "api<place>?sort={}<field>"]
)
def test_no_order_tells_it(hidden: Hidden, page: str) -> None:
    up, down = hidden.get(page.replace("{}", "")), hidden.get(page.replace("{}", "-"))
    assert up.status_code == down.status_code < 500
    if up.status_code == 200:
        # Where all are alike, ids decide. By the value Bob would be the first.
        assert names(up) == ["Ann", "Bob"]
        assert sorted(names(down)) == ["Ann", "Bob"]


def names(answer: TestResponse) -> list[str]:
    """The records in an answer, in their order."""
    return list(dict.fromkeys(re.findall(r"\b(Ann|Bob)\b", words(answer))))


def test_it_cannot_be_written(hidden: Hidden) -> None:
    client, base = hidden.client, f"{hidden.business.url}{hidden.place}"
    for path, form in (
        (f"/{hidden.ids[0]}", {"name": "Ann"}),
        (f"/{hidden.ids[0]}/cell/{hidden.field}", {}),
        ("/bulk/edit", {"do": "apply", "field": hidden.field, "value": "5", "id": hidden.ids[0]}),
    ):
        answer = client.post(base + path, data={**form, hidden.field: "5"})
        assert answer.status_code < 500
        assert not SHOWN.search(words(answer)), path
    headers = {"Authorization": f"Bearer {hidden.business.token(hidden.person)}"}
    answer = hidden.business.world.app.test_client().patch(
        f"/api/v1{hidden.place}/{hidden.ids[0]}", json={hidden.field: "5"}, headers=headers
    )
    assert answer.status_code == 422
    assert not SHOWN.search(words(answer))
    stored = hidden.get("api<place>/<id>", hidden.business.owner).json
    assert stored is not None
    assert stored[hidden.field] == VALUE
