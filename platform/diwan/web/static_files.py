"""The built front end, served compressed and for ever: every name carries a hash of its content.

It must serve nothing else; what people upload never comes from here.
"""

from __future__ import annotations

import re
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

from diwan.web.headers import headers_of_files
from diwan.web.ui import DIST, STATIC_URL

HASHED = re.compile(r"-[A-Z0-9]{8}\.\w+$")


def register(app: Flask) -> None:
    """Put the files in front of the application: such a request never reaches a session or the database."""
    https = app.config["DIWAN"].base_url.startswith("https://")

    def add(headers: Headers, path: str, url: str) -> None:
        for name, value in headers_of_files(https=https).items():
            headers[name] = value

    files = WhiteNoise(
        app.wsgi_app, max_age=60, immutable_file_test=lambda path, url: bool(HASHED.search(url)),
        allow_all_origins=False, add_headers_function=add,
    )  # fmt: skip
    if DIST.is_dir():
        files.add_files(str(DIST), prefix=STATIC_URL.strip("/") + "/")
    app.wsgi_app = files  # type: ignore[method-assign]
