"""Whether a picture can stand in a document: a broken one would spoil every document of a business.

It must decide before the picture is kept; nothing here keeps it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import typst


def is_drawable(content: bytes, suffix: str) -> bool:
    """Return whether the engine of documents can draw a picture; `suffix` is .png or .jpg."""
    with tempfile.TemporaryDirectory(prefix="diwan-picture-") as name:
        (Path(name) / f"picture{suffix}").write_bytes(content)
        main = Path(name) / "main.typ"
        main.write_text(f'#image("picture{suffix}", width: 1cm)')
        try:
            typst.compile(str(main), root=name, ignore_system_fonts=True, format="pdf")
        except RuntimeError:  # what the binding raises
            return False
    return True
