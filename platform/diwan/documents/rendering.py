"""Renders one document with Typst, in a folder of its own that holds all that the template may read.

It must never put text into markup: a template reads its values from data.json, so nothing typed can run.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import typst

from diwan.errors import DiwanError
from diwan.kit.i18n import _, language

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
TEMPLATES = HERE / "templates"
RECORD = TEMPLATES / "record.typ"
"""The template of any record; see docs/plugins/documents.md for what its data holds."""


class BrokenTemplate(DiwanError):
    """A document's template does not compile; the reason is in the log, for its author."""

    code = "broken_template"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands at the head of a business's documents. `colour` is #rrggbb; `logo` the bytes of a PNG or JPEG."""

    name: str
    lines: Sequence[str] = ()
    colour: str = ""
    logo: bytes = b""


def render_pdf(data: Mapping[str, Any], letterhead: Letterhead, *, template: Path = RECORD, printed: str = "") -> bytes:
    """Return the PDF of `data` in the reader's language.

    `template` is a Typst file that begins with `#import "diwan.typ": *`; `printed` is the line of the footer (when, by
    whom). Raises BrokenTemplate.
    """
    shown = {
        "title": "",
        "sections": [],
        "tables": [],
        **data,
        "language": language(),
        "direction": "rtl" if language() == "ar" else "ltr",
        "printed": printed,
        "page_of": str(_("Page {page} of {pages}")),
        "business": {"name": letterhead.name, "lines": list(letterhead.lines)},
        "brand": {"colour": letterhead.colour or "#0f766e", "logo": None},
    }
    with TemporaryDirectory(prefix="diwan-document-") as name:
        folder = Path(name)
        shutil.copy(TEMPLATES / "diwan.typ", folder)
        shutil.copy(template, folder / "main.typ")
        if letterhead.logo:
            shown["brand"]["logo"] = _keep_logo(folder, letterhead.logo)
        (folder / "data.json").write_bytes(orjson.dumps(shown, default=str))
        try:
            pdf = typst.compile(
                str(folder / "main.typ"), root=name, font_paths=[str(FONTS)], ignore_system_fonts=True, format="pdf"
            )
        except RuntimeError as error:  # what the binding raises, with Typst's own message
            log.error("template %s: %s", template, error)
            raise BrokenTemplate(_("This document cannot be made: its template has a mistake.")) from error
    return bytes(pdf)


def _keep_logo(folder: Path, logo: bytes) -> str:
    name = "logo.png" if logo.startswith(b"\x89PNG") else "logo.jpg"
    (folder / name).write_bytes(logo)
    return name
