"""Takes secrets out of whatever is logged: every record of the process, messages, values and tracebacks alike.

It must err on the safe side, and never fail: a log line that is lost hides a defect.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

HIDDEN = "***"
SHORTEST = 12
"""Literal secrets of fewer characters are not looked for: "password" and "postgres" stand in many a harmless line."""

# Each part is bounded, or begins at a fixed word: a hostile text must not make this slow.
_SECRET_NAME = r"(?:token|secret|passw(?:or)?d|passphrase|credential|(?:api|private)[_-]?key|otp)s?(?:[_-][a-z]{1,20})?"  # noqa: S105
_QUOTED = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_RULES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE | flags), replacement)
    for pattern, flags, replacement in (
        # Whole headers: Authorization: Bearer x, 'HTTP_COOKIE': 'a=b; c=d'
        (rf"((?:proxy[_-])?authorization[\"']?\s*[:=,]\s*)(?:{_QUOTED}|(?:\w+\s+)?[^\s,;\"'}}]+)", 0, r"\1" + HIDDEN),
        (rf"((?:set[_-])?cookie[\"']?\s*[:=,]\s*)(?:{_QUOTED}|[^\r\n\"']+)", 0, r"\1" + HIDDEN),
        (r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", 0, r"\1 " + HIDDEN),
        # scheme://user:password@host
        (r"(://[^\s:/\"']{0,200}:)[^\s?#\"']{1,300}@", 0, r"\1" + HIDDEN + "@"),
        (r"\botpauth://[^\s\"'<>]+", 0, "otpauth://" + HIDDEN),
        # Links that let their reader in
        (
            r"((?:/|%2F)(?:reset|invitation|confirm|email|join|verify|device|unlock)(?:/[a-z]{2,20})?(?:/|%2F))[\w-]{16,}",
            0,
            r"\1" + HIDDEN,
        ),
        # ?token=..., password: ..., {"secret": "..."}
        (rf"({_SECRET_NAME}[\"']?\s*(?:=|:(?!//))\s*)(?:b?(?:{_QUOTED})|[^\s&\"',;)}}\]]+)", 0, r"\1" + HIDDEN),
        (r"([?&](?:code|key|pw|pass|state|sig|signature)=)[^\s&\"'#]+", 0, r"\1" + HIDDEN),
        # Codes of six to eight digits beside their name
        (r"(\b(?:code|otp|pin)\b[^\d\n]{0,12})\d{6,8}\b", 0, r"\1" + HIDDEN),
        (r"\b(dwn)_[\w-]{8,}", 0, r"\1_" + HIDDEN),
        (r"\b(?:sk|rk|pk|whsec|ghp|gho|xox[abp])_[\w-]{8,}|\bAKIA[A-Z0-9]{12,}", 0, HIDDEN),
        (r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", 0, HIDDEN),
        (r"\$argon2(?:id|i|d)\$[\w$=,+/.-]+", 0, HIDDEN),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL, HIDDEN),
        # What PostgreSQL quotes of rows
        (r"(failing row contains )\(.*", 0, r"\1" + HIDDEN),
        (r"(\bkey \([^)\n]{0,500}\)=)\(.*", 0, r"\1" + HIDDEN),
    )
]  # fmt: skip
# 256 random bits as our links, sessions and tokens write them, wherever they stand.
_RANDOM = re.compile(
    r"(?:(?<![\w-])|(?<=%2F))(?=[\w-]{0,42}\d)(?=[\w-]{0,42}[a-z])(?=[\w-]{0,42}[A-Z])[\w-]{43}(?![\w-])"
)

_literals: set[str] = set()
_formatter = logging.Formatter()


def redact(text: str) -> str:
    """Return a text without the secrets in it."""
    for literal in _literals:
        if literal in text:
            text = text.replace(literal, HIDDEN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _RANDOM.sub(HIDDEN, text)


def know(*secrets: str) -> None:
    """Tell this process secrets of its own settings, which are hidden wherever they turn up; of URLs the password."""
    for secret in secrets:
        try:
            found = urlsplit(secret).password if "://" in secret else secret
        except ValueError:
            found = secret
        if found and len(found) >= SHORTEST:
            _literals.update((found, quote(found, safe="")))


def install() -> None:
    """Let every log record of this process pass through `redact`, whichever handler writes it; once is enough."""
    made = logging.getLogRecordFactory()
    if not isinstance(made, _Factory):
        logging.setLogRecordFactory(_Factory(made))


class _Factory:
    """Makes log records whose text is final, so that no handler or formatter meets what was hidden."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  (values that do not fit: the logging module would print them all)
            text = f"{record.msg} (its values do not fit)"
        try:
            record.msg, record.args = redact(text), None
            if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
                record.exc_text = redact(_traceback(record.exc_info))
            if record.stack_info:
                record.stack_info = redact(record.stack_info)
        except Exception:  # noqa: BLE001
            record.msg, record.args, record.exc_text = "[a message that could not be redacted]", None, HIDDEN
        return record


def _traceback(info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None]) -> str:
    return _formatter.formatException(info)  # type: ignore[arg-type]
