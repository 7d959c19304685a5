"""What contacts show on the first screen of a business.

It must stay quick however many contacts there are: a few rows by the primary key.
"""

from diwan.plugin import Rows

from diwan_contacts import _, plugin
from diwan_contacts.models import Contact


@plugin.widget(label=_("Newest contacts"), size="wide", permission="contacts.contact.read")
def newest() -> Rows:
    # Ids grow with time, so that their index serves as one of the creation.
    return Rows(Contact.where().order_by(Contact.id.desc()), ["name", "roles", "city", "country"], limit=6)
