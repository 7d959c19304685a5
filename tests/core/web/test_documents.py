"""Documents of records: who may print, in which language, and what stands on the page."""

from __future__ import annotations

import io

from pypdf import PdfReader

from diwan import resources
from diwan.db import current, unit_of_work
from diwan.testing.world import World


def text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_a_record_is_printed_with_its_sections_and_lines(world: World) -> None:
    business = world.business("contacts")
    with business.acting(), unit_of_work():
        values = {
            "name": "Gulf Trading", "phone": "+965 2222 3333",
            "address": [{"street": "Street 7", "kind": "billing", "city": "Kuwait City"}],
        }  # fmt: skip
        id = resources.create(current.lineup.resources["contacts.contact"], values).id
    place = f"{business.url}/contacts/contact/{id}/documents/record.pdf"
    answer = business.client().get(place)
    assert answer.status_code == 200
    assert answer.content_type == "application/pdf"
    page = text(answer.data)
    assert "+96522223333" in page.replace(" ", "")
    for word in ("Gulf Trading", "Street 7", "Kuwait City", business.tenant.name):
        assert word in page
    assert "Postal code" not in page  # what no row has takes no room
    arabic = PdfReader(io.BytesIO(business.client().get(place + "?lang=ar").data))
    assert str(arabic.trailer["/Root"]["/Lang"]).startswith("ar")


def test_only_who_may_read_the_record_prints_it(world: World) -> None:
    business, other = world.business("contacts"), world.business("contacts")
    with business.acting(), unit_of_work():
        id = resources.create(current.lineup.resources["contacts.contact"], {"name": "Secret"}).id
    place = f"/contacts/contact/{id}/documents/record.pdf"
    assert business.client(business.member("core.member.read")).get(business.url + place).status_code == 403
    assert other.client().get(other.url + place).status_code == 404
    assert business.client().get(f"{business.url}/contacts/contact/{id}/documents/nothing.pdf").status_code == 404
