"""The things that addresses name: records, comments, tasks, runs, tokens and so on, made for whoever is to hold them.

It must make them as the product does, so that what an address needs is really there.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from diwan import collaboration, files, jobs, preferences, resources
from diwan.access import service as access
from diwan.access import teams
from diwan.bulk import acting as acts
from diwan.bulk import handing_over
from diwan.bulk import service as bulk
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.imports import service as imports
from diwan.kit.ids import uuid7
from diwan.leaving import takeouts
from diwan.notifications import notify
from diwan.operators import support
from diwan.resources import custom, undo
from diwan.tenants import people
from diwan.testing.world import Business, Person
from diwan.users import tokens

SECRET = "Zanzibar"
"""Stands in the name of everything: what shows it to somebody out of reach has a hole."""
LATER = timedelta(days=1)


class Things(Mapping[str, str]):
    """Makes what is asked for, once: `things["comment"]` is the id of a comment on `things["lead"]`.

    The lead is the owner's, everything else the holder's.
    """

    def __init__(self, business: Business, holder: Person) -> None:
        self.business = business
        self.holder = Person(holder.id, holder.email, holder.name, ("*",))
        self._made: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            if name not in MAKERS:
                raise KeyError(name)
            self._made[name] = str(MAKERS[name](self))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MAKERS)

    def __len__(self) -> int:
        return len(MAKERS)

    @contextmanager
    def held(self, owner: bool = False) -> Iterator[Any]:
        """Write as the holder, or as the owner of the business."""
        with self.business.acting(self.business.owner if owner else self.holder), unit_of_work() as session:
            yield session


MAKERS: dict[str, Callable[[Things], Any]] = {}


def thing(make: Callable[[Things], Any]) -> Callable[[Things], Any]:
    MAKERS[make.__name__] = make
    return make


def lead_of(business: Business, person: Person, name: str = SECRET) -> str:
    """Make a lead of a person."""
    holder = Person(person.id, person.email, person.name, ("*",))
    with business.acting(holder), unit_of_work():
        return str(resources.create(current.lineup.resources["shop.lead"], {"name": name}).id)


def _lead() -> Any:
    return current.lineup.resources["shop.lead"]


@thing
def slug(things: Things) -> Any:
    return things.business.tenant.slug


@thing
def tenant(things: Things) -> Any:
    return things.business.tenant.id


@thing
def lead(things: Things) -> Any:
    return lead_of(things.business, things.business.owner)


@thing
def order(things: Things) -> Any:
    with things.held():
        return resources.create(current.lineup.resources["kitchen.order"], {"subject": SECRET}).id


@thing
def contact(things: Things) -> Any:
    with things.held():
        return resources.create(current.lineup.resources["contacts.contact"], {"name": SECRET}).id


@thing
def comment(things: Things) -> Any:
    lead = UUID(things["lead"])
    with things.held():
        return collaboration.add_comment(_lead(), lead, SECRET, f"{SECRET} says").comment.id


@thing
def tag(things: Things) -> Any:
    lead = UUID(things["lead"])
    with things.held():
        return collaboration.add_tag(_lead(), lead, SECRET, f"{SECRET} {uuid7().hex[-6:]}").id


@thing
def record_task(things: Things) -> Any:
    lead = UUID(things["lead"])
    with things.held():
        return collaboration.create_task(SECRET, resource=_lead(), record_id=lead, record_title=SECRET).id


@thing
def task(things: Things) -> Any:
    with things.held():
        return collaboration.create_task(SECRET).id


@thing
def attachment(things: Things) -> Any:
    lead = UUID(things["lead"])
    with things.held():
        sent = io.BytesIO(SECRET.encode())
        return collaboration.attach(_lead(), lead, SECRET, sent, f"{SECRET}.txt", limit=10_000).id


@thing
def stored_file(things: Things) -> Any:
    """A file that nobody's record holds."""
    with things.held():
        sent = io.BytesIO(SECRET.encode())
        return files.store(sent, f"{SECRET}.txt", purpose="kitchen.order.contract", limit=10_000).id


