"""What contacts offer to other modules: the `Contacts` service.

It must answer for archived contacts too: documents go on naming them.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func

from diwan.plugin import current
from diwan.services import Contacts

from diwan_contacts import plugin
from diwan_contacts.models import Contact


@plugin.provide(Contacts)
class ContactsService(Contacts):
    """People and organisations of the tenant."""

    def display_name(self, contact: UUID) -> str | None:
        found = Contact.get(contact)
        if found is None:
            return None
        return found.name_ar if current.language == "ar" and found.name_ar else found.name

    def find_by_email(self, email: str) -> UUID | None:
        wanted = email.strip().lower()
        found = current.session.scalars(
            Contact.where(func.lower(Contact.email) == wanted).order_by(Contact.created_at).limit(1)
        ).first()
        return found.id if found else None

    def create(self, name: str, *, kind: str = "organisation", email: str = "", roles: Sequence[str] = ()) -> UUID:
        return Contact.add(name=name, kind=kind, email=email or None, roles=list(roles)).id
