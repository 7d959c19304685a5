"""What a file is, by its first bytes: a name or a header of the sender says nothing.

It must not open what is inside a file (no decompression, no parser).
"""

from __future__ import annotations

from diwan.errors import Invalid
from diwan.kit.i18n import _

HEAD = 4096
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
BINARY = "application/octet-stream"
SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"), (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
)  # fmt: skip
OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
# What a desk runs or a browser shows as a page when it is opened: no reason to pass it on between colleagues here.
REFUSED = frozenset(
    [
        "exe",
        "com",
        "scr",
        "pif",
        "bat",
        "cmd",
        "msi",
        "msix",
        "ps1",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "hta",
        "lnk",
        "reg",
        "jar",
        "html",
        "htm",
        "xhtml",
        "shtml",
        "svg",
        "svgz",
        "xml",
        "xsl",
        "swf",
        "app",
        "dmg",
        "sh",
    ]
)
EXPECTED = {
    "png": ("image/png",), "jpg": ("image/jpeg",), "jpeg": ("image/jpeg",), "gif": ("image/gif",),
    "webp": ("image/webp",), "pdf": ("application/pdf",), "zip": ("application/zip",),
    **dict.fromkeys(OFFICE, ("application/zip",)),
}  # fmt: skip
RUNS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
MARKUP = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?xml", b"<body", b"<iframe")


def recognise(head: bytes, name: str, *, image: bool = False) -> str:
    """Return the media type of a file from its first bytes. Raises Invalid for what is not taken, under "file"."""
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    found = next((mime for sign, mime in SIGNS if head.startswith(sign)), "")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        found = "image/webp"
    if not head:
        raise Invalid({"file": _("The file is empty.")})
    if image and found not in IMAGES:
        raise Invalid({"file": _("This is no picture. Choose a PNG, JPEG, GIF or WebP file.")})
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if suffix in REFUSED or head.startswith(RUNS) or start.startswith(MARKUP):
        raise Invalid({"file": _("Files of this type are not taken, because opening them can do harm.")})
    if suffix in EXPECTED and found not in EXPECTED[suffix]:
        raise Invalid({"file": _("The content of this file is not what its name says (%(suffix)s).", suffix=suffix)})
    if found == "application/zip":
        return OFFICE.get(suffix, found)
    if found:
        return found
    return "text/plain" if _is_text(head) else BINARY


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character was cut in two
    return True
