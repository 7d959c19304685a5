"""What all pages of the gallery share: the company and its shell, languages, a few countries and companies.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages import mofile, pofile
from babel.support import NullTranslations, Translations

Picker = Callable[[str, str], str]
Page = Callable[[str], dict[str, Any]]
CATALOGUE = Path(__file__).resolve().parents[2] / "diwan" / "translations" / "ar" / "LC_MESSAGES" / "diwan.po"
COUNTRIES = [
    ("KW", "Kuwait", "الكويت"),
    ("SA", "Saudi Arabia", "السعودية"),
    ("AE", "United Arab Emirates", "الإمارات"),
    ("EG", "Egypt", "مصر"),
    ("DE", "Germany", "ألمانيا"),
    ("GB", "United Kingdom", "المملكة المتحدة"),
    ("MX", "Mexico", "المكسيك"),
    ("SE", "Sweden", "السويد"),
]
COMPANIES = [
    (
        "Alfreds Futterkiste",
        "شركة ألفريد للأغذية",
        "Maria Anders",
        "DE",
        "Berlin",
        "+49 30 0074321",
        "maria@alfreds.example",
    ),
    (
        "Ana Trujillo Emparedados y helados",
        "آنا تروخيو للمثلجات",
        "Ana Trujillo",
        "MX",
        "México D.F.",
        "+52 5 555 4729",
        "ana@trujillo.example",
    ),
    ("Around the Horn", "حول القرن للتجارة", "Thomas Hardy", "GB", "London", "+44 171 555 7788", ""),
    (
        "Berglunds snabbköp",
        "أسواق برغلوند",
        "Christina Berglund",
        "SE",
        "Luleå",
        "+46 921 12 34 65",
        "christina@berglunds.example",
    ),
    (
        "Blue Horizon Marine",
        "الأفق الأزرق البحرية",
        "Salem Al-Rashid",
        "KW",
        "Kuwait City",
        "+965 2245 9100",
        "salem@bluehorizon.example",
    ),
    (
        "Cedar Furniture House",
        "دار الأرز للأثاث",
        "Rima Khoury",
        "EG",
        "Alexandria",
        "+20 3 487 1122",
        "rima@cedar.example",
    ),
    (
        "Desert Rose Foods",
        "وردة الصحراء للأغذية",
        "Huda Al-Otaibi",
        "SA",
        "Riyadh",
        "+966 11 465 2200",
        "huda@desertrose.example",
    ),
    ("Eastern Connection", "الرابطة الشرقية", "Ann Devon", "GB", "London", "", ""),
    (
        "Falcon Auto Parts",
        "الصقر لقطع السيارات",
        "Yousef Haddad",
        "AE",
        "Dubai",
        "+971 4 338 1900",
        "sales@falcon.example",
    ),
    (
        "Petra Building Materials",
        "بترا لمواد البناء",
        "Omar Qureshi",
        "AE",
        "Sharjah",
        "+971 6 531 7700",
        "omar@petra.example",
    ),
]


@cache
def arabic() -> NullTranslations:
    """The core's Arabic catalogue, compiled in memory."""
    if not CATALOGUE.exists():
        return NullTranslations()
    buffer = io.BytesIO()
    with CATALOGUE.open("rb") as source:
        mofile.write_mo(buffer, pofile.read_po(source))
    buffer.seek(0)
    return Translations(buffer)


def picker(language: str) -> Picker:
    return lambda english, arabic: arabic if language == "ar" else english


def choice(*labels: str) -> list[dict[str, str]]:
    return [{"value": str(n), "label": label} for n, label in enumerate(labels)]


def countries(language: str) -> list[dict[str, str]]:
    return [{"value": code, "label": picker(language)(en, ar)} for code, en, ar in COUNTRIES]


def shell_context(language: str) -> dict[str, Any]:
    p = picker(language)
    return {
        "current": {
            "tenant": {"name": p("Nakheel Trading", "النخيل للتجارة"), "country": "KW"},
            "user": {
                "name": p("Mariam Al-Sabah", "مريم الصباح"),
                "email": "mariam@nakheel.example",
                "role": p("Owner", "المالكة"),
            },
        },
        "shell": {
            "home_href": "/home",
            "search_href": "/search",
            "language_action": "/language",
            "logout_action": "/logout",
            "languages": [
                {"code": "en", "label": "English", "active": language == "en"},
                {"code": "ar", "label": "العربية", "active": language == "ar"},
            ],
            "tenants": [
                {"name": p("Nakheel Trading", "النخيل للتجارة"), "href": "#", "active": True},
                {"name": p("Oryx Logistics", "المها اللوجستية"), "href": "#"},
            ],
            "new_tenant_href": "#",
            "user_menu": [
                {"label": p("My profile", "ملفي"), "icon": "user", "href": "#"},
                {"label": p("API tokens", "رموز الواجهة"), "icon": "key", "href": "/tokens"},
            ],
            "notifications": {"count": 3, "href": "#"},
        },
        "nav": [
            {"items": [{"label": p("Home", "الرئيسية"), "icon": "home", "href": "/home"}]},
            {
                "label": p("Contacts", "جهات الاتصال"),
                "items": [
                    {
                        "label": p("Contacts", "جهات الاتصال"),
                        "icon": "users",
                        "href": "/list",
                        "active": True,
                        "count": "129",
                    },
                    {"label": p("Tags", "الوسوم"), "icon": "tags", "href": "#"},
                ],
            },
            {
                "label": p("Hello", "مرحبًا"),
                "items": [{"label": p("Greetings", "التحيات"), "icon": "message-circle", "href": "#"}],
            },
            {
                "label": p("Company", "الشركة"),
                "items": [
                    {"label": p("Modules", "الوحدات"), "icon": "layout-grid-add", "href": "/modules"},
                    {"label": p("People", "الأشخاص"), "icon": "users-group", "href": "/people"},
                    {"label": p("Audit log", "سجل التدقيق"), "icon": "history", "href": "/audit"},
                    {"label": p("Settings", "الإعدادات"), "icon": "settings", "href": "/settings"},
                ],
            },
        ],
        "breadcrumbs": [
            {"label": p("Contacts", "جهات الاتصال"), "href": "#"},
            {"label": p("All contacts", "كل الجهات"), "href": "/list"},
        ],
        "flashes": [],
    }


def history(p: Picker) -> list[dict[str, Any]]:
    return [
        {
            "who": p("Yousef Haddad", "يوسف حداد"),
            "what": p("changed the record", "عدّل السجل"),
            "when": p("4 minutes ago", "قبل 4 دقائق"),
            "icon": "pencil",
            "changes": [
                {"label": p("Phone", "الهاتف"), "before": "+965 2245 9000", "after": "+965 2245 9100"},
                {"label": p("City", "المدينة"), "before": "", "after": p("Kuwait City", "مدينة الكويت")},
            ],
        },
        {
            "who": p("Mariam Al-Sabah", "مريم الصباح"),
            "what": p("archived and restored it", "أرشفته واستعادته"),
            "when": p("Yesterday, 16:40", "أمس، 16:40"),
            "icon": "archive",
        },
        {
            "who": p("Import “customers.csv”", "استيراد «customers.csv»"),
            "what": p("created the record", "أنشأ السجل"),
            "when": p("23 Nov 2026", "23 نوفمبر 2026"),
            "icon": "table-import",
        },
    ]
