"""The security headers of every answer.

It must not depend on the page: no nonces, no exceptions; pages hold no inline script or style at all.
"""

from __future__ import annotations

from flask import Flask, Response

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def headers_of_files(*, https: bool) -> dict[str, str]:
    """Return what the built files carry: they are everybody's, but only for pages from here."""
    return {**HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}


def secure(response: Response, *, https: bool = False) -> Response:
    """Add the headers that the answer does not set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if https:
        response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
    # Not `no-store`: that would also forbid the browser to bring a half-filled form back on "Back".
    response.headers.setdefault("Cache-Control", "no-cache, private")
    response.vary.update(["HX-Request", "HX-History-Restore-Request", "Cookie"])
    return response


def register(app: Flask) -> None:
    """Add the headers to every answer of the application; its address says whether people reach it by https only."""
    config = app.config.get("DIWAN")
    https = config is not None and config.base_url.startswith("https://")

    @app.after_request
    def add(response: Response) -> Response:
        return secure(response, https=https)
