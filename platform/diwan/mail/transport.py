"""Carries a composed message away: to an SMTP server, or into a folder in development.

It must not compose anything, and raises when the message was not taken.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from diwan.config import Config, ConfigError
from diwan.kit.ids import uuid7

log = logging.getLogger(__name__)

TIMEOUT = 20


class Transport(Protocol):
    """Takes a message, or raises."""

    slow: bool

    def __call__(self, message: EmailMessage) -> None: ...


def transport_for(config: Config) -> Transport:
    """Return SMTP for `DIWAN_MAIL_URL`, otherwise the folder `mail` in Diwan's home."""
    if not config.mail_url:
        return Folder(config.home / "mail")
    return Smtp(config.mail_url)


class Folder:
    """A mailbox for development: each message is a file that any mail program opens."""

    slow = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, message: EmailMessage) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Messages hold codes and links that open accounts, hence the mode; the id keeps the files in order of time.
        path = self.folder / f"{uuid7()}.eml"
        unfinished = path.with_suffix(".tmp")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(bytes(message))
        unfinished.replace(path)
        log.info("mail to %s: %s", message["To"], path)  # not its subject, which may be a code


class Smtp:
    """An SMTP server: `smtp://user:password@host:587` (STARTTLS where offered), `smtps://...:465`.

    `smtp://host?tls=required` refuses to go on without encryption; with a password it always does.
    """

    slow = True

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ConfigError("DIWAN_MAIL_URL must look like smtp://user:password@host:port or smtps://host.")
        self.secure = parts.scheme == "smtps"
        self.host, self.port = parts.hostname, parts.port or (465 if self.secure else 587)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.required = "tls=required" in parts.query or bool(self.password)

    def __call__(self, message: EmailMessage) -> None:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self.secure:
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        with server:
            server.ehlo_or_helo_if_needed()
            if not self.secure and server.has_extn("starttls"):
                server.starttls(context=context)
            elif not self.secure and self.required:
                raise smtplib.SMTPNotSupportedError("The mail server offers no encryption (STARTTLS).")
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
