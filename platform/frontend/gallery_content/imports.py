"""The import wizard.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

from typing import Any

from gallery_content.shell import Page, Picker, picker


def wizard(part: str) -> Page:
    def context(language: str) -> dict[str, Any]:
        p = picker(language)
        return {
            "wizard": {"title": p("Import contacts", "استيراد جهات الاتصال"), "cancel_href": "/list"},
            **parts(p)[part],
        }

    return context


def parts(p: Picker) -> dict[str, dict[str, Any]]:
    columns = [
        ("customerID", ["ALFKI", "ANATR", "ANTON"], "code", True),
        (
            "companyName",
            ["Alfreds Futterkiste", "Ana Trujillo Emparedados y helados", "Antonio Moreno Taquería"],
            "name",
            True,
        ),
        ("contactName", ["Maria Anders", "Ana Trujillo", "Antonio Moreno"], "person", True),
        ("contactTitle", ["Sales Representative", "Owner", "Owner"], "", False),
        ("city", ["Berlin", "México D.F.", "México D.F."], "city", True),
        ("country", ["Germany", "Mexico", "Mexico"], "country", True),
        ("fax", ["030-0076545", "(5) 555-3745", ""], "", False),
    ]
    options = [
        ("code", p("Code", "الرمز"), False),
        ("name", p("Name", "الاسم"), True),
        ("person", p("Contact person", "الشخص المسؤول"), False),
    ]
    address = [("city", p("City", "المدينة"), False), ("country", p("Country", "البلد"), False)]
    choices = [
        (
            "code",
            p("Same code", "الرمز نفسه"),
            p("Best when your file has its own numbers.", "الأفضل إن كان لملفك أرقامه."),
        ),
        ("name", p("Same name", "الاسم نفسه"), ""),
        (
            "",
            p("Always create new ones", "أنشئ جديدًا دائمًا"),
            p("Running the file twice makes doubles.", "تشغيل الملف مرتين يضاعف السجلات."),
        ),
    ]
    numbers = {"created": 84, "updated": 5, "skipped": 0, "failed": 2}
    return {
        "upload": {
            "upload": {
                "action": "#",
                "limit": 20_000_000,
                "limit_text": "20 MB",
                "templates": [{"label": p("Download an example", "تنزيل مثال"), "href": "#"}],
                "recent": [
                    {
                        "name": "suppliers.csv",
                        "when": p("Yesterday · 29 rows", "أمس · 29 صفًا"),
                        "state": p("Done", "تم"),
                        "tone": "ok",
                        "href": "#",
                    }
                ],
            }
        },
        "map": {
            "mapping": {
                "action": "#",
                "back_href": "/import/upload",
                "file": {"name": "customers.csv", "rows": 91, "encoding": "windows-1252"},
                "missing": [],
                "columns": [
                    {"index": n, "header": h, "samples": s, "field": f, "guessed": g}
                    for n, (h, s, f, g) in enumerate(columns)
                ],
                "fields": [
                    {
                        "label": p("Contact", "جهة الاتصال"),
                        "options": [{"value": v, "label": label, "required": r} for v, label, r in options],
                    },
                    {
                        "label": p("Address", "العنوان"),
                        "options": [{"value": v, "label": label, "required": r} for v, label, r in address],
                    },
                ],
                "match": {
                    "value": "code",
                    "choices": [{"value": v, "label": label, "help": h} for v, label, h in choices],
                },
            }
        },
        "check": {
            "check": {
                "action": "#",
                "back_href": "/import/map",
                "total": 91,
                **numbers,
                "errors_href": "#",
                "more_errors": 3,
                "errors": [
                    {
                        "row": 17,
                        "column": p("E-mail", "البريد"),
                        "value": "maria@",
                        "message": p("This is not an e-mail address.", "هذا ليس عنوان بريد."),
                    },
                    {
                        "row": 44,
                        "column": p("Name", "الاسم"),
                        "value": "",
                        "message": p("A name is needed.", "الاسم مطلوب."),
                    },
                ],
                "preview": {
                    "columns": [p("Code", "الرمز"), p("Name", "الاسم"), p("City", "المدينة")],
                    "rows": [
                        ["ALFKI", "Alfreds Futterkiste", "Berlin"],
                        ["ANATR", "Ana Trujillo Emparedados y helados", "México D.F."],
                    ],
                },
            }
        },
        "run": {
            "run": {
                "percent": 62.5,
                "done": 6250,
                "total": 10000,
                "created": 6100,
                "updated": 148,
                "skipped": 0,
                "failed": 2,
                "state": "running",
                "src": "/import/run",
                "leave_href": "/list",
                "cancel_action": "#",
                "left": p("about 1 second left", "بقيت ثانية تقريبًا"),
            }
        },
        "result": {
            "result": {
                "state": "done",
                **numbers,
                "took": p("0.4 seconds", "0.4 ثانية"),
                "when": p("today, 09:14", "اليوم، 09:14"),
                "who": p("Mariam Al-Sabah", "مريم الصباح"),
                "list_href": "/list",
                "again_href": "#",
                "failed_href": "#",
                "undo_action": "#",
                "errors": [
                    {"row": 17, "message": p("E-mail: this is not an e-mail address.", "البريد: هذا ليس عنوان بريد.")}
                ],
            }
        },
        "result-undone": {
            "result": {
                "state": "undone",
                "created": 0,
                "updated": 0,
                "skipped": 0,
                "failed": 0,
                "list_href": "/list",
                "again_href": "#",
                "message": p("84 records were removed; 5 were put back.", "حُذف 84 سجلًا وأُعيدت 5."),
            }
        },
    }
