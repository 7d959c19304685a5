"""What a business shows of a person: written by that person, checked, seen by members only."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from diwan.audit import service as audit
from diwan.db import current, unit_of_work
from diwan.errors import Invalid
from diwan.files.models import StoredFile
from diwan.tenants import portraits, profile
from diwan.tenants.branding import measure
from diwan.testing.world import Business

PLACE = b"48.8584N 2.2945E"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(side: int = 8, *extra: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x0f\x76\x6e" * side for _ in range(side)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# The smallest picture that a decoder takes: one grey pixel.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010101004800480000ffdb004300" + "01" * 64 + "ffc0000b080001000101011100"
    "ffc40014000100000000000000000000000000000003ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f0047ffd9"
)  # fmt: skip


def exif(turned: int) -> bytes:
    entry = struct.pack("<HHII", 0x0112, 3, 1, turned)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + b"\0" * 4 + PLACE
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


def save(business: Business, client: Any, **form: Any) -> Any:
    return client.post(f"{business.url}/profile", data=form, content_type="multipart/form-data")


def test_a_person_writes_about_themselves_and_the_log_has_it(business: Business) -> None:
    client = business.client()
    answer = save(business, client, job_title=" Sales  lead ", phone="2222 3333", signature="Best\nMariam")
    assert answer.status_code == 303
    page = client.get(f"{business.url}/profile").text
    for text in ("Sales lead", "2222 3333", "Best\nMariam"):
        assert text in page
    assert "Sales lead" in client.get(f"{business.url}/people").text
    with business.acting(), unit_of_work():
        assert profile.mine().phone == "+96522223333"
        entry = next(e for e in audit.entries() if e.action == "update" and e.resource == "core.member")
        assert entry.after["job_title"] == "Sales lead"
        count = len(audit.entries())
    save(business, client, job_title="Sales lead", phone="+965 2222 3333", signature="Best\nMariam")
    with business.acting(), unit_of_work():
        assert len(audit.entries()) == count  # nothing changed, nothing is written


def test_everybody_has_a_profile_of_their_own(business: Business) -> None:
    colleague = business.member()
    save(business, business.client(), job_title="Owner here", phone="", signature="")
    assert "Owner here" not in business.client(colleague).get(f"{business.url}/profile").text


@pytest.mark.parametrize(("form", "said"), [
    ({"job_title": "x" * 121}, "at most 120"), ({"phone": "call me"}, "with digits"),
    ({"signature": "x" * 2001}, "at most 2000"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_and_comes_back(business: Business, form: dict[str, str], said: str) -> None:
    answer = save(business, business.client(), **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert next(iter(form.values())) in answer.text


def test_a_picture_is_shown_to_members_and_to_nobody_else(business: Business, world: Any) -> None:
    client = business.client()
    assert save(business, client, avatar=(BytesIO(png()), "me.png")).status_code == 303
    with business.acting(), unit_of_work():
        file_id = profile.mine().avatar
    href = f"{business.url}/avatars/{file_id}"
    assert href in client.get(f"{business.url}/profile").text
    assert f'src="{href}"' in client.get(f"{business.url}/people").text
    answer = business.client(business.member()).get(href)
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    stranger = world.business("contacts")
    assert stranger.client().get(href).status_code == 404
    assert stranger.client().get(f"{stranger.url}/avatars/{file_id}").status_code == 404
    assert business.world.app.test_client().get(href).location.startswith("/login")
    for other in (uuid4(), business.owner.id):
        assert client.get(f"{business.url}/avatars/{other}").status_code == 404
    # Another one replaces it, and both its row and its bytes go.
    save(business, client, avatar=(BytesIO(png(9)), "me.png"))
    assert client.get(href).status_code == 404
    save(business, client, remove_avatar="1")
    assert "/avatars/" not in client.get(f"{business.url}/profile").text
    with business.acting(), unit_of_work() as session:
        assert session.query(StoredFile).filter(StoredFile.tenant_id == current.tenant.id).count() == 0


def test_other_files_of_the_business_are_no_pictures_of_people(business: Business) -> None:
    from diwan import files

    with business.acting(), unit_of_work():
        kept = files.store(BytesIO(png()), "logo.png", purpose="brand", mime="image/png", limit=10_000)
        number = kept.id
    assert business.client().get(f"{business.url}/avatars/{number}").status_code == 404


@pytest.mark.parametrize(("content", "said"), [
    (b"", "PNG, JPEG or WebP"), (b"<svg onload=alert(1)>", "PNG, JPEG or WebP"),
    (b"GIF89a" + b"\0" * 50, "PNG, JPEG or WebP"),
    (png()[:-20], "damaged"), (JPEG[:-40], "damaged"), (png() + b"\0" * 2**21, "larger than 2 MB"),
    (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 9, 8, 2, 0, 0, 0)), "too large"),
])  # fmt: skip
def test_what_is_no_picture_is_refused(business: Business, content: bytes, said: str) -> None:
    answer = save(business, business.client(), avatar=(BytesIO(content), "me.png"), job_title="Kept")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Kept" in answer.text
    with business.acting(), unit_of_work():
        member = profile.mine()
        assert (member.avatar, member.job_title) == (None, "")


def test_what_a_camera_wrote_is_taken_out() -> None:
    taken = JPEG[:2] + exif(6) + b"\xff\xfe\x00\x12" + PLACE + JPEG[2:] + PLACE
    bare, kind = portraits.accept(taken)
    assert kind == "image/jpeg"
    assert PLACE not in bare
    assert portraits._orientation(bare[bare.index(b"Exif\0\0") + 6 :]) == 6
    assert measure(bare) == ("image/jpeg", 1, 1)
    straight, _kind = portraits.accept(JPEG[:2] + exif(1) + JPEG[2:])
    assert straight == JPEG
    bare, _kind = portraits.accept(png(8, chunk(b"tEXt", PLACE), chunk(b"eXIf", PLACE)) + PLACE)
    assert bare == png(8)


def test_a_webp_loses_its_exif_and_says_so() -> None:
    size = struct.pack("<I", 7)[:3]
    frame = b"VP8X" + struct.pack("<I", 10) + bytes([0b1100]) + b"\0" * 3 + size + size
    picture = b"VP8L" + struct.pack("<I", 6) + b"\x2f" + b"\0" * 5
    body = b"WEBP" + frame + picture + b"EXIF" + struct.pack("<I", len(PLACE)) + PLACE + b"\0" * (len(PLACE) % 2)
    bare, kind = portraits.accept(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert kind == "image/webp"
    assert PLACE not in bare
    assert bare[20] == 0
    assert int.from_bytes(bare[4:8], "little") == len(bare) - 8


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe1\x00\x01", JPEG[:30], JPEG[:2] + b"\xff\xe1\xff\xff" + JPEG[2:]])
def test_a_damaged_picture_is_refused_and_not_followed(content: bytes) -> None:
    with pytest.raises(Invalid):
        portraits.accept(content)
