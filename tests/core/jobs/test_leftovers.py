"""Files that nothing holds go after a day, files of imports after 90 days; whatever is held stays."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from diwan import collaboration, files, resources
from diwan.db import current, unit_of_work
from diwan.db.base import now
from diwan.errors import NotFound
from diwan.files.models import StoredFile
from diwan.imports import service
from diwan.jobs import leftovers, sweeper
from diwan.resources import drafts
from diwan.tenants import branding
from diwan.testing.world import Business


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Move the clock of the sweep."""

    def move(**by: float) -> None:
        moment = now() + timedelta(**by)

        def moved() -> datetime:
            return moment

        monkeypatch.setattr(leftovers, "now", moved)

    return move


def keep(purpose: str) -> UUID:
    return files.store(io.BytesIO(b"abc"), "a.txt", purpose=purpose, mime="text/plain", limit=100).id


def there(business: Business, id: UUID) -> bool:
    with business.acting(), unit_of_work() as session:
        return session.get(StoredFile, (current.tenant.id, id)) is not None


def test_what_nothing_holds_goes_after_a_day(world: Any, later: Any) -> None:
    business = world.business("contacts", "kitchen")
    with business.acting(), unit_of_work():
        orders, contact = (current.lineup.resources[key] for key in ("kitchen.order", "contacts.contact"))
        name = next(name for name, field in orders.fields.items() if field.kind.name == "file")
        purpose = orders.fields[name].purpose
        free, held, drafted, foreign = keep(purpose), keep(purpose), keep(purpose), keep("gone.thing.file")
        resources.create(orders, {"subject": "With a file", name: held})
        drafts.keep(orders, [(name, str(drafted))])
        id = resources.create(contact, {"name": "Ada"}).id
        attached = collaboration.attach(contact, id, "Ada", io.BytesIO(b"abc"), "b.txt", limit=100).file_id
        place = files.path_of(free)
    with business.acting():
        assert leftovers.clean_files() == 0
    later(hours=25)
    with business.acting():
        assert leftovers.clean_files() == 1
    assert not there(business, free)
    assert not place.exists()
    assert all(there(business, id) for id in (held, drafted, foreign, attached))


def test_the_logo_stays(world: Any, later: Any) -> None:
    business = world.business("contacts")
    with business.acting(), unit_of_work():
        logo = keep("brand")
        branding._change({"logo": str(logo)})
        unused = keep("brand")
    later(days=2)
    with business.acting():
        assert leftovers.clean_files() == 1
    assert there(business, logo)
    assert not there(business, unused)


def test_the_file_of_an_import_goes_after_90_days_and_the_run_stays(business: Business, later: Any) -> None:
    with business.acting(), unit_of_work():
        contact = current.lineup.resources["contacts.contact"]
        run = service.start(contact, io.BytesIO(b"Name\nAda\n"), "people.csv")
        id, file = run.id, run.file_id
    later(days=89)
    with business.acting():
        assert leftovers.clean_files() == 0
    later(days=91)
    with business.acting():
        assert sweeper.clean() >= 1
    assert not there(business, file)
    with business.acting(), unit_of_work():
        run = service.get_run(id)
        assert run.file_id is None
        with pytest.raises(NotFound, match="90 days"):
            service.read(run)
    client = business.client()
    assert "people.csv" in client.get(f"{business.url}/contacts/contact/import").text
    page = client.get(f"{business.url}/contacts/contact/import/{id}")
    assert page.status_code == 404
    assert "90 days" in page.text
