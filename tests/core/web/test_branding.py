"""Branding: hues whose contrast is proven, logos that are pictures, who may choose and who may see them."""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from diwan.db import unit_of_work
from diwan.kit.colours import contrast, hex_of
from diwan.tenants.branding import CHROMA, HUES, measure
from diwan.testing.world import Business, World

ROOT = Path(__file__).parents[3]


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + b"\x10\x80\x70" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


WEBP = b"RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x01\x40\0\0" + b"\0" * 16
WHITE = (1.0, 0.0, 0.0)
# (foreground, background, least): the roles of tokens.css that hold the tenant's hue; text needs 4.5, the focus ring 3.
ROLES: dict[str, tuple[Any, Any, float]] = {
    "text by day": (lambda h: (0.49, CHROMA, h), lambda h: WHITE, 4.5),
    "text on its tint by day": (lambda h: (0.49, CHROMA, h), lambda h: (0.958, 0.024, h), 4.5),
    "text on grey by day": (lambda h: (0.49, CHROMA, h), lambda h: (0.942, 0.006, 240), 4.5),
    "button by day": (lambda h: WHITE, lambda h: (0.48, CHROMA, h), 4.5),
    "button by night": (lambda h: WHITE, lambda h: (0.53, CHROMA, h), 4.5),
    "pressed button by night": (lambda h: WHITE, lambda h: (0.485, CHROMA, h), 4.5),
    "text by night": (lambda h: (0.78, 0.11, h), lambda h: (0.205, 0.014, 250), 4.5),
    "text on its tint by night": (lambda h: (0.78, 0.11, h), lambda h: (0.29, 0.04, h), 4.5),
    "focus by day": (lambda h: (0.55, 0.13, h + 10), lambda h: WHITE, 3),
    "focus by night": (lambda h: (0.8, 0.13, h), lambda h: (0.205, 0.014, 250), 3),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("hue", HUES)
def test_every_hue_is_readable(hue: int, role: str) -> None:
    front, back, least = ROLES[role]
    assert contrast(front(hue), back(hue)) >= least


def test_the_roles_above_are_those_of_the_style_sheet() -> None:
    tokens = (ROOT / "platform/frontend/src/css/tokens.css").read_text("utf-8")
    for lightness in ("0.49", "0.48", "0.53", "0.485"):
        assert f"oklch({lightness} var(--brand-c) var(--brand-h))" in tokens
    for colour in ("0.78 0.11", "0.29 0.04", "0.958 0.024", "0.8 0.13"):
        assert f"oklch({colour} var(--brand-h))" in tokens


def test_known_colours() -> None:
    assert hex_of((1, 0, 0)) == "#ffffff"
    assert hex_of((0, 0, 0)) == "#000000"
    assert hex_of((0.627955, 0.257683, 29.234)) == "#ff0000"
    assert round(contrast(WHITE, (0, 0, 0)), 2) == 21


@pytest.fixture
def business(world: World) -> Business:
    return world.business("contacts")


def post(business: Business, **form: Any) -> Any:
    address = f"{business.url}/settings/branding"
    return business.client().post(address, data=form, content_type="multipart/form-data")


def logo_href(business: Business) -> str:
    found = re.search(r'class="brand-logo" src="([^"]+)"', business.client().get(business.url).text)
    return found[1] if found else ""


def test_a_hue_reaches_every_page_and_the_audit_log(business: Business) -> None:
    assert "brand.css" not in business.client().get(business.url).text
    assert post(business, hue="300").status_code == 303
    found = re.search(r'href="([^"]+/brand\.css\?v=1)"', business.client().get(business.url).text)
    assert found
    answer = business.client().get(found[1])
    assert answer.text == ":root{--brand-h:300;--brand-c:0.098}"
    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    with business.acting(), unit_of_work() as session:
        query = text("SELECT after FROM core.audit_entry WHERE tenant_id = :t AND resource = 'core.tenant'")
        assert session.scalar(query, {"t": business.tenant.id})["hue"] == 300


@pytest.mark.parametrize("hue", ["", "1", "-5", "9999999999", "1}body{display:none", "٢٠٠"])
def test_only_offered_hues(business: Business, hue: str) -> None:
    assert post(business, hue=hue).status_code == 422
    assert "brand.css" not in business.client().get(business.url).text


def test_a_logo_is_kept_shown_replaced_and_removed(business: Business) -> None:
    assert post(business, logo=(BytesIO(png()), "logo.png")).status_code == 303
    first = logo_href(business)
    answer = business.client().get(first)
    assert answer.data == png()
    assert answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert post(business, logo=(BytesIO(WEBP), "logo.webp")).status_code == 303
    assert logo_href(business) != first
    assert business.client().get(logo_href(business)).mimetype == "image/webp"
    with business.acting(), unit_of_work() as session:
        assert session.scalar(text("SELECT count(*) FROM core.file WHERE tenant_id = core.tid()")) == 1
    post(business, remove_logo="1")
    assert not logo_href(business)
    assert business.client().get(first).status_code == 404


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "PNG, JPEG or WebP"),
        (b"<html><script>alert(1)</script>", "PNG, JPEG or WebP"),
        (b"GIF89a" + b"\0" * 40, "PNG, JPEG or WebP"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 60, "PNG, JPEG or WebP"),
        (png()[:40], "damaged"),
        (png()[:16] + struct.pack(">II", 90_000, 90_000) + png()[24:], "too large"),
        (png() + b"\0" * 200_000, "200 KB"),
        (b"", "PNG, JPEG or WebP"),
    ],
)
def test_what_is_no_picture_is_refused(business: Business, content: bytes, problem: str) -> None:
    answer = post(business, logo=(BytesIO(content), "../../logo.png"))
    assert answer.status_code == 422
    assert problem in answer.text
    assert not logo_href(business)


def test_measures() -> None:
    assert measure(png(3, 5)) == ("image/png", 3, 5)
    assert measure(WEBP) == ("image/webp", 2, 2)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x07\x00\x09" + b"\0" * 9
    assert measure(jpeg) == ("image/jpeg", 9, 7)


def test_who_may_choose_and_who_may_see(business: Business, world: World) -> None:
    post(business, hue="300", logo=(BytesIO(png()), "logo.png"))
    address, logo = f"{business.url}/settings/branding", logo_href(business)
    reader = business.client(business.member("contacts.contact.read"))
    assert reader.get(address).status_code == 403
    assert reader.post(address, data={"hue": "15"}).status_code == 403
    assert reader.get(logo).status_code == 200
    stranger = world.business("contacts").client()
    assert stranger.get(logo).status_code == 404
    assert stranger.get(f"{business.url}/brand.css").status_code == 404
    visitor = world.app.test_client()
    assert visitor.get(logo).status_code == 303


def test_documents_carry_colour_and_logo(business: Business) -> None:
    post(business, hue="300", logo=(BytesIO(png()), "logo.png"))
    from diwan.resources.printing import letterhead

    with business.acting(), unit_of_work():
        head = letterhead()
    assert head.logo == png()
    assert head.colour == hex_of((0.48, CHROMA, 300))
