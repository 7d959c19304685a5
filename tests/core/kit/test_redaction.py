"""What is logged holds no secret: in messages, values and tracebacks, of any logger, and of real requests."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from diwan.config import Config
from diwan.kit import redaction
from diwan.kit.redaction import HIDDEN, redact

TOKEN = "aB3" + "xY7_-" * 8  # 43 characters, as `kit.ids.token` makes them
PASSWORD = "correct horse 7"


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    before = set(redaction._literals)
    redaction.install()
    yield
    redaction._literals.clear()
    redaction._literals.update(before)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("{'Authorization': 'Bearer dwn_abcdefgh'}", "abcdefgh"),
        ("HTTP_AUTHORIZATION='Token abc123'", "abc123"),
        ("Cookie: __Host-diwan=abc; other=def", "def"),
        ('"Set-Cookie": "diwan-8000=abc; HttpOnly"', "abc"),
        (f"token dwn_{TOKEN} is unknown", TOKEN),
        ("postgresql+psycopg://diwan_app:p@ss/w:rd@db.example/x", "p@ss/w:rd"),
        ("redis://:hunter22@localhost:6379/0", "hunter22"),
        ("smtp://user@example.com:pw%2F@mail:587", "pw%2F"),
        ("s3://key:se-cret@host/bucket?region=x", "se-cret"),
        (f"GET /reset/{TOKEN} 200", TOKEN),
        ("GET /invitation/short-secret-of-16c 200", "short-secret-of-16c"),
        (f"/email/confirm/{TOKEN}", TOKEN),
        (f"/login?next=%2Finvitation%2F{TOKEN}", TOKEN),
        ("GET /x?token=abc&a=1", "abc"),
        ("GET /x?a=1&code=123456#y", "123456"),
        ("GET /x?key=k1&secret=s1", "s1"),
        ("GET /x?password=p1", "p1"),
        (f"{{'email': 'a@b.co', 'password': '{PASSWORD}', 'name': 'A'}}", PASSWORD),
        (f'{{"new_password": "{PASSWORD}"}}', PASSWORD),
        ("client_secret=abc123 rest", "abc123"),
        ("api-key: abc123, other", "abc123"),
        ("DIWAN_SECRET_KEY=abc DIWAN_SECRETS_KEYS=a:b,c:d", "a:b,c:d"),
        ("123 is not the code: 481516", "481516"),
        ("the code 48151623 was wrong", "48151623"),
        ("sk_live_4eC39HqLyjWDarjt and whsec_12345678", "4eC39HqLyjWDarjt"),
        ("eyJhbGciOi.eyJzdWIiOi.sflKxwRJSM", "sflKxwRJSM"),
        ("hash $argon2id$v=19$m=1,t=1$c2FsdA$aGFzaA x", "aGFzaA"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----", "MHcCAQEE"),
        ("DETAIL:  Failing row contains (1, a@b.co, s3cret).", "s3cret"),
        ("DETAIL:  Key (tenant_id, email)=(1, a@b.co) already exists.", "a@b.co"),
        ("otpauth://totp/Diwan:a?secret=JBSWY3DP", "JBSWY3DP"),
        (f"session {TOKEN}", TOKEN),
    ],
)
def test_secrets_are_hidden(text: str, secret: str) -> None:
    found = redact(text)
    assert secret not in found
    assert HIDDEN in found
    assert redact(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "GET /t/acme/contacts/contact/0191d9a2-7c1e-7b3a-9c1f-3a5b7c9d1e2f 200",
        "http://localhost:8000/t/acme?next=1",
        "mail to a@b.co failed: 550 no such user",
        "status code: 500, exit code 12, error 42P01",
        "key=kitchen lineup",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "worker host-12-abc listens on quick, default",
        'File "/x/diwan/web/errors.py", line 7, in test_a_name_of_more_than_forty_three_characters_x',
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact(text) == text


def test_it_is_quick_on_long_and_hostile_texts() -> None:
    import time

    for text in ("x" * 200_000, "password=" * 20_000, "://a:" * 20_000, "'" * 100_000, "cookie: " + "a=b;" * 30_000,
                 "-----BEGIN PRIVATE KEY-----" * 3_000, "failing row contains (" * 5_000, "a.b-" * 40_000):  # fmt: skip
        started = time.perf_counter()
        redact(text)
        assert time.perf_counter() - started < 2, text[:30]


def test_every_record_of_every_logger_passes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("some.library").warning("asked %s with %s", f"/reset/{TOKEN}", {"password": PASSWORD})
        logging.getLogger("diwan").info("password=%s", PASSWORD)
        logging.getLogger("diwan").error("%s %s password", "wrong number of values: password=" + PASSWORD)  # noqa: PLE1206
        try:
            raise ValueError(f"cannot reach postgresql://u:{PASSWORD.replace(' ', '')}@h/d with {TOKEN}")
        except ValueError:
            logging.getLogger("diwan").exception("failed", stack_info=True)
    assert len(caplog.records) == 4
    for secret in (TOKEN, PASSWORD, PASSWORD.replace(" ", "")):
        assert secret not in caplog.text
    assert "ValueError: cannot reach postgresql://u:" in caplog.text
    assert "Traceback" in caplog.text


def test_the_settings_of_this_process_are_known(caplog: pytest.LogCaptureFixture) -> None:
    config = Config.from_env(
        {
            "DIWAN_HOME": "/tmp/x", "DIWAN_SECRET_KEY": "the-secret-key", "DATABASE_URL": "postgresql://a:postgres@h/d",
            "REDIS_URL": "redis://:redis-password@h:1/0", "DIWAN_MAIL_URL": "smtp://u:mail%2Fpassword@h",
            "DIWAN_FILES_SECRET": "secret-of-files",
        }
    )  # fmt: skip
    redaction.know(*config.secrets)
    said = "the-secret-key postgres redis-password mail%2Fpassword secret-of-files"
    logging.getLogger("x").error("%s at %s", said, "10 o'clock")
    assert caplog.messages == [f"{HIDDEN} postgres {HIDDEN} {HIDDEN} {HIDDEN} at 10 o'clock"]  # too few characters


def test_installing_twice_is_once() -> None:
    made = logging.getLogRecordFactory()
    redaction.install()
    assert logging.getLogRecordFactory() is made
    assert sys.getrefcount(made) > 1
