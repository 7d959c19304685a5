"""The wizard's pages from upload to undo, with everything that can go wrong on the way.

It must go through requests only; what imports do with rows is tested in tests/core/imports.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from diwan import jobs
from diwan.db import current
from diwan.testing.world import Business

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"


class Wizard:
    """A person in front of the wizard."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self.client: FlaskClient = business.client()
        self.base = f"{business.url}/contacts/contact/import"

    def upload(self, content: bytes, name: str = "table.csv") -> Any:
        return self.client.post(
            self.base, data={"file": (io.BytesIO(content), name)}, content_type="multipart/form-data"
        )

    def uploaded(self, content: bytes, name: str = "table.csv") -> str:
        answer = self.upload(content, name)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def work(self) -> None:
        with self.business.acting():
            jobs.run_pending()
            current.session.commit()


@pytest.fixture
def wizard(business: Business) -> Wizard:
    return Wizard(business)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_from_upload_to_undo(wizard: Wizard) -> None:
    client = wizard.client
    assert client.get(wizard.base).status_code == 200
    run = wizard.uploaded((NORTHWIND / "customers.csv").read_bytes(), "customers.csv")

    page = client.get(run).text
    assert re.search(r'name="column-1".*?value="name" selected', page, re.DOTALL)
    assert "Alfreds Futterkiste" in page
    assert re.search(r'value="code:update" checked', page)
    choices = dict(re.findall(r'name="(column-\d+)".*?value="([a-z_]+)" selected', page, re.DOTALL))
    assert len(choices) == 11

    answer = client.post(run, data={**choices, "match": "code:update", "all-roles": ["customer"]})
    assert (answer.status_code, answer.location) == (303, f"{run}/check")
    waiting = client.get(f"{run}/check").text
    assert f'hx-get="{run}/check"' in waiting
    wizard.work()
    checked = text_of(client.get(f"{run}/check").text)
    assert "Import 91 rows" in checked
    assert "Every row is in order" in checked

    answer = client.post(f"{run}/check")
    assert answer.location == f"{run}/run"
    progress = client.get(f"{run}/run").text
    assert f'hx-get="{run}/run"' in progress
    assert "0 of 91 rows" in progress
    wizard.work()
    over = client.get(f"{run}/run", headers={"HX-Request": "true"})
    assert over.headers["HX-Redirect"] == f"{run}/result"
    assert client.get(f"{run}/run").location == f"{run}/result"
    result = client.get(f"{run}/result").text
    assert "91 records imported" in result
    assert "Alfreds Futterkiste" in client.get(f"{wizard.business.url}/contacts/contact").text
    assert "customers.csv" in client.get(wizard.base).text

    assert client.post(f"{run}/undo").location == f"{run}/run"
    assert "Undoing" in client.get(f"{run}/run").text
    wizard.work()
    assert "The import was undone" in client.get(f"{run}/result").text
    assert "Alfreds Futterkiste" not in client.get(f"{wizard.business.url}/contacts/contact").text


def test_errors_are_shown_with_column_and_cell_and_can_be_downloaded(wizard: Wizard) -> None:
    run = wizard.uploaded(b"Firma;Mail\nGood;a@b.co\nBad;=cmd|x\nRagged\n", "firms.csv")
    wizard.client.post(run, data={"column-0": "name", "column-1": "email", "match": ":create"})
    wizard.work()
    page = text_of(wizard.client.get(f"{run}/check").text)
    assert "Mail =cmd|x Enter an e-mail address" in page
    assert "fewer cells (1)" in page
    assert "Import 1 row" in page
    wizard.client.post(f"{run}/check")
    wizard.work()
    assert "Enter an e-mail address" in wizard.client.get(f"{run}/result").text
    answer = wizard.client.get(f"{run}/failed.csv")
    assert "firms-failed.csv" in answer.headers["Content-Disposition"]
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "Firma,Mail,Problem"
    assert lines[1].startswith("Bad,'=cmd|x,\"E-mail: ")
    assert lines[2].startswith("Ragged,,")


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"%PDF-1.7 ...", "customers.csv", "This is a PDF"),
        (b"", "customers.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.xlsx", "picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.csv", "old Excel"),
        (bytes(range(256)) * 50, "a.csv", "not a table"),
    ],
)
def test_files_that_are_no_tables(wizard: Wizard, content: bytes, name: str, words: str) -> None:
    answer = wizard.upload(content, name)
    assert answer.status_code == 422
    assert words in text_of(answer.text)
    assert 'type="file"' in answer.text
    assert name not in text_of(wizard.client.get(wizard.base).text)


