"""API tokens: shown once, stored as a digest, narrower than their person, opened with one query."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text

from diwan import notifications
from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, Invalid, NotFound, Unauthenticated
from diwan.extensions import db
from diwan.testing.world import Business
from diwan.users import token_ends, tokens


def test_token_opens_tenant_and_person(business: Business) -> None:
    token = business.token()
    with business.world.app.app_context(), scope():
        tenant, actor = tokens.open_token(token)
    assert tenant == business.tenant
    assert actor.id == business.owner.id
    assert actor.kind == "token"
    assert actor.can("contacts.contact.read")


def test_only_the_digest_is_stored(business: Business) -> None:
    token = business.token()
    assert token.startswith("dwn_")
    assert len(token) == 47
    with business.acting(), unit_of_work() as session:
        rows = session.execute(text("SELECT t::text FROM core.api_token t")).scalars().all()
        audit = session.execute(text("SELECT a::text FROM core.audit_entry a")).scalars().all()
    assert rows
    assert not any(token[10:] in row for row in [*rows, *audit])


def test_token_is_narrower_than_its_person(business: Business) -> None:
    member = business.member("contacts.contact.read", "core.token.manage")
    narrow = business.token(grants=["contacts.contact.read"])
    wide = business.token(member, grants=["contacts.*"])
    with business.world.app.app_context(), scope():
        owner_token, member_token = tokens.open_token(narrow)[1], tokens.open_token(wide)[1]
    assert owner_token.can("contacts.contact.read")
    assert not owner_token.can("contacts.contact.update")
    assert not owner_token.can("core.member.invite")
    assert member_token.can("contacts.contact.read")
    assert not member_token.can("contacts.contact.update")
    assert not member_token.can("core.token.manage")


def test_revoked_expired_and_unknown_tokens_are_the_same(business: Business) -> None:
    with business.acting(), unit_of_work():
        revoked, revoked_text = tokens.create("revoked")
        _old, old_text = tokens.create("old", expires_at=now() + timedelta(days=1))
    with business.acting(), unit_of_work() as session:
        tokens.revoke(revoked.id)
        session.execute(
            text("UPDATE core.api_token SET expires_at = :past WHERE name = 'old'"),
            {"past": now() - timedelta(hours=1)},
        )
    said = set()
    with business.world.app.app_context(), scope():
        for wrong in (revoked_text, old_text, "dwn_" + "x" * 43, "", "dwn_", revoked_text[4:], "dwn_" + "x" * 500):
            with pytest.raises(Unauthenticated) as refused:
                tokens.open_token(wrong)
            said.add(str(refused.value))
    assert len(said) == 1


def test_disabled_member_and_disabled_account_lose_their_tokens(business: Business) -> None:
    member = business.member("*")
    token = business.token(member)
    for statement in (
        "UPDATE core.membership SET state = 'disabled' WHERE user_id = :id",
        "UPDATE core.membership SET state = 'active' WHERE user_id = :id",
        'UPDATE core."user" SET disabled_at = now() WHERE id = :id',
    ):
        with business.acting(), unit_of_work() as session:
            session.execute(text(statement), {"id": member.id})
        with business.world.app.app_context(), scope():
            if "'active'" in statement:
                tokens.open_token(token)
            else:
                with pytest.raises(Unauthenticated):
                    tokens.open_token(token)


def test_one_round_trip_and_use_is_noted_seldom(business: Business) -> None:
    token = business.token()
    statements: list[str] = []
    app = business.world.app
    with app.app_context(), scope():
        tokens.open_token(token)  # notes the use
    with app.app_context(), scope(), unit_of_work():
        engine = db.engine

        def seen(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", seen)
        try:
            tokens.open_token(token)
        finally:
            event.remove(engine, "before_cursor_execute", seen)
    assert statements == []  # no second query, and no note of the use: the look-up itself goes past SQLAlchemy
    with business.acting(), unit_of_work():
        assert [token.used_at is not None for token in tokens.mine()] == [True]


def test_one_does_not_see_or_revoke_anothers_token(business: Business, other_business: Business) -> None:
    with business.acting(), unit_of_work():
        made, _text = tokens.create("mine")
    member = business.member("core.token.manage")
    with business.acting(member), unit_of_work():
        assert tokens.mine() == []
        with pytest.raises(NotFound):
            tokens.revoke(made.id)
        tokens.revoke(made.id, anybodys=True)
    with other_business.acting(), unit_of_work(), pytest.raises(NotFound):
        tokens.revoke(made.id, anybodys=True)


def test_what_a_token_must_have(business: Business) -> None:
    with business.acting(), unit_of_work():
        with pytest.raises(Invalid):
            tokens.create("  ")
        with pytest.raises(Invalid):
            tokens.create("x", grants=[])
        with pytest.raises(Invalid):
            tokens.create("x", grants=["contacts; drop"])
        with pytest.raises(Invalid):
            tokens.create("x", expires_at=now() - timedelta(days=1))
    with business.world.app.app_context(), scope():
        tenant, actor = tokens.open_token(business.token())
    with business.world.app.app_context(), scope(tenant=tenant, user=actor), pytest.raises(Denied):
        tokens.create("a token makes no tokens")


# --- what a change of rights does, at once


def test_a_role_that_changes_changes_the_token(business: Business) -> None:
    member = business.member("contacts.contact.read", "contacts.contact.update")
    token = business.token(member)
    app = business.world.app
    with app.app_context(), scope():
        assert tokens.open_token(token)[1].can("contacts.contact.update")
    with business.acting(), unit_of_work() as session:
        session.execute(text("DELETE FROM core.role_grant WHERE permission = 'contacts.contact.update'"))
    with app.app_context(), scope():
        actor = tokens.open_token(token)[1]
    assert actor.can("contacts.contact.read")
    assert not actor.can("contacts.contact.update")


def test_a_role_that_has_ended_gives_a_token_nothing(business: Business) -> None:
    member = business.member("contacts.*")
    token = business.token(member)
    with business.acting(), unit_of_work() as session:
        session.execute(
            text("UPDATE core.member_role mr SET valid_to = :day FROM core.membership m"
                 " WHERE m.id = mr.membership_id AND m.user_id = :user"),
            {"day": now().date() - timedelta(days=2), "user": member.id},
        )  # fmt: skip
    with business.world.app.app_context(), scope():
        assert not tokens.open_token(token)[1].can("contacts.contact.read")


# --- tokens of the business


def service(business: Business, *grants: str, expires_at: datetime | None = None) -> str:
    with business.acting(), unit_of_work():
        return tokens.create_service("Shop", grants or ("contacts.*",), expires_at)[1]


def test_a_service_token_has_no_person_and_exactly_its_grants(business: Business) -> None:
    token = service(business, "contacts.contact.read")
    with business.world.app.app_context(), scope():
        tenant, actor = tokens.open_token(token)
    assert tenant == business.tenant
    assert (actor.id, actor.kind, actor.name) == (None, "service", "Shop")
    assert actor.principal == actor.token_id
    assert actor.can("contacts.contact.read")
    assert not actor.can("contacts.contact.update")
    assert not actor.can("core.member.read")


def test_it_keeps_working_when_its_maker_leaves(business: Business) -> None:
    maker = business.member("*")
    with business.acting(maker), unit_of_work():
        _token, secret = tokens.create_service("Shop", ["contacts.*"])
        _own, own = tokens.create("mine")
    with business.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.membership SET state = 'disabled' WHERE user_id = :id"), {"id": maker.id})
    with business.world.app.app_context(), scope():
        assert tokens.open_token(secret)[1].can("contacts.contact.read")
        with pytest.raises(Unauthenticated):
            tokens.open_token(own)


def test_nobody_gives_a_token_what_they_do_not_hold(business: Business) -> None:
    maker = business.member("core.service_token.manage", "contacts.contact.read")
    with business.acting(maker), unit_of_work():
        tokens.create_service("fits", ["contacts.contact.read"])
        for wanted in (["contacts.contact.update"], ["contacts.*"], ["*"], ["core.role.update"]):
            with pytest.raises(Denied):
                tokens.create_service("too much", wanted)
    with business.acting(business.member("contacts.*", "core.token.manage")), pytest.raises(Denied):
        tokens.create_service("no right", ["contacts.contact.read"])


def test_a_token_makes_no_token_of_the_business(business: Business) -> None:
    with business.world.app.app_context(), scope():
        tenant, actor = tokens.open_token(service(business, "*"))
    with business.world.app.app_context(), scope(tenant=tenant, user=actor), pytest.raises(Denied):
        tokens.create_service("from a token", ["contacts.contact.read"])


def test_all_tokens_are_seen_and_revoked_by_who_may(business: Business, other_business: Business) -> None:
    service(business)
    member = business.member("contacts.*", "core.token.manage")
    business.token(member)
    other_business.token()
    with business.acting(), unit_of_work():
        found = tokens.everybodys()
        assert sorted((token.kind, token.name) for token, _name in found) == [("personal", "test"), ("service", "Shop")]
        assert {name for _token, name in found} == {member.name}
        for token, _name in found:
            tokens.revoke(token.id, anybodys=True)
        assert tokens.everybodys() == []
    with business.acting(member), pytest.raises(Denied):
        tokens.everybodys()


def test_the_log_says_when_and_from_where_a_token_was_used(business: Business) -> None:
    token = service(business)
    with business.world.app.app_context():
        for ip in ("10.1.2.3", "10.1.2.3", "10.9.9.9"):
            with scope():
                tokens.open_token(token, ip)
    with business.acting(), unit_of_work() as session:
        used = "SELECT actor_kind, actor_name, after FROM core.audit_entry WHERE action = 'used'"
        # The other address came within five minutes: the use is not noted again so soon.
        assert [tuple(row) for row in session.execute(text(used))] == [("service", "Shop", {"ip": "10.1.2.3"})]
        session.execute(text("UPDATE core.api_token SET used_at = used_at - interval '6 minutes'"))
    with business.world.app.app_context(), scope():
        tokens.open_token(token, "10.9.9.9")
    with business.acting(), unit_of_work() as session:
        assert len(session.execute(text(used)).all()) == 2
        assert session.scalar(text("SELECT used_ip FROM core.api_token WHERE kind = 'service'")) == "10.9.9.9"


# --- before one ends


def ending(business: Business, days: float, *, life: float = 365, user: bool = False) -> None:
    with business.acting(), unit_of_work() as session:
        until = now() + timedelta(days=days)
        token = (tokens.create("Shop", ["*"], until) if user else tokens.create_service("Shop", ["*"], until))[0]
        session.execute(
            text("UPDATE core.api_token SET created_at = :at WHERE id = :id"),
            {"at": until - timedelta(days=life), "id": token.id},
        )


def warned(business: Business) -> list[str]:
    with business.acting(), unit_of_work():
        token_ends.warn_of_ends()
        return [notice.title for notice in notifications.latest() if notice.kind == token_ends.KIND]


def test_two_warnings_each_once(business: Business) -> None:
    ending(business, 13.5)
    assert [warned(business) for _n in range(2)] == [["The API token “Shop” ends in 14 days."]] * 2
    with business.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.api_token SET expires_at = expires_at - interval '11 days'"))
    assert [len(warned(business)) for _n in range(2)] == [2, 2]
    assert warned(business)[0] == "The API token “Shop” ends in 3 days."


def test_whom_a_warning_reaches(business: Business) -> None:
    ending(business, 2, user=True)
    assert len(warned(business)) == 1
    colleague = business.member("*")
    with business.acting(colleague), unit_of_work():
        assert not [notice for notice in notifications.latest() if notice.kind == token_ends.KIND]
        tokens.create_service("Made by a colleague", ["*"], now() + timedelta(days=20))
    with business.acting(), unit_of_work() as session:
        session.execute(text("UPDATE core.api_token SET expires_at = :at, created_at = :long WHERE name LIKE 'Made%'"),
                        {"at": now() + timedelta(days=1.5), "long": now() - timedelta(days=90)})  # fmt: skip
    assert len(warned(business)) == 2
    with business.acting(colleague), unit_of_work():
        titles = [notice.title for notice in notifications.latest()]
    assert titles == ["The API token “Made by a colleague” ends in 2 days."]


@pytest.mark.parametrize(("days", "life"), [(10, 10), (2, 2), (20, 365), (-1, 365)])
def test_no_warning_too_early_too_late_or_for_a_short_life(business: Business, days: float, life: float) -> None:
    ending(business, max(days, 0.001), life=life)
    if days < 0:
        with business.acting(), unit_of_work() as session:
            session.execute(text("UPDATE core.api_token SET expires_at = now() - interval '1 hour'"))
    assert warned(business) == []
