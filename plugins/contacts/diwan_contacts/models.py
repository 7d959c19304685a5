"""The tables of contacts: one for people and organisations, two for their further addresses and channels.

It must not hold rules that need other records; those are in service.py.
"""

from uuid import UUID

from diwan.plugin import Mapped, Model, Section, field

from diwan_contacts import _, plugin

KINDS = {"organisation": _("Organisation"), "person": _("Person")}
ROLES = {
    "customer": _("Customer"),
    "supplier": _("Supplier"),
    "carrier": _("Carrier"),
    "partner": _("Partner"),
}
ADDRESS_KINDS = {"office": _("Office"), "billing": _("Billing"), "delivery": _("Delivery"), "home": _("Home")}
CHANNEL_KINDS = {
    "phone": _("Telephone"),
    "mobile": _("Mobile"),
    "fax": _("Fax"),
    "email": _("E-mail"),
    "website": _("Website"),
    "other": _("Other"),
}


@plugin.resource(
    label=_("Contact"),
    labels=_("Contacts"),
    icon="address-book",
    title="name",
    columns=["name", "roles", "contact_person", "email", "phone", "city", "country"],
    filters=["kind", "roles", "country"],
    sort="name",
    owner="owner",
    form=[
        Section(_("Who"), ["name", "name_ar", "kind", "roles", "organisation", "code"]),
        Section(_("How to reach them"), ["contact_person", "job_title", "email", "phone", "mobile", "fax", "website"]),
        Section(_("Main address"), ["street", "city", "region", "postal_code", "country"]),
        Section(_("More"), ["owner", "tax_number", "language", "note"]),
    ],
)
class Contact(Model):
    """A person or an organisation. A person may belong to an organisation."""

    name: Mapped[str] = field(
        _("Name"), search=True, synonyms=("company_name", "company", "customer", "customer name", "supplier", "الاسم")
    )
    name_ar: Mapped[str | None] = field(_("Name in Arabic"), search=True, synonyms=("arabic name", "الاسم العربي"))
    kind: Mapped[str] = field(_("Kind"), choices=KINDS, default="organisation")
    roles: Mapped[list[str]] = field(_("Roles"), choices=ROLES, synonyms=("role", "type", "الدور"))
    organisation: Mapped[UUID | None] = field(
        _("Organisation"), ref="contacts.contact", help=_("Where this person works.")
    )
    code: Mapped[str | None] = field(
        _("Code"),
        unique=True,
        search=True,
        max=40,
        help=_("Your own number or short name for this contact; no two contacts may share it."),
        synonyms=("customer_id", "supplier_id", "shipper_id", "id", "number", "account", "الرمز"),
    )
    contact_person: Mapped[str | None] = field(
        _("Contact person"), search=True, personal=True, synonyms=("contact_name", "contact", "جهة الاتصال")
    )
    job_title: Mapped[str | None] = field(
        _("Job title"), synonyms=("contact_title", "title", "position", "المسمى الوظيفي")
    )
    email: Mapped[str | None] = field(_("E-mail"), widget="email", search=True, personal=True)
    phone: Mapped[str | None] = field(_("Telephone"), widget="phone", search=True, personal=True)
    mobile: Mapped[str | None] = field(_("Mobile"), widget="phone", search=True, personal=True)
    fax: Mapped[str | None] = field(_("Fax"), widget="phone")
    website: Mapped[str | None] = field(_("Website"), widget="url", synonyms=("homepage", "web", "url", "الموقع"))
    street: Mapped[str | None] = field(_("Street"), wide=True, synonyms=("address", "address1", "العنوان"))
    city: Mapped[str | None] = field(_("City"), search=True)
    region: Mapped[str | None] = field(_("Region"))
    postal_code: Mapped[str | None] = field(_("Postal code"), max=20)
    country: Mapped[str | None] = field(_("Country"), widget="country")
    owner: Mapped[UUID | None] = field(
        _("Responsible"), ref="core.person", default="me", help=_("Who looks after this contact.")
    )
    tax_number: Mapped[str | None] = field(_("Tax number"), max=40, search=True)
    language: Mapped[str | None] = field(_("Language"), choices={"en": _("English"), "ar": _("Arabic")})
    note: Mapped[str | None] = field(_("Note"), widget="longtext", wide=True)


@plugin.resource(label=_("Address"), labels=_("Further addresses"), title="street", part_of="contact")
class Address(Model):
    """A further address of a contact; the main one stands on the contact itself."""

    contact: Mapped[UUID] = field(_("Contact"), ref=Contact, ondelete="cascade")
    position: Mapped[int] = field(_("Position"), readonly=True, default=0)
    kind: Mapped[str] = field(_("Kind"), choices=ADDRESS_KINDS, default="office")
    street: Mapped[str] = field(_("Street"))
    city: Mapped[str | None] = field(_("City"))
    region: Mapped[str | None] = field(_("Region"))
    postal_code: Mapped[str | None] = field(_("Postal code"), max=20)
    country: Mapped[str | None] = field(_("Country"), widget="country")


@plugin.resource(label=_("Telephone or e-mail"), labels=_("More ways to reach them"), title="value", part_of="contact")
class Channel(Model):
    """A further telephone, e-mail or other channel of a contact."""

    contact: Mapped[UUID] = field(_("Contact"), ref=Contact, ondelete="cascade")
    position: Mapped[int] = field(_("Position"), readonly=True, default=0)
    kind: Mapped[str] = field(_("Kind"), choices=CHANNEL_KINDS, default="phone")
    value: Mapped[str] = field(_("Number or address"))
    label: Mapped[str | None] = field(_("Used for"), max=60)
