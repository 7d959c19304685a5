"""The looks of a business: one of a dozen hues, whose contrast is known, and a logo.

It must not take a colour's lightness from anybody, nor a picture that can carry a script (SVG).
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select

from diwan import audit, files
from diwan.db.context import current, replace_scope
from diwan.documents.pictures import is_drawable
from diwan.errors import Invalid
from diwan.kit.colours import hex_of
from diwan.kit.i18n import _
from diwan.tenants.models import Tenant

HUES = {
    183: _("Teal"), 150: _("Green"), 130: _("Leaf"), 95: _("Olive"), 65: _("Amber"), 40: _("Copper"),
    15: _("Rose"), 335: _("Magenta"), 300: _("Violet"), 270: _("Indigo"), 245: _("Blue"), 215: _("Sea"),
}  # fmt: skip
"""What may be chosen; tests hold the contrast of each in both themes."""
DEFAULT_HUE = 183
CHROMA = 0.098
SOLID = 0.48
"""The lightness of filled buttons by day (tokens.css), which documents take for their heads."""
LARGEST = 200_000
BROADEST = 4096
DRAWN = {"image/png": ".png", "image/jpeg": ".jpg"}
"""Pictures that documents can show, too."""


def choose_hue(hue: int) -> None:
    """Give the business another colour. Raises Invalid."""
    if hue not in HUES:
        raise Invalid({"hue": _("Choose one of the colours.")})
    _change({"hue": hue, "colour": hex_of((SOLID, CHROMA, hue))})


def set_logo(stream: IO[bytes], name: str) -> None:
    """Keep a PNG, JPEG or WebP as the logo of the business. Raises Invalid."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid({"logo": _("This picture is larger than 200 KB.")})
    kind, width, height = measure(content)
    if not kind:
        raise Invalid({"logo": _("Choose a PNG, JPEG or WebP picture.")})
    if not (0 < width <= BROADEST and 0 < height <= BROADEST):
        raise Invalid({"logo": _("This picture is too large: at most 4096 pixels each way.")})
    if kind in DRAWN and not is_drawable(content, DRAWN[kind]):
        raise Invalid({"logo": _("This picture is damaged.")})
    kept = files.store(BytesIO(content), name, purpose="brand", mime=kind, limit=LARGEST)
    _change({"logo": str(kept.id), "logo_type": kind})


def remove_logo() -> None:
    """Show the sign of Diwan again."""
    _change({"logo": "", "logo_type": ""})


def measure(content: bytes) -> tuple[str, int, int]:
    """Return media type, width and height of a picture by its own first bytes; an empty type if it is none we take."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and len(content) > 24:
        return "image/png", int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    return "", 0, 0


def _jpeg(content: bytes) -> tuple[str, int, int]:
    """Walk over the segments to the one that tells the size."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return "image/jpeg", int.from_bytes(width), int.from_bytes(height)
        at += 2 + max(length, 2)
    return "", 0, 0


def _webp(content: bytes) -> tuple[str, int, int]:
    chunk, data = content[12:16], content[20:30]
    if len(data) < 10:
        return "", 0, 0
    if chunk == b"VP8X":
        return "image/webp", 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if chunk == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        return "image/webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
        return "image/webp", width & 0x3FFF, height & 0x3FFF
    return "", 0, 0


def _change(values: dict[str, Any]) -> None:
    tenant = current.session.scalars(select(Tenant).where(Tenant.id == current.tenant.id).with_for_update()).one()
    before = dict(tenant.brand)
    changed = {key: value for key, value in values.items() if before.get(key, "") != value}
    if not changed:
        return
    if "logo" in changed and before.get("logo"):
        files.remove(UUID(before["logo"]))
    # The version is in the addresses of style sheet and logo, which browsers then keep for ever.
    tenant.brand = {**before, **changed, "version": before.get("version", 0) + 1}
    shown = {key: before.get(key, "") for key in changed}
    audit.record("update", "core.tenant", None, tenant.name, shown, changed)
    current.session.flush()
    replace_scope(tenant=tenant.snapshot())
