"""Guessing columns: names in two languages, evidence of values, one column per field.

It must not need a database.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from diwan.imports.mapping import Target, guess, normal

NORTHWIND = Path(__file__).parents[2] / "data" / "northwind"
CONTACT = [
    Target("name", "Name", required=True),
    Target("contact_name", "Contact person"),
    Target("job_title", "Job title"),
    Target("email", "E-mail", kind="email"),
    Target("phone", "Phone", kind="phone"),
    Target("mobile", "Mobile", kind="phone"),
    Target("fax", "Fax", kind="phone"),
    Target("website", "Website", kind="url"),
    Target("street", "Street"),
    Target("city", "City"),
    Target("region", "Region"),
    Target("postal_code", "Postal code"),
    Target("country", "Country", kind="country"),
    Target("reference", "Reference"),
    Target("notes", "Notes", multi=True),
]


def mapped(headers: list[str], *samples: list[str], targets: list[Target] = CONTACT) -> dict[str, str | None]:
    return {found.column: found.target for found in guess(headers, samples, targets)}


@pytest.mark.parametrize("name", ["customers", "suppliers", "shippers"])
def test_northwind_needs_no_correction(name: str) -> None:
    with (NORTHWIND / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        headers, *rows = csv.reader(stream)
    expected = {
        "company_name": "name", "contact_name": "contact_name", "contact_title": "job_title", "address": "street",
        "city": "city", "region": "region", "postal_code": "postal_code", "country": "country", "phone": "phone",
        "fax": "fax", "homepage": "website", f"{name[:-1]}_id": "reference",
    }  # fmt: skip
    found = guess(headers, rows[:50], CONTACT)
    assert {g.column: g.target for g in found} == {header: expected[header] for header in headers}
    assert all(0.5 <= g.confidence <= 1 and str(g.why) for g in found)


def test_arabic_headers() -> None:
    headers = ["اسم الشركة", "المسؤول", "الجوال", "هاتف", "البريد الإلكتروني", "العنوان", "المدينة", "الدولة"]
    assert list(mapped(headers).values()) == [
        "name", "contact_name", "mobile", "phone", "email", "street", "city", "country",
    ]  # fmt: skip


def test_english_variants() -> None:
    headers = ["Organisation Name", "E-Mail Address", "Tel.", "ZIP", "State/Province", "Web Site", "Attn.", "Position"]
    assert list(mapped(headers).values()) == [
        "name", "email", "phone", "postal_code", "region", "website", "contact_name", "job_title",
    ]  # fmt: skip


def test_values_tell_where_names_do_not() -> None:
    samples = [["Ada", "ada@x.org", "+965 2222 3333", "Kuwait", "x.org"], ["Bo", "b@y.org", "22334455", "UK", "y.de"]]
    assert mapped(["A", "B", "C", "D", "E"], *samples) == {
        "A": None, "B": "email", "C": "phone", "D": "country", "E": "website",
    }  # fmt: skip


def test_values_decide_between_columns_of_one_name() -> None:
    targets = [Target("email", "E-mail", kind="email"), Target("notes", "Notes", multi=True)]
    found = mapped(["Mail", "E-mail address"], ["a@b.co", "see above"], ["c@d.co", "none"], targets=targets)
    assert found == {"Mail": "email", "E-mail address": None}


def test_each_field_once_unless_it_takes_several() -> None:
    assert list(mapped(["Phone", "Phone 2", "Comments", "Remarks"]).values()) == ["phone", None, "notes", "notes"]


def test_own_synonyms_of_a_field_win() -> None:
    targets = [Target("name", "Name"), Target("code", "Code", synonyms=("Kundennummer", "customer"))]
    assert mapped(["Kundennummer"], targets=targets) == {"Kundennummer": "code"}
    assert mapped(["Customer"], targets=targets) == {"Customer": "code"}


def test_what_means_nothing_is_left_to_the_person() -> None:
    assert mapped(["Xyzzy", "", "Column 3"], ["1", "2", "3"]) == {"Xyzzy": None, "": None, "Column 3": None}


def test_names_are_compared_without_case_marks_and_separators() -> None:
    assert normal("\u200fCompany_Name ") == normal("companyName") == normal("COMPANY-NAME") == "company name"
    assert normal("الإسم") == normal("الاسم")


def test_five_hundred_columns_are_quick() -> None:
    headers = [f"Field {i}" for i in range(500)]
    start = time.process_time()
    guess(headers, [["some text"] * 500] * 20, CONTACT)
    assert time.process_time() - start < 2
