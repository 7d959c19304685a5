"""Coming and going in the log of a business: first visits, wrong passwords before them, logging out."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import select

from diwan import audit
from diwan.audit import service as log
from diwan.audit.models import AuditEntry
from diwan.db import scope, unit_of_work
from diwan.tenants import service as tenants
from diwan.tenants.keeping import keep_audit
from diwan.testing.visitor import Visitor
from diwan.testing.world import Business, World
from diwan.users.models import User


def entries(app: Flask, email: str, action: str) -> list[AuditEntry]:
    """Return the entries of the one business of a person, oldest first."""
    with app.app_context(), scope(), unit_of_work() as session:
        id = session.scalars(select(User.id).where(User.email == email)).one()
        [tenant] = tenants.tenants_of(id)
    with app.app_context(), scope(tenant=tenant), unit_of_work():
        return list(reversed(log.entries(action=action)))


def test_wrong_passwords_stand_in_the_next_sign_in(app: Flask) -> None:
    home = Visitor(app)
    address = home.sign_up()
    attacker = Visitor(app, email=home.email)
    for _ in range(3):
        assert attacker.log_in("wrong password!").status_code == 422
    again = Visitor(app, email=home.email)
    assert again.log_in().status_code == 303
    assert again.get(address).status_code == 200
    newest = entries(app, home.email, "signed_in")[-1]
    assert (newest.after or {})["failed_tries"] == 3


def test_a_sign_in_that_goes_well_is_no_wrong_password(app: Flask) -> None:
    home = Visitor(app)
    address = home.sign_up()
    for _ in range(3):
        visitor = Visitor(app, email=home.email)
        visitor.log_in()
        visitor.get(address)
    assert all("failed_tries" not in (entry.after or {}) for entry in entries(app, home.email, "signed_in"))


def test_a_password_by_a_link_stands_in_the_log(app: Flask) -> None:
    home = Visitor(app)
    home.sign_up()
    forgetful = Visitor(app, email=home.email)
    forgetful.get("/forgot")
    forgetful.post("/forgot", email=home.email)
    link = forgetful.link()
    forgetful.get(link)
    assert forgetful.post(link, password="five new blue herons").status_code == 303
    [entry] = entries(app, home.email, "password_changed")
    assert entry.actor_name == entry.title != ""


def test_logging_out_stands_where_the_session_was(world: World, business: Business) -> None:
    client = business.client()
    client.get(business.url)
    assert client.post("/logout").status_code == 303
    other = business.client()
    assert other.post("/logout").status_code == 303  # it had opened no business
    with business.acting(), unit_of_work():
        [entry] = log.entries(action="signed_out")
    assert (entry.actor_id, entry.title) == (business.owner.id, "Test Person")


def test_two_who_lock_the_business_and_write_to_its_log_do_not_wait_for_each_other_in_a_circle(
    app: Flask, business: Business
) -> None:
    """Who changes the business locks its row, then the chain; others need the chain, then the row."""
    faults: list[BaseException] = []

    def work(change: bool) -> None:
        try:
            with app.app_context(), business.acting():
                for turn in range(15):
                    with unit_of_work():
                        if change:
                            keep_audit(12 + turn)
                        audit.record("create", "x.y", title=str(turn))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(change,)) for change in (True, False, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
