"""Sign-up from the form to the first screen, and what may go wrong on the way."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from diwan.db import current, scope, unit_of_work
from diwan.db.base import now
from diwan.testing.visitor import Visitor
from diwan.users import codes


def test_sign_up_makes_everything_in_one_go(app: Flask) -> None:
    visitor = Visitor(app)
    started = time.perf_counter()
    path = visitor.sign_up("شركة الأفق الأزرق", country="KW")
    assert time.perf_counter() - started < 10
    assert path.startswith("/t/shrka-al-afq-al-azrq")
    assert visitor.get(path).status_code == 200
    assert visitor.get(f"{path}/people").text.count("Owner") >= 1
    settings = visitor.get(f"{path}/settings").text
    assert 'value="KWD" selected' in settings
    assert 'value="Asia/Kuwait" selected' in settings
    assert "created" in visitor.get(f"{path}/audit").text


def test_same_name_gets_another_slug(app: Flask) -> None:
    name = f"Acme {uuid4().hex[:8]}"
    first, second = Visitor(app).sign_up(name), Visitor(app).sign_up(name)
    assert second == f"{first}-2"


def test_errors_stand_at_their_fields_and_nothing_typed_is_lost(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.get("/sign-up")
    answer = visitor.post("/sign-up", email="nonsense", business="  ", country="XX", language="en")
    assert answer.status_code == 422
    assert "complete e-mail address" in answer.text
    assert "Enter a name" in answer.text
    assert "country from the list" in answer.text
    assert 'value="nonsense"' in answer.text
    assert visitor.mails() == []


def test_wrong_code_then_right_code(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    code = visitor.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert visitor.post("/sign-up/code", code=wrong).status_code == 422
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert visitor.post("/sign-up/code", code=f" {arabic} ").location == "/sign-up/password"


def test_five_wrong_codes_end_it(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    code = visitor.code()
    for offset in range(1, codes.TRIES + 1):
        visitor.post("/sign-up/code", code=f"{(int(code) + offset) % 1_000_000:06}")
    answer = visitor.post("/sign-up/code", code=code)
    assert answer.status_code == 404
    assert "no longer works" in answer.text


def test_old_code_no_longer_works(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    monkeypatch.setattr(codes, "now", lambda: now() + codes.CODE_LIFE)
    assert visitor.post("/sign-up/code", code=visitor.code()).status_code == 404


def test_resend_sends_another_code_and_the_old_one_stops(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    first = visitor.code()
    assert visitor.post("/sign-up/resend").status_code == 303
    second = visitor.code()
    assert len(visitor.mails()) == 2
    if first != second:
        assert visitor.post("/sign-up/code", code=first).status_code == 422
    assert visitor.post("/sign-up/code", code=second).status_code == 303


def test_mails_to_one_address_are_limited(app: Flask) -> None:
    visitor = Visitor(app)
    for _ in range(6):
        answer = visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert len(visitor.mails()) == 4


def test_weak_password_comes_back_and_the_proof_still_holds(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    visitor.post("/sign-up/code", code=visitor.code())
    answer = visitor.post("/sign-up/password", name="Mariam", password="password123")
    assert answer.status_code == 422
    assert 'value="Mariam"' in answer.text
    assert "password123" not in answer.text
    assert visitor.post("/sign-up/password", name="Mariam", password="seven quiet otters").status_code == 303


def test_password_step_needs_the_code(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    assert visitor.get("/sign-up/password").location == "/sign-up"
    assert visitor.post("/sign-up/password", name="M", password="seven quiet otters").location == "/sign-up"


def test_code_works_only_in_the_browser_that_asked(app: Flask) -> None:
    visitor, thief = Visitor(app), Visitor(app)
    visitor.post("/sign-up", email=visitor.email, business="Acme", country="DE", language="en")
    assert thief.post("/sign-up/code", code=visitor.code()).location == "/sign-up"


def test_a_sign_up_is_completed_once(app: Flask) -> None:
    from diwan.errors import NotFound
    from diwan.tenants import service as tenants

    with app.app_context(), scope():
        with unit_of_work():
            challenge_id, code = codes.make_code(
                f"{uuid4().hex}@example.com", {"business": "A", "country": "DE", "language": "en"}, works=True
            )
        with unit_of_work():
            codes.check_code(challenge_id, code)
        with unit_of_work():
            tenants.complete_sign_up(challenge_id, "M", "seven quiet otters")
    with app.app_context(), scope(), pytest.raises(NotFound), unit_of_work():
        tenants.complete_sign_up(challenge_id, "M", "seven quiet otters")


def test_a_failure_at_the_end_leaves_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from diwan.tenants import service as tenants

    email = f"{uuid4().hex}@example.com"
    with app.app_context(), scope():
        with unit_of_work():
            challenge_id, code = codes.make_code(
                email, {"business": "A", "country": "DE", "language": "en"}, works=True
            )
        with unit_of_work():
            codes.check_code(challenge_id, code)

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch, app.app_context(), scope():
        patch.setattr(tenants.audit, "record", fail)
        with pytest.raises(RuntimeError), unit_of_work():
            tenants.complete_sign_up(challenge_id, "M", "seven quiet otters")
    with app.app_context(), scope(), unit_of_work() as session:
        known = session.execute(text('SELECT count(*) FROM core."user" WHERE email = :e'), {"e": email}).scalar_one()
        assert known == 0
        assert codes.verified(challenge_id).email == email


def test_somebody_with_an_account_adds_a_business(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.sign_up("First")
    visitor.get("/businesses/new")
    answer = visitor.post("/businesses/new", name="Second", country="EG", language="ar")
    assert answer.location.startswith("/t/second")
    assert visitor.get(answer.location).status_code == 200
    assert visitor.get("/").location == "/choose"
    page = visitor.get("/choose").text
    assert "First" in page
    assert "Second" in page


def test_sweep_removes_only_what_has_expired(app: Flask) -> None:
    from diwan.users import service as users

    visitor = Visitor(app)
    path = visitor.sign_up()
    gone = Visitor(app)
    gone.get("/login")
    with app.app_context(), scope(), unit_of_work() as session:
        session.execute(
            text("UPDATE core.session SET expires_at = :past WHERE ip = :ip"),
            {"past": now() - timedelta(minutes=1), "ip": gone.ip},
        )
    with app.app_context(), scope(), unit_of_work() as session:
        users.sweep()
        left = session.execute(text("SELECT count(*) FROM core.session WHERE ip = :ip"), {"ip": gone.ip}).scalar_one()
        assert left == 0
        assert current.tenant_or_none is None
    assert visitor.get(path).status_code == 200
