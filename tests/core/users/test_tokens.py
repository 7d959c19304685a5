"""API tokens: shown once, stored as a digest, narrower than their person, opened with one query."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from diwan.db import scope, unit_of_work
from diwan.db.base import now
from diwan.errors import Denied, Invalid, NotFound, Unauthenticated
from diwan.extensions import db
from diwan.testing.world import Business
from diwan.users import tokens


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
