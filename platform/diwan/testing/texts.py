"""Finds texts that no catalogue translates: in templates and Python as written, and on pages as shown.

It must rather miss a doubtful text than blame a good one: who reads its list should have something to mend.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

from babel.support import NullTranslations
from jinja2 import Environment, nodes

from diwan.kit import i18n

PSEUDO = "xx"
"""The language whose every text is English between ⟦ and ⟧."""
LETTER = re.compile(r"[^\W\d_]")
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN = ("placeholder", "aria-label", "title", "alt", "label")
"""Attributes that a person reads or hears; those that scripts read (`data-…`) count where they hold a sentence."""
CSS_BLOCK = re.compile(r"{% block \w+_class %}.*?{% endblock %}")
ADDRESS = re.compile(r"·(/\w+)+")
CODED = ("timezone", "currency")
"""Choices whose texts hold codes: Asia/Kuwait, KWD."""
GETTEXT = ("_", "gettext", "ngettext")
TELLING = {
    "Refuse", "Invalid", "NotFound", "Denied", "Stale", "TooLarge", "Unavailable", "TooMany", "BadRequest",
    "DiwanError", "tell", "flash", "role", "field", "Section",
}  # fmt: skip
"""Functions and errors whose first argument a person reads."""
SHOWN = {"label", "labels", "help", "title", "placeholder", "summary", "message", "submit_label", "confirm", "greeting",
         "action_label", "add_label", "save_label", "notice", "lead", "reason"}  # fmt: skip
"""Arguments and keys whose text a person reads."""

NAMES = {"CSV", "Diwan", "PostgreSQL", "Python", "SHA-256", "Valkey"}
"""Names that every language writes in the same letters."""

FOR_OPERATORS = ("cli", "embedded", "testing", "migrations", "tests")
"""Parts of a package whose words no user of a business reads: English, as logs are."""


# As written


def in_template(source: str) -> list[str]:
    """Return the texts of a Jinja template that do not go through `_()`."""
    environment = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)
    html = "".join(_html_of(environment, CSS_BLOCK.sub("", source)))
    found = [
        text
        for text in _Reader.read(html)
        if text not in NAMES and WORD.search(ADDRESS.sub("", text)) and '="' not in text
    ]
    return found + [text for text in _constants(environment.parse(source)) if re.match(r"[A-Z][a-z]+(\b|$)", text)]


def _html_of(environment: Environment, source: str) -> Iterator[str]:
    """Yield what is HTML; an expression leaves a mark, which is no letter."""
    for _line, kind, value in environment.lex(source):
        if kind == "data":
            yield value
        elif kind == "variable_begin":
            yield "·"


def _constants(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in GETTEXT:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)


def in_python(source: str) -> list[str]:
    """Return the texts of a Python module that are meant for people and do not go through `_()`, with their lines."""
    return [
        f"{node.lineno}: {text}" for node, text in _said(ast.parse(source)) if text not in NAMES and WORD.search(text)
    ]


def _said(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in _arguments(node):
                yield from _literal(argument)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in SHOWN:
                    yield from _literal(value)


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in TELLING:
        for argument in call.args[1:2] if name in ("tell", "flash") else call.args[:1]:
            yield from argument.values if isinstance(argument, ast.Dict) else [argument]
    yield from (keyword.value for keyword in call.keywords if keyword.arg in SHOWN)


def _literal(node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Yield the text of a literal, of both sides of a choice, of an f-string; not what is a name of something."""
    if isinstance(node, ast.IfExp):
        yield from _literal(node.body)
        yield from _literal(node.orelse)
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        for side in node.values if isinstance(node, ast.BoolOp) else (node.left, node.right):
            yield from _literal(side)
    elif isinstance(node, ast.JoinedStr):
        yield node, "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and not re.fullmatch(r"[a-z0-9_.]*", node.value)
    ):
        yield node, node.value


def in_package(package: Path) -> list[str]:
    """Return what is not translatable in a package's modules and templates, each with its place."""
    found = []
    for path in sorted(package.rglob("*")):
        part = path.relative_to(package)
        if path.suffix == ".py" and part.parts[0] not in FOR_OPERATORS:
            found += [f"{part}:{text}" for text in in_python(path.read_text("utf-8"))]
        elif path.suffix in (".html", ".txt") and "templates" in part.parts:
            found += [f"{part}: {text}" for text in in_template(path.read_text("utf-8"))]
    return found


# As shown


class _Pseudo(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        return f"⟦{singular if num == 1 else plural}⟧"


@contextmanager
def pseudo_language() -> Iterator[str]:
    """Let Diwan speak a made-up language, in which a text that goes through no catalogue stands out."""
    i18n.LANGUAGES[PSEUDO] = "⟦Pseudo⟧"
    i18n._invented[PSEUDO] = _Pseudo()
    try:
        yield PSEUDO
    finally:
        del i18n.LANGUAGES[PSEUDO], i18n._invented[PSEUDO]
        i18n.catalogue.cache_clear()


LATIN = re.compile(r"[A-Za-z]")
CODE = re.compile(r"\b(?:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b|dwn_\w+)")
WRAPPED = re.compile(r"⟦[^⟦⟧]*⟧")


def untranslated(html: str, data: Collection[str] = ()) -> list[str]:
    """Return the texts of a page in the made-up language that no catalogue gave; `data` are a business's own texts."""
    found = []
    for text in _Reader.read(html):
        rest, before = "" if text in data or text in NAMES else CODE.sub("", text), ""
        while rest != before:
            rest, before = WRAPPED.sub("", rest), rest
        for known in sorted(data, key=len, reverse=True):
            rest = rest.replace(known, "") if len(known) > 2 else rest
        if LATIN.search(rest):
            found.append(text)
    return found


class _Reader(HTMLParser):
    """Collects what a person reads or hears of a page."""

    SILENT = ("script", "style", "kbd", "code")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.silent = 0
        self.listing = False

    @classmethod
    def read(cls, html: str) -> list[str]:
        """Return the texts, each once."""
        reader = cls()
        reader.feed(html)
        reader.close()
        return list(dict.fromkeys(reader.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in self.SILENT
        if tag == "select":
            self.listing = dict(attrs).get("name") in CODED
        for name, value in attrs:
            sentence = value and name.startswith("data-") and " " in value.strip() and value[0] not in "{["
            if value and (name in SPOKEN or sentence):
                self._add(value)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in self.SILENT
        self.listing = self.listing and tag != "select"

    def handle_data(self, data: str) -> None:
        if not (self.silent or self.listing):
            self._add(data)

    def _add(self, text: str) -> None:
        if LETTER.search(text):
            self.texts.append(" ".join(text.split()))
