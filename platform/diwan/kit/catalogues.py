"""Message catalogues as files: which packages have one, what their sources say, what is translated, compiling.

It must not know how a text is shown (i18n does), and must write a file only when a message changed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2.ext
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

CORE = Path(__file__).resolve().parent.parent
MANIFEST = "plugin.toml"
MANIFEST_TEXTS = {"label": "", "summary": "", "category": "Other"}
"""What of a manifest a person reads, with what stands for nothing; its plugin's catalogue translates it."""

KEYWORDS = {name: DEFAULT_KEYWORDS[name] for name in ("_", "gettext", "ngettext")}
NOTE = "i18n:"
"""A comment that begins with this, above a text, is shown to translators."""
JINJA: Any = jinja2.ext.babel_extract
TEMPLATES = {"extensions": "jinja2.ext.do,jinja2.ext.loopcontrols", "silent": "false"}
SKIPPED = {"tests", "node_modules", "build", "dist", "static", "translations", "migrations", "__pycache__"}
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[#0\- +]*(?:\d+|\*)?(?:\.\d+)?([diouxXeEfFgGcrs])")
PLURALS = {
    # As all other tools number the forms: 0, 1, 2, 3-10, 11-99, the rest. Babel's own rule swaps the last two.
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)",
}
HEADER = "# {language} of {name}. Made by `diwan translations update`; write the texts, not the rest."


@dataclass(frozen=True, order=True)
class Domain:
    """A package with texts of its own: the core's `diwan`, or a plugin under its name."""

    name: str
    package: Path

    def po(self, language: str) -> Path:
        """Return where the texts of a language are."""
        return self.package / "translations" / language / "LC_MESSAGES" / f"{self.name}.po"


def find(folders: Iterable[Path]) -> list[Domain]:
    """Return the core, if it lies in one of the folders, and every plugin below them."""
    found = set()
    for folder in (folder.resolve() for folder in folders):
        if CORE.is_relative_to(folder) or folder.is_relative_to(CORE):
            found.add(Domain("diwan", CORE))
        for manifest in _walk(folder, (MANIFEST,)):
            if (manifest.parent / "__init__.py").exists():
                found.add(Domain(_manifest(manifest)["name"], manifest.parent))
    return sorted(found, key=lambda domain: (domain.name != "diwan", domain.name))


def extract(domain: Domain) -> Catalog:
    """Return every text of the package's Python, templates and manifest, sorted."""
    found = Catalog(domain=domain.name)
    for path in _walk(domain.package, (".py", ".html", ".txt")):
        is_python = path.suffix == ".py"
        if not is_python and "templates" not in path.parts:
            continue
        for _line, message, comments, context in extract_from_file(
            "python" if is_python else JINJA,
            path,
            keywords=KEYWORDS,
            comment_tags=(NOTE,),
            options=None if is_python else TEMPLATES,
            strip_comment_tags=True,
        ):
            found.add(message, auto_comments=comments, context=context)
    manifest = domain.package / MANIFEST
    if manifest.exists():
        data = _manifest(manifest)
        for key, default in MANIFEST_TEXTS.items():
            if text := data.get(key, default).strip():
                found.add(text)
    return found


def read(po: Path, language: str) -> Catalog:
    """Return a catalogue as its file has it; an empty one where there is none."""
    if not po.exists():
        return Catalog(locale=language)
    with po.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def merge(sources: Catalog, known: Catalog) -> Catalog:
    """Return the texts of the sources with what is known of their translations; nothing is guessed."""
    merged = _Plain(locale=known.locale)
    for message in sources:
        if not message.id:
            continue
        old = known.get(message.id, message.context)
        kept = old is not None and not old.fuzzy and old.pluralizable == message.pluralizable
        merged.add(
            message.id,
            old.string if old is not None and kept else None,
            auto_comments=message.auto_comments,
            user_comments=old.user_comments if old is not None else (),
            context=message.context,
        )
    return merged


def write(catalogue: Catalog, po: Path, name: str) -> bool:
    """Write the file, sorted and without places; tell whether it changed."""
    catalogue.header_comment = HEADER.format(language=catalogue.locale_identifier, name=name)
    catalogue.fuzzy = False
    made = BytesIO()
    write_po(made, catalogue, width=120, no_location=True, sort_output=True, ignore_obsolete=True)
    made_text = made.getvalue().rstrip() + b"\n"
    if po.exists() and po.read_bytes() == made_text:
        return False
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_bytes(made_text)
    return True


def compile_po(po: Path) -> Path:
    """Write the `.mo` beside a `.po`."""
    mo = po.with_suffix(".mo")
    mo.write_bytes(compiled(po))
    return mo


def compiled(po: Path) -> bytes:
    """Return what gettext loads, made of a `.po`."""
    made = BytesIO()
    with po.open("rb") as file:
        write_mo(made, read_po(file))
    return made.getvalue()


def is_translated(message: Message) -> bool:
    """Tell whether a text is there, in each of its forms."""
    return all(_forms(message))


def faults(sources: Catalog, translated: Catalog) -> list[str]:
    """Say what is wrong in a catalogue: not translated, not of the sources, unsure, or with other placeholders."""
    found = []
    for message in sources:
        if message.id and translated.get(message.id, message.context) is None:
            found.append(f"missing, run `diwan translations update`: {_named(message)}")
    for message in translated:
        if message.id:
            found.extend(f"{fault}: {_named(message)}" for fault in _faults(message, sources, translated))
    return found


def _faults(message: Message, sources: Catalog, translated: Catalog) -> Iterator[str]:
    texts = _forms(message)
    if sources.get(message.id, message.context) is None:
        yield "no longer in the sources"
    if message.fuzzy:
        yield "fuzzy"
    if isinstance(message.id, str):
        if not texts[0]:
            yield "not translated"
        elif placeholders(message.id) != placeholders(texts[0]):
            yield "other placeholders"
        return
    if len(texts) != translated.num_plurals:
        yield f"{len(texts)} plural forms instead of {translated.num_plurals}"
    elif not all(texts):
        yield "not translated in each plural form"
    # One, two and none are words in Arabic; the number is written where a form stands for many numbers.
    expected = placeholders(message.id[1])
    for number, text in enumerate(texts):
        missing = expected - placeholders(text)
        if text and (placeholders(text) - expected or missing - ({"n", "num"} if number < _ONE_NUMBER else set())):
            yield f"other placeholders in form {number}"


_ONE_NUMBER = 3
"""Arabic's forms 0, 1 and 2 stand for one number each."""


def _forms(message: Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


def placeholders(text: str) -> set[str]:
    """Return the names (or the kinds) of what is filled into a text."""
    return {match[1] or match[0] for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def _named(message: Message) -> str:
    return repr(message.id if isinstance(message.id, str) else message.id[0])


def _manifest(path: Path) -> dict[str, str]:
    return tomllib.loads(path.read_text("utf-8"))


def _walk(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """Yield files by name, without what no person wrote as text for people."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in SKIPPED and not path.name.startswith("."):
                yield from _walk(path, endings)
        elif path.name.endswith(endings):
            yield path


class _Plain(Catalog):
    """A catalogue whose header says only what is needed to read it: no dates and names that change at each run."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("Plural-Forms", PLURALS.get(str(self.locale), self.plural_forms)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]
