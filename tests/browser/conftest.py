"""What browser tests share: axe, a small business with contacts, and the words of a person at the screen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from diwan import collaboration, notifications, resources
from diwan.bulk import acting as running
from diwan.bulk.service import RUN
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.imports import service as imports
from diwan.jobs import enqueue
from diwan.resources import Resource, custom
from diwan.testing.live import Live
from diwan.testing.world import Business, Person, World

ROOT = Path(__file__).parents[2]
AXE = ROOT / "platform" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SILENT = ["option", "svg > *"]
"""What axe need not walk through: hundreds of countries in a list, the strokes of an icon."""

ROWS = """name,e-mail,telephone
Cedar Furniture House,sales@cedar.example,+961 1 345 678
بيت الأرز للأثاث,not an address,+961 1 345 679
"""

Check = Callable[..., list[str]]


@pytest.fixture(scope="session")
def axe() -> Check:
    """Returns what axe finds on a page. Injected by the protocol: the page's own policy would block a script tag."""
    if not AXE.exists():  # somebody removed what the build installs
        subprocess.run([sys.executable, ROOT / "platform" / "hatch_build.py", "--force"], check=True)
    code = AXE.read_text("utf-8")

    def check(page: Page, only: list[str] = RULES) -> list[str]:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(code)
        kind = "tag" if only is RULES else "rule"
        options = {
            "runOnly": {"type": kind, "values": only},
            "resultTypes": ["violations"],
            "preload": False,  # would fetch each style sheet again, for the one rule about locked orientation
            "iframes": False,
        }
        run = "([exclude, options]) => axe.run({exclude}, options)"
        found = page.evaluate(run, [SILENT, options])["violations"]
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]

    return check


@pytest.fixture
def shop(live_world: World) -> Business:
    """A business in the running Diwan with every module on."""
    return live_world.business()


@pytest.fixture
def language(live: Live) -> Callable[[Person, str], None]:
    """Changes the language that a person reads, as the switch in the top bar does."""
    from diwan.db import scope
    from diwan.users import service as users

    def change(person: Person, code: str) -> None:
        with live.app.app_context(), scope(), unit_of_work():
            users.set_preferences(person.id, language=code)

    return change


@dataclass
class Shown:
    """A business with something on each screen."""

    shop: Business
    places: dict[str, str]

    def address(self, page: str) -> str:
        return self.shop.url + page.format(**self.places)


@pytest.fixture
def shown(live_world: World) -> Shown:
    shop = live_world.business("contacts", "hello", "loans", "kitchen")
    member = shop.member("contacts.contact.read")
    with shop.acting():
        with unit_of_work() as session:
            resource = current.lineup.resources["contacts.contact"]
            first = resources.create(
                resource,
                {"name": "Cedar Furniture House", "name_ar": "بيت الأرز للأثاث", "roles": ["customer", "supplier"],
                 "email": "office@cedar.example", "country": "LB", "city": "Beirut",
                 "address": [{"street": "Hamra Street 12", "city": "Beirut", "country": "LB"}]},
            )  # fmt: skip
            resources.create(resource, {"name": "شركة الأفق الأزرق", "roles": ["carrier"], "phone": "+965 2222 3333"})
            resources.update(resource, first.id, {"city": "Byblos"})
            member_id = session.scalar(
                text("SELECT id FROM core.membership WHERE tenant_id = :tenant AND user_id = :user"),
                {"tenant": shop.tenant.id, "user": member.id},
            )
            places = {"member": member_id, "record": first.id, **_orders(), **_loan(first.id)}
        runs = _runs(resource)
    return Shown(shop, {**runs, **{name: str(id) for name, id in places.items()}})


def _orders() -> dict[str, UUID]:
    """Make orders in each state, one with lines and all that can be around a record, and jobs that wait."""
    orders = current.lineup.resources["kitchen.order"]
    own = custom.create_field(orders, {"kind": "text", "label": {"en": "Waiter", "ar": "النادل"}})
    made: list[UUID] = []
    for number, state in enumerate(("open", "draft", "done", "cancelled")):
        values = {
            "subject": f"Dinner {number}", "state": state, "guests": 2 + number, "tags": ["garden"],
            "priority": ("low", "high")[number % 2],
            "starts_at": f"2026-11-1{number}T06:00:00+00:00", "parent": made[0] if made else None,
            "line": [{"item": "Rice", "quantity": 2, "price": "1.250"}], "due_on": now().date().isoformat(),
        }  # fmt: skip
        made.append(resources.create(orders, values).id)
    first = made[0]
    collaboration.add_comment(orders, first, "Dinner 0", "Is the garden free? عشاء في الحديقة")
    collaboration.add_tag(orders, first, "Dinner 0", "urgent")
    collaboration.attach(orders, first, "Dinner 0", BytesIO(b"Rice, lamb, tea"), "menu.txt", limit=1000)
    collaboration.star(orders, first)
    for title, days in (("Ring the client", -1), ("Buy rice", 2)):
        due = now() + timedelta(days=days)
        collaboration.create_task(title, resource=orders, record_id=first, record_title="Dinner 0", due_at=due)
    notifications.notify([current.user.id], "comment", "Dinner 0", "Is it free?", orders.key, first, itself=True)
    later = now() + timedelta(days=1)
    jobs = {name: enqueue(job, {}, at=later) for name, job in (("long", running.ONE), ("many", RUN))}
    return {"order": first, "own": own.id, **jobs}


def _loan(borrower: UUID) -> dict[str, UUID]:
    loans, items = (current.lineup.resources[f"loans.{name}"] for name in ("loan", "item"))
    item = resources.create(items, {"name": "Drill"})
    return {"loan": resources.create(loans, {"item": item.id, "borrower": borrower}).id}


def _runs(resource: Resource) -> dict[str, str]:
    """Make one import in each state that has a page of its own."""
    made = {}
    for state in ("mapped", "checked", "running", "done"):
        with unit_of_work():
            run = imports.start(resource, BytesIO(ROWS.encode()), "customers.csv", "text/csv")
            made[state] = run.id
            if state != "mapped":
                imports.set_mapping(run, run.columns, match_field="name")
                imports.begin_check(run)
    end = time.monotonic() + 60
    for state in ("checked", "running", "done"):
        while time.monotonic() < end:
            with unit_of_work() as session:
                run = imports.get_run(made[state])
                session.refresh(run)
                if run.state == "checked":
                    break
            time.sleep(0.1)
    with unit_of_work() as session:  # an import of two rows would be over before anybody looks
        run = imports.get_run(made["running"])
        run.state, run.done, run.total = "running", 1, 2
        session.flush()
    with unit_of_work():
        run = imports.get_run(made["done"])
        run.state = "done"
    return {state: str(id) for state, id in made.items()}
