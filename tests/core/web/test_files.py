"""Files of fields: who may store and fetch them, what is taken, and how they are sent."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from diwan.db import current, unit_of_work
from diwan.errors import Invalid
from diwan.files.types import recognise
from diwan.resources import store
from diwan.testing.world import Business, World

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.7\n%rest"


@pytest.fixture
def kitchen(world: World) -> Business:
    return world.business("kitchen")


def send(client: FlaskClient, business: Business, content: bytes, name: str, field: str = "image") -> Any:
    data = {"purpose": f"kitchen.order.{field}", "file": (io.BytesIO(content), name)}
    return client.post(f"{business.url}/files", data=data, content_type="multipart/form-data")


def test_a_picture_is_stored_kept_by_a_record_and_shown(kitchen: Business) -> None:
    client = kitchen.client()
    answer = send(client, kitchen, PNG, "../../نعم\x00 photo.png")
    assert answer.status_code == 201
    assert answer.json["name"] == "نعم photo.png"
    with kitchen.acting(), unit_of_work():
        orders = current.lineup.resources["kitchen.order"]
        store.create(orders, {"subject": "A", "image": answer.json["id"]})
        with pytest.raises(Invalid) as caught:  # a file of another field
            store.create(orders, {"subject": "A", "contract": answer.json["id"]})
        assert set(caught.value.errors) == {"contract"}
        with pytest.raises(Invalid):
            store.create(orders, {"subject": "A", "image": "00000000-0000-0000-0000-000000000000"})
    small = client.get(answer.json["href"] + "?small=1")
    assert (small.status_code, small.data, small.content_type) == (200, PNG, "image/png")
    assert "attachment" not in small.headers.get("Content-Disposition", "")
    whole = client.get(answer.json["href"])
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    page = client.get(f"{kitchen.url}/kitchen/order?columns=subject,image")
    assert page.status_code == 200


def test_only_readers_of_a_record_that_holds_it_get_it(kitchen: Business, other_business: Business) -> None:
    id = send(kitchen.client(), kitchen, PDF, "contract.pdf", "contract").json["id"]
    reader = kitchen.client(kitchen.member("kitchen.order.read"))
    stranger = kitchen.client(kitchen.member("kitchen.client.read"))
    address = f"{kitchen.url}/files/{id}"
    assert reader.get(address).status_code == 404  # no record holds it yet: not a word of it
    with kitchen.acting(), unit_of_work():
        store.create(current.lineup.resources["kitchen.order"], {"subject": "A", "contract": id})
    assert reader.get(address).status_code == 200
    assert stranger.get(address).status_code == 403
    assert other_business.client().get(f"{other_business.url}/files/{id}").status_code == 404
    assert send(reader, kitchen, PNG, "a.png").status_code == 403
    assert send(kitchen.client(kitchen.member("kitchen.order.create")), kitchen, PNG, "a.png").status_code == 201


@pytest.mark.parametrize("purpose", ["", "kitchen.order.subject", "no.such.field", "kitchen.order"])
def test_only_fields_that_hold_files(kitchen: Business, purpose: str) -> None:
    data = {"purpose": purpose, "file": (io.BytesIO(PNG), "a.png")}
    answer = kitchen.client().post(f"{kitchen.url}/files", data=data, content_type="multipart/form-data")
    assert answer.status_code == 404


@pytest.mark.parametrize("id", ["x", "00000000-0000-0000-0000-000000000000", "..%2f..%2fetc%2fpasswd"])
def test_no_such_file(kitchen: Business, id: str) -> None:
    assert kitchen.client().get(f"{kitchen.url}/files/{id}").status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "field"),
    [
        (b"<svg onload=alert(1)>", "a.png", "image"), (b"GIF", "a.gif", "image"), (PDF, "a.png", "image"),
        (b"", "a.png", "image"), (b"<html><script>", "a.txt", "contract"), (b"MZ\x90", "a.pdf", "contract"),
        (b"x", "a.svg", "contract"), (b"x", "a.HTML", "contract"), (PNG, "a.pdf", "contract"),
        (b"#!/bin/sh", "run", "contract"), (b"plain", "a.docx", "contract"),
    ],
)  # fmt: skip
def test_what_is_not_taken_says_why(kitchen: Business, content: bytes, name: str, field: str) -> None:
    answer = send(kitchen.client(), kitchen, content, name, field)
    assert answer.status_code == 422
    assert answer.json["detail"]


def test_what_a_file_is() -> None:
    assert recognise(PNG, "a") == "image/png"
    assert recognise(b"PK\x03\x04...", "a.docx").endswith("wordprocessingml.document")
    assert recognise("سلام".encode(), "a.txt") == "text/plain"
    assert recognise(b"\x00\x01", "a.dat") == "application/octet-stream"


def test_a_form_that_another_site_sends_is_refused(kitchen: Business) -> None:
    client = kitchen.client()
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    assert send(client, kitchen, PNG, "a.png").status_code == 400
