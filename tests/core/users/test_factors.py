"""Second factors: what fits, what is spent, what is left."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text

from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import Invalid, Refuse, TooMany
from diwan.kernel import resealing
from diwan.kit import sealing
from diwan.testing.world import Business
from diwan.users import factors
from diwan.users.factors import recovery, totp
from diwan.users.factors import service as steps
from diwan.users.models import User

PLACE = "10.9.8.7"


def owner(business: Business) -> User:
    return current.session.get_one(User, business.owner.id)


def code_of(secret: str, steps_away: int = 0) -> str:
    return pyotp.TOTP(secret).at(now() + timedelta(seconds=30 * steps_away))


def enrolled(business: Business, steps_away: int = -1) -> tuple[str, list[str]]:
    secret = totp.new_secret()
    with unit_of_work():
        return secret, factors.add_app(owner(business), secret, code_of(secret, steps_away), ip=PLACE)


def test_an_app_is_enrolled_by_a_code_of_its_own(business: Business) -> None:
    secret, other = totp.new_secret(), totp.new_secret()
    with business.acting():
        with pytest.raises(Invalid), unit_of_work():
            factors.add_app(owner(business), secret, code_of(other), ip=PLACE)
        with unit_of_work():
            assert not factors.factors_of(business.owner.id)
        _secret, codes = enrolled(business)
        with unit_of_work():
            found = factors.factors_of(business.owner.id)
        assert (found.app, found.codes, len(set(codes))) == (True, 10, 10)
        with pytest.raises(Refuse):
            enrolled(business)


def test_the_secret_is_sealed(business: Business) -> None:
    with business.acting():
        secret, codes = enrolled(business)
        with unit_of_work() as session:
            row = session.execute(
                text("SELECT secret, t::text AS shown FROM core.totp t WHERE user_id = :id"), {"id": business.owner.id}
            ).one()
            digests = session.scalars(text("SELECT r::text FROM core.recovery_code r")).all()
    assert secret.encode() not in row.secret
    assert secret not in row.shown
    assert not any(code in row or code.replace("-", "") in row for code in codes for row in digests)


def test_the_secret_is_sealed_anew_with_a_new_key(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    old = dict(sealing._ring)
    with business.acting():
        secret, _codes = enrolled(business)
        monkeypatch.setattr(sealing, "_ring", {"new": bytes(range(32)), **old})
        assert all(not result.failed for result in resealing.reseal_all() if result.place == "core.totp.secret")
        monkeypatch.setattr(sealing, "_ring", {"new": bytes(range(32))})
        with unit_of_work():
            assert totp.take(business.owner.id, code_of(secret))
        monkeypatch.setattr(sealing, "_ring", {**old, "new": bytes(range(32))})
        assert next(result.done for result in resealing.reseal_all() if result.place == "core.totp.secret") > 0


@pytest.mark.parametrize(("steps_away", "fits"), [(-2, False), (0, True), (1, True), (2, False)])
def test_the_clock_may_be_one_step_off(business: Business, steps_away: int, fits: bool) -> None:
    with business.acting():
        secret, _codes = enrolled(business)
        with unit_of_work():
            assert totp.take(business.owner.id, code_of(secret, steps_away)) is fits


def test_a_code_is_spent_even_when_what_follows_fails(business: Business) -> None:
    with business.acting():
        secret, _codes = enrolled(business)
        code = code_of(secret)
        with pytest.raises(ZeroDivisionError), unit_of_work():
            assert totp.take(business.owner.id, code)
            raise ZeroDivisionError
        with unit_of_work():
            assert not totp.take(business.owner.id, code)
            assert not totp.take(business.owner.id, code_of(secret, -1)), "an older one is spent with it"
            assert totp.take(business.owner.id, code_of(secret, 1))


def test_the_code_of_enrolment_is_spent(business: Business) -> None:
    with business.acting():
        secret, _codes = enrolled(business, 0)
        with unit_of_work():
            assert not totp.take(business.owner.id, code_of(secret))


def test_arabic_digits_and_spaces_fit(business: Business) -> None:
    with business.acting():
        secret, _codes = enrolled(business)
        code = code_of(secret).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        with unit_of_work():
            assert totp.take(business.owner.id, f" {code[:3]} {code[3:]} ")


def test_a_recovery_code_works_once_however_it_is_written(business: Business) -> None:
    with business.acting():
        _secret, codes = enrolled(business)
        with unit_of_work():
            user = owner(business)
            written = codes[0].upper().replace("-", " ").replace("1", "l").replace("0", "O")
            factors.prove(user, factors.RECOVERY, written, ip=PLACE)
            with pytest.raises(Refuse):
                factors.prove(user, factors.RECOVERY, codes[0], ip=PLACE)
            assert factors.factors_of(user.id).codes == 9


def test_new_codes_end_the_old_ones(business: Business) -> None:
    with business.acting():
        _secret, old = enrolled(business)
        with unit_of_work():
            new = factors.renew_codes(owner(business))
        with unit_of_work():
            assert not recovery.take(business.owner.id, old[0])
            assert recovery.take(business.owner.id, new[0])


def test_nobody_uses_the_codes_of_another(business: Business, other_business: Business) -> None:
    with business.acting():
        secret, codes = enrolled(business)
    with other_business.acting():
        enrolled(other_business)
        with unit_of_work():
            assert not recovery.take(other_business.owner.id, codes[0])
            assert not totp.take(other_business.owner.id, code_of(secret))


def test_without_a_factor_there_are_no_codes(business: Business) -> None:
    with business.acting():
        with pytest.raises(Refuse), unit_of_work():
            factors.renew_codes(owner(business))
        enrolled(business)
        with unit_of_work():
            assert factors.remove_app(owner(business))
        with unit_of_work():
            assert factors.factors_of(business.owner.id) == factors.Factors(False, 0, 0)
            assert not factors.remove_app(owner(business))


def test_guessing_is_counted_before_it_is_compared(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    with business.acting():
        secret, _codes = enrolled(business)
        with unit_of_work():
            user = owner(business)
            for _ in range(steps.SECOND.free):
                with pytest.raises(Refuse):
                    factors.prove(user, factors.APP, "000000x", ip=PLACE)
            with pytest.raises(TooMany):
                factors.prove(user, factors.APP, code_of(secret), ip=PLACE)
            factors.prove(user, factors.APP, code_of(secret), ip="10.1.1.1")