def test_no_file_and_a_file_that_is_too_large(wizard: Wizard) -> None:
    assert wizard.client.post(wizard.base, data={}).status_code == 422
    answer = wizard.upload(b"a,b\n" + b"x" * (25 * 2**20), "big.csv")
    assert answer.status_code == 413
    assert "25 MB" in text_of(answer.text)


def test_an_upload_of_200_megabytes_is_refused_by_its_announced_length(wizard: Wizard) -> None:
    announced = {"CONTENT_LENGTH": str(200 * 2**20)}
    answer = wizard.client.post(
        wizard.base, input_stream=io.BytesIO(b"--x\r\n"), environ_overrides=announced,
        content_type="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert answer.status_code == 413
    assert "larger than this server takes" in text_of(answer.text)


def test_a_mapping_with_mistakes_keeps_what_was_chosen(wizard: Wizard) -> None:
    run = wizard.uploaded(b"a,b\n1,2\n")
    answer = wizard.client.post(run, data={"column-0": "name", "column-1": "name", "match": "email:update"})
    assert answer.status_code == 422
    assert "Another column goes to this field already" in answer.text
    assert "Choose a mapped field" in answer.text
    assert len(re.findall(r'value="name" selected', answer.text)) == 2


def test_the_file_read_in_another_way(wizard: Wizard) -> None:
    run = wizard.uploaded("nom;ville\nÉmile;Liège\n".encode("cp1252"))
    assert "Émile" in wizard.client.get(run).text
    assert wizard.client.post(f"{run}/format", data={"encoding": "cp1256", "delimiter": ";"}).status_code == 303
    page = wizard.client.get(run).text
    assert "Émile" not in page
    assert 'value="cp1256" selected' in page
    assert wizard.client.post(f"{run}/format", data={"encoding": "rot13"}).status_code == 422


def test_steps_out_of_turn_lead_to_where_the_run_is(wizard: Wizard) -> None:
    run = wizard.uploaded(b"name\nAda\n")
    for place in ("check", "run", "result"):
        assert wizard.client.get(f"{run}/{place}").location == run
    assert wizard.client.post(f"{run}/undo").location == run
    assert wizard.client.post(f"{run}/check").status_code == 422
    wizard.client.post(run, data={"column-0": "name", "match": ":create"})
    assert wizard.client.get(run).location == f"{run}/check"


def test_only_those_who_may(wizard: Wizard, other_business: Business) -> None:
    run = wizard.uploaded(b"name\nAda\n")
    reader = wizard.business.client(wizard.business.member("contacts.contact.read"))
    stranger = other_business.client()
    elsewhere = run.replace(wizard.business.url, other_business.url)
    for method, place in [
        ("get", ""), ("post", ""), ("post", "/format"), ("get", "/check"), ("post", "/check"), ("get", "/run"),
        ("get", "/result"), ("post", "/undo"), ("post", "/stop"), ("get", "/failed.csv"),
    ]:  # fmt: skip
        assert getattr(reader, method)(run + place).status_code == 403
        assert getattr(stranger, method)(run + place).status_code == 404
        assert getattr(stranger, method)(elsewhere + place).status_code == 404
    assert reader.get(wizard.base).status_code == 403
    assert wizard.client.get(f"{wizard.base}/{uuid4()}").status_code == 404
    for resource in ("contacts/address", "contacts/nothing", "nothing/contact"):
        assert wizard.client.get(f"{wizard.business.url}/{resource}/import").status_code == 404


def test_forms_need_their_token(wizard: Wizard) -> None:
    run = wizard.uploaded(b"name\nAda\n")
    wizard.client.environ_base.pop("HTTP_X_CSRFTOKEN")
    for place in ("", "/check", "/undo", "/format"):
        assert wizard.client.post(run + place).status_code == 400
    assert wizard.upload(b"name\nAda\n").status_code == 400


def test_file_names_are_only_shown(wizard: Wizard, config: Any) -> None:
    evil = '../../<img src=x onerror=alert(1)>"\u202e.csv'
    run = wizard.uploaded(b"name\nAda\n", evil)
    page = wizard.client.get(run).text
    assert "<img src=x" not in page
    wizard.client.post(run, data={"column-0": "name", "match": ":create"})
    wizard.work()
    header = wizard.client.get(f"{run}/failed.csv").headers["Content-Disposition"]
    assert "/" not in header.replace("filename*=UTF-8''", "")
    assert len(list((config.home / "files" / str(wizard.business.tenant.id)).iterdir())) == 1
