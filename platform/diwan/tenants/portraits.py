"""Pictures of people: what is taken, and what a camera wrote into them is taken out (place, time, serial numbers).

It must not decode a picture; it walks over the parts of the file and leaves some out.
"""

from __future__ import annotations

from collections.abc import Iterator

from diwan.documents.pictures import is_drawable
from diwan.errors import Invalid
from diwan.kit.i18n import _
from diwan.tenants.branding import DRAWN, measure

LARGEST = 2 * 2**20
BROADEST = 8192
PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD"}
)
# Tables, frames and scans; JFIF (APP0), colours (APP2) and Adobe's (APP14) of what applications add.
JPEG_KEPT = frozenset({*range(0xC0, 0xE0), 0xE0, 0xE2, 0xEE})
WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
ORIENTATION = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00"
"""The entry of an orientation as we write it: tag, type, count and the first byte of the value, all big-endian."""


def accept(content: bytes) -> tuple[bytes, str]:
    """Return a picture without what does not belong to it, and its media type. Raises Invalid under "avatar"."""
    if len(content) > LARGEST:
        raise Invalid({"avatar": _("This picture is larger than %(limit)s MB.", limit=LARGEST // 2**20)})
    kind, width, height = measure(content)
    if not kind:
        raise Invalid({"avatar": _("Choose a PNG, JPEG or WebP picture.")})
    if not (0 < width <= BROADEST and 0 < height <= BROADEST):
        raise Invalid({"avatar": _("This picture is too large: at most %(n)s pixels each way.", n=BROADEST)})
    try:
        bare = b"".join(CLEANERS[kind](content))
    except (IndexError, ValueError):
        raise Invalid({"avatar": _("This picture is damaged.")}) from None
    if kind in DRAWN and not is_drawable(bare, DRAWN[kind]):
        raise Invalid({"avatar": _("This picture is damaged.")})
    return bare, kind


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Leave out what applications put in, but for the way round that the picture stands, and what follows its end."""
    yield content[:2]
    at, turned = 2, 1
    while content[at] == 0xFF and content[at + 1] != 0xDA:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        segment = content[at : at + 2 + length]
        if length < 2 or len(segment) != length + 2:
            raise ValueError
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            turned = _orientation(segment[10:]) or turned
        elif marker in JPEG_KEPT and (marker != 0xE2 or segment[4:15] == b"ICC_PROFILE"):
            yield segment
        at += 2 + length
    if turned != 1:
        tiff = b"MM\0*\0\0\0\x08\0\x01" + ORIENTATION + bytes([turned]) + b"\0\0" + b"\0\0\0\0"
        yield b"\xff\xe1" + (len(tiff) + 8).to_bytes(2) + b"Exif\0\0" + tiff
    end = content.find(b"\xff\xd9", at)
    if end < 0:
        raise ValueError
    yield content[at : end + 2]


def _orientation(tiff: bytes) -> int:
    """Return how a camera was held (2 to 8), or nothing."""
    order = "little" if tiff[:2] == b"II" else "big"
    start = int.from_bytes(tiff[4:8], order)  # type: ignore[arg-type]
    for n in range(int.from_bytes(tiff[start : start + 2], order)):  # type: ignore[arg-type]
        entry = tiff[start + 2 + 12 * n : start + 14 + 12 * n]
        if int.from_bytes(entry[:2], order) == 0x0112:  # type: ignore[arg-type]
            value = int.from_bytes(entry[8:10], order)  # type: ignore[arg-type]
            return value if 2 <= value <= 8 else 0
    return 0


def _png(content: bytes) -> Iterator[bytes]:
    yield content[:8]
    at = 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        chunk = content[at : at + 12 + length]
        if len(chunk) != 12 + length:
            raise ValueError
        if chunk[4:8] in PNG_KEPT:
            yield chunk
        if chunk[4:8] == b"IEND":
            return
        at += 12 + length


def _webp(content: bytes) -> Iterator[bytes]:
    parts = []
    at = 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = bytearray(content[at : at + 8 + size + size % 2])
        if len(chunk) < 8 + size:
            raise ValueError
        if chunk[:4] == b"VP8X":
            chunk[8] &= ~0b1100  # "there is Exif", "there is XMP"
        if bytes(chunk[:4]) not in WEBP_DROPPED:
            parts.append(bytes(chunk))
        at += len(chunk)
    body = b"WEBP" + b"".join(parts)
    yield b"RIFF" + len(body).to_bytes(4, "little") + body


CLEANERS = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}
