"""Kinds that are texts: of one line, of several, formatted, and those with a form of their own, such as e-mail.

It must not decide how a text is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import nh3
from babel import Locale
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB

from diwan.db.context import current
from diwan.kit import i18n
from diwan.kit.i18n import _, listed
from diwan.kit.phones import read_phone
from diwan.kit.text import clean, fold
from diwan.resources.kinds.kind import CHOICE_OPERATORS, LONG_OPERATORS, STRING, TEXT_OPERATORS, Kind
from diwan.resources.kinds.numbers import DIGITS

if TYPE_CHECKING:
    from diwan.resources.fields import Field

EMAIL = re.compile(
    r"[^@\s<>\"',;:()\[\]\\]+@([A-Za-z0-9\u0080-\uffff](-?[A-Za-z0-9\u0080-\uffff])*\.)+[^@\s.\W\d_]{2,}"
)
PHONE = re.compile(r"[+(]{0,2}[0-9][0-9 ()./\-]{3,}( ?(x|ext\.?) ?\d+)?", re.IGNORECASE)
URL = re.compile(r"https?://[^\s/$.?#<>\"']+\.?[^\s<>\"']*", re.IGNORECASE)
COLOUR = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
TEXTUAL = (str, int, float, Decimal)
LONG = 100_000
RICH_TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "h2", "h3", "hr", "i", "li", "ol", "p", "pre", "s", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ADDRESS = ("street", "city", "region", "postal_code", "country")


def read_text(field: Field, raw: Any) -> str | None:
    """Return one line of text, or several for kinds of several; None for nothing."""
    if type(raw) is not str and (isinstance(raw, bool) or not isinstance(raw, TEXTUAL)):
        raise ValueError(_("Enter text."))
    text = raw if type(raw) is str and raw.isprintable() else clean(str(raw))
    text = text.strip() if field.kind.name in ("longtext", "richtext") else " ".join(text.split())
    longest = field.longest
    if longest and len(text) > longest:
        raise ValueError(
            _("Too long: at most %(most)s characters, this has %(count)s.", most=f"{longest:,}", count=f"{len(text):,}")
        )
    return text or None


def clean_html(text: str) -> str:
    """Return formatted text with nothing in it but harmless tags: no script, no style, no address but the web's."""
    return nh3.clean(
        text,
        tags=RICH_TAGS,
        attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto", "tel"},
        clean_content_tags={"script", "style", "iframe", "object", "template", "svg", "math"},
    )


BREAKS = re.compile(r"<(?:br|/p|/li|/h[23]|/tr|/blockquote|/pre|hr)\s*/?>", re.IGNORECASE)


def plain_text(html: str) -> str:
    """Return formatted text without its tags, one line for each paragraph."""
    from html import unescape

    bare = unescape(nh3.clean(BREAKS.sub("\n", html), tags=set()))
    return "\n".join(line for line in (" ".join(line.split()) for line in bare.splitlines()) if line)


def _rich(field: Field, raw: Any) -> str | None:
    text = read_text(field, raw)
    if text is None:
        return None
    if "<" not in text and "&" not in text:  # typed or imported without any tag
        paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text)]
        text = "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)
    text = clean_html(text)
    return text if plain_text(text) else None


def _email(field: Field, raw: Any) -> str | None:
    text = read_text(field, raw)
    if text is None:
        return None
    local, at, host = text.rpartition("@")
    text = f"{local}{at}{host.lower()}"
    if not EMAIL.fullmatch(text) or ".." in text or len(local) > 64:
        raise ValueError(_("Enter an e-mail address, like name@example.com."))
    return text


def _phone(field: Field, raw: Any) -> str | None:
    """E.164 where the number is real and says its country; else as typed: whose local number it is, is a guess."""
    text = read_text(field, raw)
    if text is None:
        return None
    if not PHONE.fullmatch(text.translate(DIGITS)):
        raise ValueError(_("Enter a telephone number, like +965 1234 5678."))
    tenant, digits = current.tenant_or_none, text.translate(DIGITS).lstrip("( ")
    abroad = digits.startswith(("+", "00"))
    return read_phone(text, tenant.country if tenant else None).stored if abroad else text


def _url(field: Field, raw: Any) -> str | None:
    text = read_text(field, raw)
    if text is None:
        return None
    if "://" not in text and not text.lower().startswith(("javascript:", "data:", "mailto:")):
        text = "https://" + text
    if not URL.fullmatch(text):
        raise ValueError(_("Enter a web address, like https://example.com."))
    return text


