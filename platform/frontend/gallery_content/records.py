"""The list and the form of a record.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

from typing import Any

from flask import request

from gallery_content.shell import COMPANIES, COUNTRIES, choice, countries, history, picker


def contact_list(language: str) -> dict[str, Any]:
    p = picker(language)
    names = {code: p(en, ar) for code, en, ar in COUNTRIES}
    rows = []
    for n, (en, ar, person, country, city, phone, email) in enumerate(COMPANIES * 2, 1):
        role = [(p("Customer", "عميل"), "ok"), (p("Supplier", "مورد"), "info"), (p("Carrier", "ناقل"), "violet")]
        roles = [
            {"text": text, "tone": tone}
            for text, tone in ([role[0]] if n % 3 else [role[1], role[0]] if n % 2 else [role[2]])
        ]
        rows.append(
            {
                "id": n,
                "href": "/form",
                "label": p(en, ar),
                "cells": [
                    {"text": p(en, ar), "sub": person, "avatar": True},
                    roles,
                    email,
                    phone,
                    city,
                    names[country],
                    p("23 Nov 2026", "23 نوفمبر 2026"),
                ],
            }
        )
    return {
        "list": {
            "title": p("Contacts", "جهات الاتصال"),
            "icon": "users",
            "href": "/list",
            "count": {"number": 10000, "capped": True},
            "search": {
                "value": request.args.get("q", ""),
                "placeholder": p("Search by name, mail, phone", "ابحث بالاسم أو البريد أو الهاتف"),
            },
            "keep": [("sort", "name")],
            "new": {"href": "/form-new", "label": p("New contact", "جهة جديدة")},
            "import_href": "/import/upload",
            "exports": [
                {"label": "CSV", "icon": "file-type-csv", "href": "#"},
                {"label": "Excel (XLSX)", "icon": "file-type-xls", "href": "#"},
            ],
            "filters": [
                {
                    "name": "country",
                    "label": p("Country", "البلد"),
                    "kind": "choice",
                    "choices": countries(language),
                    "value": "KW",
                },
                {"name": "vat", "label": p("Has a tax number", "له رقم ضريبي"), "kind": "boolean"},
                {"name": "city", "label": p("City contains", "المدينة تحتوي"), "kind": "text"},
                {"name": "since", "label": p("Created since", "أُنشئ منذ"), "kind": "date"},
            ],
            "chips": [{"label": p("Country", "البلد"), "value": p("Kuwait", "الكويت"), "remove_href": "/list"}],
            "clear_href": "/list",
            "archived": {"href": "/list-empty", "active": False},
            "columns": [
                {
                    "name": "name",
                    "label": p("Name", "الاسم"),
                    "kind": "title",
                    "sort_href": "/list?sort=-name",
                    "sorted": "asc",
                },
                {"name": "roles", "label": p("Roles", "الأدوار"), "kind": "choices"},
                {"name": "email", "label": p("E-mail", "البريد"), "kind": "email", "sort_href": "/list?sort=email"},
                {"name": "phone", "label": p("Phone", "الهاتف"), "kind": "phone"},
                {"name": "city", "label": p("City", "المدينة"), "kind": "text", "sort_href": "/list?sort=city"},
                {"name": "country", "label": p("Country", "البلد"), "kind": "text"},
                {"name": "created", "label": p("Created", "أُنشئ"), "kind": "date", "sort_href": "/list?sort=created"},
            ],
            "rows": rows,
            "bulk": [
                {
                    "label": p("Archive", "أرشفة"),
                    "icon": "archive",
                    "action": "#",
                    "confirm": p("They leave the lists but are kept.", "تغادر القوائم لكنها تبقى محفوظة."),
                },
                {"label": p("Export", "تصدير"), "icon": "download", "action": "#"},
            ],
            "pager": {"previous_href": None, "next_href": "/list?after=x", "text": ""},
            "empty": {
                "title": p("No contacts yet", "لا جهات اتصال بعد"),
                "text": p(
                    "Add the first one, or bring the spreadsheet you have.", "أضف الأولى، أو أحضر الجدول الذي لديك."
                ),
                "acts": [
                    {"label": p("New contact", "جهة جديدة"), "href": "#", "icon": "plus", "kind": "primary"},
                    {"label": p("Import", "استيراد"), "href": "#", "icon": "table-import"},
                ],
            },
        }
    }


def empty_list(language: str) -> dict[str, Any]:
    context = contact_list(language)
    context["list"].update(rows=[], chips=[], filters=[], count={"number": 0, "capped": False})
    return context


def contact_form(language: str, *, errors: bool = False, conflict: bool = False) -> dict[str, Any]:
    p = picker(language)
    sections = [
        {
            "label": p("Contact", "جهة الاتصال"),
            "fields": [
                {
                    "name": "kind",
                    "kind": "radio",
                    "label": p("Kind", "النوع"),
                    "value": "0",
                    "choices": choice(p("Organisation", "مؤسسة"), p("Person", "شخص")),
                },
                {
                    "name": "roles",
                    "kind": "choices",
                    "label": p("Roles", "الأدوار"),
                    "value": ["0"],
                    "choices": choice(p("Customer", "عميل"), p("Supplier", "مورد"), p("Carrier", "ناقل")),
                },
                {"name": "active", "kind": "boolean", "label": p("May place orders", "يمكنه الطلب"), "value": True},
                {
                    "name": "name",
                    "kind": "text",
                    "label": p("Name", "الاسم"),
                    "value": "Blue Horizon Marine",
                    "required": True,
                },
                {
                    "name": "name_ar",
                    "kind": "text",
                    "label": p("Name in Arabic", "الاسم بالعربية"),
                    "value": "الأفق الأزرق البحرية",
                    "dir": "rtl",
                },
                {
                    "name": "parent",
                    "kind": "reference",
                    "label": p("Belongs to", "تتبع"),
                    "src": "/options",
                    "value": "",
                    "text": "",
                    "placeholder": p("Search contacts", "ابحث في الجهات"),
                },
                {
                    "name": "email",
                    "kind": "email",
                    "label": p("E-mail", "البريد"),
                    "value": "salem@bluehorizon",
                    "error": p("This is not an e-mail address.", "هذا ليس عنوان بريد.") if errors else "",
                },
                {
                    "name": "phone",
                    "kind": "phone",
                    "label": p("Phone", "الهاتف"),
                    "value": "+965 2245 9100",
                    "help": p("With country code.", "مع رمز البلد."),
                },
                {
                    "name": "website",
                    "kind": "url",
                    "label": p("Website", "الموقع"),
                    "value": "https://bluehorizon.example",
                },
                {
                    "name": "country",
                    "kind": "country",
                    "label": p("Country", "البلد"),
                    "value": "KW",
                    "choices": countries(language),
                },
                {"name": "since", "kind": "date", "label": p("Customer since", "عميل منذ"), "value": "2026-11-23"},
                {
                    "name": "limit",
                    "kind": "money",
                    "label": p("Credit limit", "حد الائتمان"),
                    "value": "25000.000",
                    "currency": "KWD",
                    "error": p("Must not be negative.", "يجب ألا يكون سالبًا.") if errors else "",
                },
            ],
        },
        {
            "label": p("Addresses", "العناوين"),
            "fields": [
                {
                    "name": "addresses",
                    "kind": "lines",
                    "label": p("Addresses", "العناوين"),
                    "add_label": p("Add an address", "إضافة عنوان"),
                    "columns": [
                        {
                            "name": "use",
                            "kind": "choice",
                            "label": p("Use", "الاستخدام"),
                            "choices": choice(p("Office", "مكتب"), p("Delivery", "تسليم")),
                        },
                        {"name": "street", "kind": "text", "label": p("Street", "الشارع"), "required": True},
                        {"name": "city", "kind": "text", "label": p("City", "المدينة")},
                        {"name": "postcode", "kind": "text", "label": p("Postcode", "الرمز البريدي")},
                    ],
                    "rows": [
                        {
                            "id": "a1",
                            "values": {
                                "use": "0",
                                "street": p("Ahmad Al-Jaber St. 12", "شارع أحمد الجابر 12"),
                                "city": p("Kuwait City", "مدينة الكويت"),
                                "postcode": "13001",
                            },
                        },
                        {
                            "id": "a2",
                            "values": {
                                "use": "1",
                                "street": "",
                                "city": p("Shuwaikh Port", "ميناء الشويخ"),
                                "postcode": "70654",
                            },
                            "errors": {"street": p("A street is needed.", "الشارع مطلوب.")} if errors else {},
                        },
                    ],
                }
            ],
        },
        {
            "label": p("Notes", "ملاحظات"),
            "fields": [
                {
                    "name": "notes",
                    "kind": "longtext",
                    "label": p("Internal notes", "ملاحظات داخلية"),
                    "value": p("Prefers deliveries before ten in the morning.", "يفضلون التسليم قبل العاشرة صباحًا."),
                }
            ],
        },
    ]
    form: dict[str, Any] = {
        "title": p("Blue Horizon Marine", "الأفق الأزرق البحرية"),
        "subtitle": p("Organisation · Kuwait City", "مؤسسة · مدينة الكويت"),
        "avatar": True,
        "badge": {"label": p("Customer", "عميل"), "tone": "ok"},
        "action": "#",
        "version": 4,
        "cancel_href": "/list",
        "sections": sections,
        "acts": [{"label": p("Send a mail", "إرسال بريد"), "icon": "mail", "href": "#"}],
        "menu": [
            {"label": p("Duplicate", "نسخ"), "icon": "copy", "href": "#"},
            {"divider": True},
            {"label": p("Archive", "أرشفة"), "icon": "archive", "action": "#"},
            {
                "label": p("Delete", "حذف"),
                "icon": "trash",
                "action": "#",
                "tone": "danger",
                "confirm": p("It is gone for good.", "يُحذف نهائيًا."),
            },
        ],
        "details": [
            {"label": p("Created", "أُنشئ"), "value": p("23 Nov 2026, 09:14", "23 نوفمبر 2026، 09:14")},
            {"label": p("By", "بواسطة"), "value": p("Mariam Al-Sabah", "مريم الصباح")},
            {"label": p("Version", "الإصدار"), "value": "4"},
        ],
        "history": history(p),
        "history_href": "/audit",
    }
    if conflict:
        form["conflict"] = {
            "who": p("Yousef Haddad", "يوسف حداد"),
            "when": p("2 minutes ago", "قبل دقيقتين"),
            "reload_href": "/form",
            "rows": [
                {"name": "phone", "label": p("Phone", "الهاتف"), "mine": "+965 2245 9100", "theirs": "+965 2245 9199"},
                {"name": "city", "label": p("City", "المدينة"), "mine": p("Kuwait City", "مدينة الكويت"), "theirs": ""},
            ],
        }
    return {
        "form": form,
        "breadcrumbs": [
            {"label": p("Contacts", "جهات الاتصال"), "href": "/list"},
            {"label": form["title"], "href": "#"},
        ],
    }


def new_form(language: str) -> dict[str, Any]:
    p = picker(language)
    context = contact_form(language)
    form = context["form"]
    form.update(
        title=p("New contact", "جهة جديدة"),
        subtitle="",
        avatar=False,
        badge=None,
        version=None,
        is_new=True,
        details=None,
        history=None,
        menu=[],
        acts=[],
        save_new_label=p("Save and new", "حفظ وجديد"),
    )
    for section in form["sections"]:
        for field in section["fields"]:
            field["value"] = [] if field["kind"] == "choices" else ""
            if field["kind"] == "lines":
                field["rows"] = []
    return context
