"""Composes mail from the templates and sends it after the commit: by the outbox inside a business, else at once.

It must never block a request on a mail server, and never let a mail out of a transaction that was rolled back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from diwan.config import Config
from diwan.db.context import current
from diwan.db.session import after_commit
from diwan.events import outbox
from diwan.kit import i18n
from diwan.mail.transport import Transport, transport_for

log = logging.getLogger(__name__)

JOB = "core.mail.send"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Mailer:
    """What this process needs to compose and send."""

    transport: Transport
    sender: str
    base_url: str
    seal: Fernet


_mailer: list[Mailer] = []
# One thread: a mail server that hangs delays other sign-up mails, never a request. Python joins it at exit.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(_=i18n._)


def configure(config: Config) -> None:
    """Tell this process how to send; called once by create_app."""
    key = base64.urlsafe_b64encode(hashlib.sha256(b"diwan mail\0" + config.secret_key.encode()).digest())
    _mailer[:] = [Mailer(transport_for(config), config.mail_from, config.base_url.rstrip("/"), Fernet(key))]


def send(to: str, template: str, language: str, **values: Any) -> None:
    """Send a mail once the current transaction has committed. `link` in `values` is a path of this site.

    Inside a business the intention goes to the outbox and cannot be lost. A code or a reset link, which a stranger asks
    for outside any business, is sent straight after the commit: a person who does not get it asks again.
    """
    message = {"to": to, "template": template, "language": language, "values": values}
    if current.tenant_or_none is None:
        after_commit(lambda: _send_soon(message))
    else:
        # Sealed, because it may hold a link that lets its reader in.
        outbox.put("mail", JOB, {"sealed": _ready().seal.encrypt(json.dumps(message).encode()).decode()})


def deliver(sealed: str) -> None:
    """Send what the outbox kept. Raises when the mail server does not take it; the outbox tries again."""
    message = json.loads(_ready().seal.decrypt(sealed.encode()))
    _ready().transport(compose(**message))


def send_now(to: str, template: str, language: str, **values: Any) -> None:
    """Send a mail here and now. Raises when the mail server does not take it. For who can try again, and has no outbox:
    what is told of a business that is gone."""
    _ready().transport(compose(to, template, language, values))


def compose(to: str, template: str, language: str, values: dict[str, Any]) -> EmailMessage:
    """Return the message, as text and HTML, in `language`."""
    mailer = _ready()
    if "link" in values:
        values = {**values, "link": mailer.base_url + values["link"]}
    token = i18n.set_language(language)
    try:
        context = {**values, "base_url": mailer.base_url, "lang": i18n.language(), "dir": i18n.direction()}
        # The first line of the text is the subject.
        subject, _blank, text = _templates.get_template(f"{template}.txt").render(context).strip().partition("\n")
        html = _templates.get_template(f"{template}.html").render(context, subject=subject)
    finally:
        i18n.reset_language(token)
    name, address = parseaddr(mailer.sender)
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(subject.split())
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=to)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=address.partition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.strip() + "\n")
    message.add_alternative(html, subtype="html")
    return message


def wait() -> None:
    """Return once all that was handed to the mail thread is done (tests, orderly stop)."""
    _thread.submit(lambda: None).result()


def _send_soon(message: dict[str, Any]) -> None:
    mailer = _ready()
    composed = compose(**message)
    if not mailer.transport.slow:
        mailer.transport(composed)
        return
    # In a thread also so that the time of the answer does not tell whether there was a mail to send.
    _thread.submit(mailer.transport, composed).add_done_callback(_log_failure)


def _log_failure(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        log.error("a mail was not sent: %s", error)


def _ready() -> Mailer:
    if not _mailer:
        raise RuntimeError("Mail is not configured: create_app() does it.")
    return _mailer[-1]
