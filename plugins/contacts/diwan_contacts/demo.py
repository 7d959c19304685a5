"""Fills a demo business with the customers, suppliers, carriers and sales people of Northwind Traders.

It must go through the resource layer, as a person would, so that a demo never shows what cannot be entered.
"""

import csv
from importlib.resources import files

from diwan_contacts import plugin
from diwan_contacts.models import Contact

FILES = {"customers.csv": "customer", "suppliers.csv": "supplier", "shippers.csv": "carrier"}
COLUMNS = {
    "company_name": "name",
    "contact_name": "contact_person",
    "contact_title": "job_title",
    "address": "street",
    "city": "city",
    "region": "region",
    "postal_code": "postal_code",
    "country": "country",
    "phone": "phone",
    "fax": "fax",
}
STAFF = (
    ("Janet Leverling", "جانيت ليفرلنغ", "Sales Representative", "Kirkland", "US"),
    ("Margaret Peacock", "مارغريت بيكوك", "Sales Representative", "Redmond", "US"),
    ("Steven Buchanan", "ستيفن بيوكانان", "Sales Manager", "London", "GB"),
    ("Michael Suyama", "مايكل سوياما", "Sales Representative", "London", "GB"),
    ("Robert King", "روبرت كينغ", "Sales Representative", "London", "GB"),
    ("Laura Callahan", "لورا كالاهان", "Inside Sales Coordinator", "Seattle", "US"),
    ("Anne Dodsworth", "آن دودزورث", "Sales Representative", "London", "GB"),
)


@plugin.demo
def northwind() -> None:
    folder = files("diwan_contacts") / "demo_data"
    for name, role in FILES.items():
        with (folder / name).open(encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=1):
                values = {field: row[column] for column, field in COLUMNS.items() if row.get(column)}
                code = row.get("customer_id") or f"{role[0].upper()}-{number:03}"
                Contact.add(**values, roles=[role], code=code)
    own = Contact.add(name="Northwind Traders", name_ar="نورث ويند للتجارة", code="NWIND", city="Seattle", country="US")
    for name, arabic, job, city, country in STAFF:
        address = f"{name.split()[0].lower()}@northwind.example"
        Contact.add(
            name=name, name_ar=arabic, kind="person", organisation=own.id, job_title=job, email=address, city=city,
            country=country, roles=["partner"],
        )  # fmt: skip
