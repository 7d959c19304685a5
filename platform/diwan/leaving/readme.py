"""The README of an export, in English and Arabic: what is in it and how it is read.

It must be understood without Diwan and by somebody who has never seen it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from diwan.db.context import Tenant
from diwan.kit import i18n
from diwan.kit.i18n import _

if TYPE_CHECKING:
    from diwan.leaving.export import Written

LANGUAGES = ("en", "ar")


def text(tenant: Tenant, moment: datetime, written: Written) -> str:
    """Return the text."""
    parts = []
    for language in LANGUAGES:
        token = i18n.set_language(language)
        try:
            parts.append("\n".join(str(line) for line in _lines(tenant, moment, written)))
        finally:
            i18n.reset_language(token)
    return f"\n\n{'-' * 72}\n\n".join(parts) + "\n"


def _lines(tenant: Tenant, moment: datetime, written: Written) -> list[object]:
    lines: list[object] = [
        _("Everything of %(business)s", business=tenant.name),
        "",
        _(
            "Made on %(moment)s. Rows: %(rows)s, tables: %(tables)s, files: %(files)s. All are of that one moment.",
            moment=f"{moment:%Y-%m-%d %H:%M} UTC", rows=f"{written.rows:,}", tables=len(written.tables),
            files=f"{written.files:,}",
        ),
        "",
        _("lists/    Your lists as tables for a spreadsheet, with the names of their fields (CSV, UTF-8)."),
        _("files/    Your files as they are; files.csv says what each one is."),
        _("tables/   Every table of the database, one line of JSON for each row, beside a description of its columns."),
        _("manifest.json   What is in here: rows of each table, and the SHA-256 of every file of this archive."),
        "",
        _("In tables/, decimal and large numbers are texts, so that no digit is lost; moments are ISO 8601 in UTC;"),
        _("binary values are Base64. tables/core/user.jsonl names the people that other rows refer to."),
        "",
        _("Left out, because they let somebody in: passwords, and what the manifest lists under left_out."),
        _("Sealed secrets of modules, if any, are in here as they are stored: of no use without the server's key."),
    ]  # fmt: skip
    if written.missing:
        lines.append(_("Files that could not be read are listed in the manifest under files.missing."))
    return lines
