"""Compressed pages: the same content, smaller, and with a length that tells nothing."""

from __future__ import annotations

import gzip

from flask.testing import FlaskClient

from diwan.testing.world import Business

GZIP = {"Accept-Encoding": "gzip, br"}


def test_a_page_is_compressed_for_whoever_takes_it(client: FlaskClient, business: Business) -> None:
    place = f"{business.url}/contacts/contact"
    packed = client.get(place, headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    page = gzip.decompress(packed.data)
    assert b"</html>" in page
    assert len(packed.data) < len(page) / 3
    for refused in ({}, {"Accept-Encoding": "gzip;q=0, identity"}):
        plain = client.get(place, headers=refused)
        assert "Content-Encoding" not in plain.headers
        assert plain.text.rstrip().endswith("</html>")


def test_equal_pages_differ_in_length(client: FlaskClient, business: Business) -> None:
    lengths = {len(client.get(f"{business.url}/people", headers=GZIP).data) for _ in range(12)}
    assert len(lengths) > 1


def test_what_is_no_page_stays_as_it_is(client: FlaskClient, business: Business) -> None:
    assert "Content-Encoding" not in client.get("/healthz", headers=GZIP).headers
    options = client.get(f"{business.url}/contacts/contact/options", headers=GZIP)
    assert "Content-Encoding" not in options.headers
