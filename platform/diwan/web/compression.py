"""Pages leave compressed when the browser takes it: a form of 80 KB is 8 on the wire.

It must not let the length of an answer tell what is in it: a page holds the CSRF token beside text from its address.
"""

from __future__ import annotations

import gzip
import secrets
from io import BytesIO

from flask import Flask, Response, request

SMALLEST = 1_400
"""Bytes: what fits into one packet gains nothing."""
LEVEL = 4
"""A page of 100 KB takes about a millisecond; higher levels take three and save a tenth."""
NOISE = 128
"""Up to so many bytes more, by chance, so that guesses cannot be compared by their lengths (BREACH)."""


def register(app: Flask) -> None:
    """Compress the pages of the application; built files are compressed already, streams stay as they are."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress a page for a browser that says it takes gzip."""
    if response.mimetype != "text/html" or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    plain = response.get_data()
    if len(plain) < SMALLEST or "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    packed = BytesIO()
    # The name in the header of gzip is the one place where bytes may stand that mean nothing.
    name = "x" * secrets.randbelow(NOISE)
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=LEVEL, fileobj=packed, mtime=0) as file:
        file.write(plain)
    response.set_data(packed.getvalue())
    response.headers["Content-Encoding"] = "gzip"
    return response
