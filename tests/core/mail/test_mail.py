"""Mail: composed in the reader's language, sent only after the commit, never lost inside a business."""

import asyncio
import re
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import text

from diwan import jobs, mail
from diwan.config import ConfigError
from diwan.db import scope, unit_of_work
from diwan.mail import service
from diwan.mail.transport import Folder, Smtp
from diwan.testing.mails import VALUES
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business
from diwan.users import factors

FACTORS = Path(factors.__file__).parent


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_every_template_is_tried() -> None:
    plain = {path.stem for path in service.TEMPLATES.glob("*.txt")}
    assert plain - {"factors_text"} == {name.partition(".")[0] for name in VALUES}  # that one is a part of another


def test_every_kind_of_news_about_factors_is_tried() -> None:
    """The template's own words for each; one that it does not know would be told as a reset."""
    known = set(re.findall(r'what == "(\w+)"', (service.TEMPLATES / "factors_text.txt").read_text("utf-8")))
    sent = set(re.findall(r'_tell\(\w+, "(\w+)"', "".join(map(Path.read_text, FACTORS.glob("*.py")))))
    assert known | {"reset"} == sent == {str(values["what"]) for values in VALUES.values() if "what" in values}


@pytest.mark.parametrize("template", VALUES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_mail_in_both_languages(app: Flask, template: str, language: str) -> None:
    message = service.compose("a@example.com", template.partition(".")[0], language, VALUES[template])
    plain, html = body(message, "plain"), body(message, "html")
    assert message["Subject"].strip()
    assert message["Subject"] not in plain.splitlines()[0]
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in html
    assert "<i>" not in html
    if "link" in VALUES[template]:
        address = app.config["DIWAN"].base_url + VALUES[template]["link"]
        assert address in plain
        assert f'href="{address}"' in html


def test_headers_cannot_be_injected(app: Flask) -> None:
    values = {**VALUES["invitation"], "inviter": "Omar\r\nBcc: all@example.com", "business": "x\nY: z"}
    message = service.compose("a@example.com", "invitation", "en", values)
    assert message["Bcc"] is None
    assert message["Y"] is None


def test_nothing_leaves_before_or_without_the_commit(app: Flask) -> None:
    visitor = Visitor(app)
    with app.app_context(), scope():
        with unit_of_work():
            mail.send(visitor.email, "already", "en")
            assert visitor.mails() == []
        assert len(visitor.mails()) == 1
        with pytest.raises(RuntimeError), unit_of_work():
            mail.send(visitor.email, "already", "en")
            raise RuntimeError
        assert len(visitor.mails()) == 1


def test_inside_a_business_the_outbox_keeps_it_sealed(app: Flask, business: Business) -> None:
    visitor, secret = Visitor(app), uuid4().hex
    with business.acting():
        with unit_of_work():
            mail.send(visitor.email, "invitation", "ar", **{**VALUES["invitation"], "link": f"/invitation/{secret}"})
        assert visitor.mails() == []
        with unit_of_work() as session:
            rows = session.execute(text("SELECT o::text FROM core.outbox o WHERE name = :n"), {"n": mail.JOB}).scalars()
            stored = rows.one()
        assert secret not in stored
        assert visitor.email not in stored
        jobs.run_pending()
    assert secret in visitor.newest()


def test_a_rolled_back_business_transaction_sends_nothing(app: Flask, business: Business) -> None:
    visitor = Visitor(app)
    with business.acting():
        with pytest.raises(RuntimeError), unit_of_work():
            mail.send(visitor.email, "invitation", "en", **VALUES["invitation"])
            raise RuntimeError
        jobs.run_pending()
    assert visitor.mails() == []


def test_files_are_for_their_owner_only(app: Flask) -> None:
    visitor = Visitor(app)
    with app.app_context(), scope(), unit_of_work():
        mail.send(visitor.email, "already", "en")
    files = list((app.config["DIWAN"].home / "mail").glob("*.eml"))
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


# --- SMTP


class Post:
    """A mail server that keeps what it gets, or says no."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refuse = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(0)
        if self.refuse:
            return "451 try again"
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=0)
    # aiosmtpd wants to know its port beforehand: take a free one.
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    yield handler, controller.port
    controller.stop()


def test_smtp_delivers(app: Flask, post: tuple[Post, int]) -> None:
    handler, port = post
    Smtp(f"smtp://127.0.0.1:{port}")(service.compose("mariam@example.com", "code", "ar", VALUES["code"]))
    assert handler.taken[0].rcpt_tos == ["mariam@example.com"]
    assert b"123456" in handler.taken[0].content


def test_a_server_that_says_no_raises_so_that_the_outbox_tries_again(app: Flask, post: tuple[Post, int]) -> None:
    handler, port = post
    handler.refuse = True
    with pytest.raises(smtplib.SMTPException):
        Smtp(f"smtp://127.0.0.1:{port}")(service.compose("a@example.com", "code", "en", VALUES["code"]))


def test_a_password_is_never_sent_in_the_clear(app: Flask, post: tuple[Post, int]) -> None:
    _handler, port = post
    with pytest.raises(smtplib.SMTPNotSupportedError):
        Smtp(f"smtp://me:secret@127.0.0.1:{port}")(service.compose("a@example.com", "code", "en", VALUES["code"]))


@pytest.mark.parametrize("url", ["http://mail.example.com", "smtp://", "mail.example.com:25"])
def test_a_wrong_setting_fails_loudly(url: str) -> None:
    with pytest.raises(ConfigError, match="DIWAN_MAIL_URL"):
        Smtp(url)


def test_a_slow_server_does_not_hold_up_the_request(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, sent = threading.Event(), []

    class Slow:
        slow = True

        def __call__(self, message: EmailMessage) -> None:
            gate.wait(10)
            sent.append(message)

    monkeypatch.setattr(service, "_mailer", [replace(service._ready(), transport=Slow())])
    with app.app_context(), scope(), unit_of_work():
        mail.send("a@example.com", "already", "en")
    assert sent == []
    gate.set()
    service.wait()
    assert len(sent) == 1


def test_a_folder_takes_mail_without_being_there_before(app: Flask, tmp_path: Path) -> None:
    Folder(tmp_path / "new" / "mail")(service.compose("a@example.com", "code", "en", VALUES["code"]))
    assert len(list((tmp_path / "new" / "mail").glob("*.eml"))) == 1