def _colour(field: Field, raw: Any) -> str | None:
    text = read_text(field, raw)
    if text is None:
        return None
    found = COLOUR.fullmatch(text if text.startswith("#") else f"#{text}")
    if not found:
        raise ValueError(_("Enter a colour as #RRGGBB."))
    digits = found[1].lower()
    return "#" + ("".join(d * 2 for d in digits) if len(digits) == 3 else digits)


def _country(field: Field, raw: Any) -> str | None:
    from diwan.kit.countries import recognise

    text = read_text(field, raw)
    if text is None:
        return None
    code = recognise(text)
    if code is None:
        raise ValueError(_("Unknown country: %(text)s.", text=text))
    return code


@cache
def _currencies() -> Mapping[str, str]:
    """What people write for a currency, folded, and its code: the code itself and its names."""
    known: dict[str, str] = {}
    for language in i18n.LANGUAGES:
        known |= {fold(name): code for code, name in Locale.parse(language).currencies.items()}
    from babel.numbers import list_currencies

    return known | {code.lower(): code for code in list_currencies()}


def _currency(field: Field, raw: Any) -> str | None:
    text = read_text(field, raw)
    if text is None:
        return None
    code = _currencies().get(fold(text))
    if code is None:
        raise ValueError(_("Unknown currency: %(text)s.", text=text[:40]))
    return code


def _structure(
    field: Field, raw: Any, keys: tuple[str, ...], read: Callable[[str, str], str | None], whole: str
) -> dict[str, str] | None:
    """Return the filled parts of a value that has parts; a text alone is the part `whole`."""
    if isinstance(raw, str):
        raw = {whole: raw}
    if not isinstance(raw, Mapping):
        raise ValueError(_("Give an object of these keys: %(known)s.", known=listed(keys)))
    unknown = [str(key) for key in raw if key not in keys]
    if unknown:
        raise ValueError(_("Unknown part %(name)s; known: %(known)s.", name=unknown[0][:40], known=listed(keys)))
    parts: dict[str, str] = {}
    for key in keys:
        text = read_text(field, raw[key]) if raw.get(key) is not None else None
        if text is not None and (text := read(key, text)) is not None:
            parts[key] = text
    return parts or None


def _address(field: Field, raw: Any) -> dict[str, str] | None:
    return _structure(
        field, raw, ADDRESS, lambda key, text: _country(field, text) if key == "country" else text, "street"
    )


def _bilingual(field: Field, raw: Any) -> dict[str, str] | None:
    """A text in each language. A text alone is Arabic if it has an Arabic letter, else in the business's language."""
    whole = i18n.language()
    if isinstance(raw, str):
        arabic = any("\u0600" <= c <= "\u06ff" for c in raw)
        whole = "ar" if arabic else next((code for code in (whole, *i18n.LANGUAGES) if code != "ar"), whole)
    return _structure(field, raw, tuple(i18n.LANGUAGES), lambda key, text: text, whole)


def _object(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in names},
            "additionalProperties": False}  # fmt: skip


def _any(field: Field, raw: Any) -> Any:
    return raw


PARTS = JSONB(none_as_null=True)
TEXTS = (
    Kind("text", read_text, STRING, TEXT_OPERATORS, 300),
    Kind("longtext", read_text, STRING, LONG_OPERATORS, LONG, sortable=False),
    Kind("richtext", _rich, STRING, LONG_OPERATORS, LONG, sortable=False, column=Text()),
    Kind("email", _email, STRING, TEXT_OPERATORS, 254),
    Kind("phone", _phone, STRING, TEXT_OPERATORS, 60),
    Kind("url", _url, STRING, TEXT_OPERATORS, 2_000),
    Kind("colour", _colour, {"type": "string", "pattern": "^#[0-9a-f]{6}$"}, CHOICE_OPERATORS),
    Kind("country", _country, {"type": "string", "pattern": "^[A-Z]{2}$"}, CHOICE_OPERATORS),
    Kind("currency", _currency, {"type": "string", "pattern": "^[A-Z]{3}$"}, CHOICE_OPERATORS),
    Kind("address", _address, _object(*ADDRESS), LONG_OPERATORS, 300, sortable=False, column=PARTS, structured=True),
    Kind(
        "bilingual", _bilingual, _object(*i18n.LANGUAGES), LONG_OPERATORS, 300, sortable=False, column=PARTS,
        structured=True,
    ),
    Kind("json", _any, {}, (), sortable=False),
)  # fmt: skip