@thing
def import_run(things: Things) -> Any:
    with things.held():
        return imports.start(_lead(), io.BytesIO(f"name\n{SECRET}\n".encode()), f"{SECRET}.csv").id


@thing
def view(things: Things) -> Any:
    with things.held():
        return preferences.make_view("shop.lead", f"{SECRET} {uuid7().hex[-6:]}", {}).id


@thing
def undo_step(things: Things) -> Any:
    lead = UUID(things["lead"])
    with things.held():
        return undo.record(_lead(), SECRET, [{"id": lead, "version": 1, "before": {"name": SECRET}}])


def _job(things: Things, name: str, resource: str = "shop.lead") -> Any:
    with things.held():
        return jobs.enqueue(name, {"resource": resource}, at=now() + LATER)


@thing
def bulk_job(things: Things) -> Any:
    return _job(things, bulk.RUN)


@thing
def act_job(things: Things) -> Any:
    return _job(things, acts.ONE)


@thing
def acts_job(things: Things) -> Any:
    return _job(things, acts.MANY)


@thing
def handing_job(things: Things) -> Any:
    return _job(things, handing_over.RUN)


@thing
def parked_job(things: Things) -> Any:
    id = _job(things, bulk.RUN)
    with things.held() as session:
        session.execute(text("UPDATE core.outbox SET state = 'parked' WHERE id = :id"), {"id": id})
    return id


@thing
def notification(things: Things) -> Any:
    with things.held() as session:
        notify([things.holder.id], "task", SECRET, itself=True)
        statement = text("SELECT id FROM core.notification WHERE user_id = :id ORDER BY id DESC LIMIT 1")
        return session.scalar(statement, {"id": things.holder.id})


@thing
def custom_field(things: Things) -> Any:
    with things.held(owner=True):
        label = {"en": f"{SECRET} {uuid7().hex[-6:]}"}
        return custom.create_field(current.lineup.resources["contacts.contact"], {"kind": "text", "label": label}).id


@thing
def token(things: Things) -> Any:
    with things.held():
        return tokens.create(SECRET, ["*"])[0].id


@thing
def owners_token(things: Things) -> Any:
    with things.held(owner=True):
        return tokens.create(SECRET, ["*"])[0].id


@thing
def role(things: Things) -> Any:
    with things.held(owner=True):
        return access.create_role(f"{SECRET} {uuid7().hex[-6:]}", ["core.member.read"]).id


@thing
def suggested_role(things: Things) -> Any:
    """A role that a module suggests, given by the owner to nobody."""
    with things.held(owner=True) as session:
        access.add_suggested_roles("shop", [("shop.seller", "Seller", ["shop.lead.read:own"])])
        return session.scalar(text("SELECT id FROM core.role WHERE plugin = 'shop' LIMIT 1"))


@thing
def colleague(things: Things) -> Any:
    """The account of a member who is nobody else in the test."""
    return things.business.member().id


@thing
def membership(things: Things) -> Any:
    person = things["colleague"]
    with things.held(owner=True) as session:
        return session.scalar(text("SELECT id FROM core.membership WHERE user_id = :id"), {"id": person})


@thing
def team(things: Things) -> Any:
    with things.held(owner=True):
        return teams.create_team(f"{SECRET} {uuid7().hex[-6:]}").id


@thing
def invitation(things: Things) -> Any:
    with things.held(owner=True):
        return people.invite(f"{uuid7().hex}@example.com", ["owner"]).id


@thing
def takeout(things: Things) -> Any:
    with things.held(owner=True) as session:
        session.execute(text("UPDATE core.takeout SET state = 'stopped'"))
        return takeouts.start().id


@thing
def passkey(things: Things) -> Any:
    id = uuid7()
    with things.held() as session:
        session.execute(
            text(
                "INSERT INTO core.passkey (id, user_id, credential_id, public_key, sign_count, name, created_at)"
                " VALUES (:id, :user, :key, :key, 0, :name, now())"
            ),
            {"id": id, "user": things.holder.id, "key": id.bytes, "name": SECRET},
        )
    return id


@thing
def support_grant(things: Things) -> Any:
    with things.held(owner=True):
        return support.give("read", 4, SECRET).id


__all__ = ["SECRET", "Things", "lead_of"]
