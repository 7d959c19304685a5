"""Home, modules, people, settings, tokens, audit, errors.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

from typing import Any

from gallery_content.shell import Page, history, picker


def home(language: str) -> dict[str, Any]:
    p = picker(language)
    items = [
        {"label": p("Create your company", "أنشئ شركتك"), "done": True},
        {
            "label": p("Switch on a module", "فعّل وحدة"),
            "help": p("Contacts is a good first one.", "جهات الاتصال بداية جيدة."),
            "icon": "layout-grid-add",
            "href": "/modules",
            "action_label": p("Modules", "الوحدات"),
        },
        {
            "label": p("Bring your customers", "أحضر عملاءك"),
            "help": p("From any spreadsheet.", "من أي جدول."),
            "icon": "table-import",
            "href": "/import/upload",
            "action_label": p("Import", "استيراد"),
        },
        {
            "label": p("Invite a colleague", "ادعُ زميلًا"),
            "help": p("Each sees what their role allows.", "كلٌّ يرى ما يسمح به دوره."),
            "icon": "user-plus",
            "href": "/people",
            "action_label": p("Invite", "دعوة"),
        },
    ]
    return {
        "home": {
            "greeting": p("Good morning, Mariam", "صباح الخير يا مريم"),
            "date_line": p(
                "Tuesday 24 November 2026 · 14 Jumada II 1448 AH", "الثلاثاء 24 نوفمبر 2026 · 14 جمادى الآخرة 1448 هـ"
            ),
            "checklist": {"title": p("Get started", "ابدأ"), "done": 1, "total": 4, "items": items},
            "stats": [
                {
                    "label": p("Contacts", "جهات الاتصال"),
                    "value": "129",
                    "icon": "users",
                    "note": p("12 new this week", "12 جديدة هذا الأسبوع"),
                    "href": "/list",
                },
                {
                    "label": p("Customers", "العملاء"),
                    "value": "91",
                    "icon": "building-store",
                    "note": p("in 21 countries", "في 21 بلدًا"),
                },
                {
                    "label": p("Suppliers", "الموردون"),
                    "value": "29",
                    "icon": "truck-delivery",
                    "note": p("in 16 countries", "في 16 بلدًا"),
                },
                {
                    "label": p("Members", "الأعضاء"),
                    "value": "4",
                    "icon": "users-group",
                    "note": p("1 invitation open", "دعوة واحدة مفتوحة"),
                },
            ],
            "widgets": [{"title": p("Newest contacts", "أحدث الجهات"), "href": "/list", "src": "/nothing"}],
            "activity": history(p),
            "activity_href": "/audit",
            "shortcuts": [
                {"label": p("New contact", "جهة جديدة"), "icon": "plus", "href": "/form-new", "kind": "primary"}
            ],
        },
        "breadcrumbs": [{"label": p("Home", "الرئيسية"), "href": "#"}],
    }


def modules(language: str) -> dict[str, Any]:
    p = picker(language)
    contacts = p("Contacts", "جهات الاتصال")
    return {
        "modules": {
            "can_change": True,
            "groups": [
                {
                    "label": p("First-party", "من ديوان"),
                    "items": [
                        {
                            "name": "contacts",
                            "label": contacts,
                            "summary": p(
                                "People and organisations with addresses, phones and several roles.",
                                "الأشخاص والمؤسسات بعناوين وهواتف وأدوار عدة.",
                            ),
                            "icon": "address-book",
                            "version": "0.1.0",
                            "state": "on",
                            "href": "/list",
                            "disable_action": "#",
                            "needed_by": [p("Sales", "المبيعات")],
                        },
                        {
                            "name": "sales",
                            "label": p("Sales", "المبيعات"),
                            "summary": p(
                                "Quotations, orders, price lists and commission.",
                                "عروض الأسعار والطلبات وقوائم الأسعار والعمولات.",
                            ),
                            "icon": "shopping-cart",
                            "version": "0.1.0",
                            "state": "on",
                            "href": "#",
                            "disable_action": "#",
                            "requires": [{"label": contacts, "on": True}],
                        },
                        {
                            "name": "finance",
                            "label": p("Finance", "المالية"),
                            "summary": p(
                                "Double-entry ledger, invoices, payments, bank and tax.",
                                "قيد مزدوج وفواتير ومدفوعات وبنوك وضرائب.",
                            ),
                            "icon": "report-money",
                            "version": "0.1.0",
                            "state": "off",
                            "enable_action": "#",
                            "requires": [
                                {"label": contacts, "on": True},
                                {"label": p("Catalog", "الكتالوج"), "on": False},
                            ],
                            "also_enables": [p("Catalog", "الكتالوج")],
                        },
                        {
                            "name": "hr",
                            "label": p("People and payroll", "الموارد البشرية"),
                            "summary": p(
                                "Employees, leave, attendance and pay.", "الموظفون والإجازات والحضور والرواتب."
                            ),
                            "icon": "users",
                            "version": "0.1.0",
                            "state": "broken",
                            "reason": p(
                                "Its tables are older than its code: run “diwan migrate”.",
                                "جداولها أقدم من برنامجها: نفّذ «diwan migrate».",
                            ),
                        },
                    ],
                },
                {
                    "label": p("From others", "من آخرين"),
                    "items": [
                        {
                            "name": "hello",
                            "label": p("Hello", "مرحبًا"),
                            "summary": p("The example of twenty lines.", "مثال من عشرين سطرًا."),
                            "icon": "message-circle",
                            "version": "1.0",
                            "author": "Example Ltd",
                            "state": "off",
                            "enable_action": "#",
                        }
                    ],
                },
            ],
        }
    }


def people(language: str) -> dict[str, Any]:
    p = picker(language)
    roles = [
        {"value": "owner", "label": p("Owner", "مالك")},
        {"value": "manager", "label": p("Manager", "مدير")},
        {"value": "member", "label": p("Member", "عضو")},
    ]
    return {
        "people": {
            "can_invite": True,
            "invite": {
                "action": "#",
                "fields": [
                    {"name": "email", "kind": "email", "label": p("E-mail", "البريد"), "required": True},
                    {
                        "name": "role",
                        "kind": "choice",
                        "label": p("Role", "الدور"),
                        "required": True,
                        "value": "member",
                        "choices": roles,
                    },
                ],
            },
            "members": [
                {
                    "name": p("Mariam Al-Sabah", "مريم الصباح"),
                    "email": "mariam@nakheel.example",
                    "role_label": p("Owner", "مالك"),
                    "owner": True,
                    "you": True,
                    "last_seen": p("now", "الآن"),
                },
                {
                    "name": p("Yousef Haddad", "يوسف حداد"),
                    "email": "yousef@nakheel.example",
                    "role_label": p("Manager", "مدير"),
                    "href": "#",
                    "remove_action": "#",
                    "last_seen": p("yesterday", "أمس"),
                },
                {
                    "name": p("Lina Farouk", "لينا فاروق"),
                    "email": "lina@nakheel.example",
                    "role_label": p("Member", "عضو"),
                    "href": "#",
                    "disabled": True,
                    "enable_action": "#",
                    "remove_action": "#",
                },
            ],
            "invitations": [
                {
                    "email": "noor@nakheel.example",
                    "role": p("Member", "عضو"),
                    "sent": p("sent 2 days ago", "أُرسلت قبل يومين"),
                    "expires": p("expires in 5 days", "تنتهي بعد 5 أيام"),
                    "resend_action": "#",
                    "revoke_action": "#",
                }
            ],
            "roles": [
                {
                    "name": "owner",
                    "label": p("Owner", "مالك"),
                    "description": p(
                        "Everything, billing and closing the company included.",
                        "كل شيء، بما فيه الفوترة وإغلاق الشركة.",
                    ),
                    "members": 1,
                    "href": "#",
                },
                {
                    "name": "member",
                    "label": p("Member", "عضو"),
                    "description": p("Works with the records of the modules.", "يعمل على سجلات الوحدات."),
                    "members": 2,
                    "href": "#",
                },
            ],
            "new_role_href": "#",
        }
    }


def settings(language: str) -> dict[str, Any]:
    p = picker(language)
    return {
        "settings": {
            "title": p("Settings", "الإعدادات"),
            "lead": p("How your company appears and counts.", "كيف تظهر شركتك وكيف تحسب."),
            "tabs": [
                {"label": p("Company", "الشركة"), "href": "#", "active": True},
                {"label": p("Appearance", "المظهر"), "href": "#"},
            ],
            "cards": [
                {
                    "title": p("Company", "الشركة"),
                    "help": p("Shown on screens and documents.", "تظهر على الشاشات والمستندات."),
                    "action": "#",
                    "fields": [
                        {
                            "name": "name",
                            "kind": "text",
                            "label": p("Name", "الاسم"),
                            "value": p("Nakheel Trading", "النخيل للتجارة"),
                            "required": True,
                        },
                        {
                            "name": "slug",
                            "kind": "text",
                            "label": p("Address", "العنوان"),
                            "value": "nakheel",
                            "readonly": True,
                            "help": p("Cannot be changed.", "لا يمكن تغييره."),
                        },
                        {
                            "name": "currency",
                            "kind": "currency",
                            "label": p("Base currency", "العملة الأساسية"),
                            "value": "KWD",
                            "required": True,
                            "choices": [
                                {"value": "KWD", "label": p("Kuwaiti dinar", "دينار كويتي"), "hint": "KWD"},
                                {"value": "EUR", "label": p("Euro", "يورو"), "hint": "EUR"},
                            ],
                        },
                        {
                            "name": "timezone",
                            "kind": "timezone",
                            "label": p("Time zone", "المنطقة الزمنية"),
                            "value": "Asia/Kuwait",
                            "required": True,
                            "choices": [
                                {"value": "Asia/Kuwait", "label": "Asia/Kuwait"},
                                {"value": "Europe/Berlin", "label": "Europe/Berlin"},
                            ],
                        },
                        {
                            "name": "hijri",
                            "kind": "boolean",
                            "label": p("Show Hijri dates", "إظهار التاريخ الهجري"),
                            "value": True,
                        },
                    ],
                },
                {
                    "title": p("Close the company", "إغلاق الشركة"),
                    "help": p(
                        "All data is exported, then erased after 30 days.", "تُصدَّر كل البيانات ثم تُمحى بعد 30 يومًا."
                    ),
                    "action": "#",
                    "danger": True,
                    "submit_label": p("Close company", "إغلاق الشركة"),
                    "confirm": p("Everybody loses access at once.", "يفقد الجميع الوصول فورًا."),
                },
            ],
        }
    }


def tokens(language: str) -> dict[str, Any]:
    p = picker(language)
    return {
        "tokens": {
            "fresh": {"name": "Web shop", "token": "dwn_" + "x" * 43},
            "docs_href": "#",
            "create": {
                "action": "#",
                "fields": [
                    {"name": "name", "kind": "text", "label": p("What is it for?", "لماذا؟"), "required": True},
                    {
                        "name": "scope",
                        "kind": "choice",
                        "label": p("May", "يمكنه"),
                        "value": "r",
                        "required": True,
                        "choices": [
                            {"value": "r", "label": p("Read", "القراءة")},
                            {"value": "rw", "label": p("Read and write", "القراءة والكتابة")},
                        ],
                    },
                ],
            },
            "items": [
                {
                    "name": "Web shop",
                    "prefix": "dwn_4fK2",
                    "created": p("created today", "أُنشئ اليوم"),
                    "scope": p("Read", "القراءة"),
                    "expires": p("expires in 90 days", "ينتهي بعد 90 يومًا"),
                    "revoke_action": "#",
                }
            ],
        }
    }


def audit(language: str) -> dict[str, Any]:
    p = picker(language)
    return {
        "audit": {
            "href": "/audit",
            "filters": [
                {
                    "name": "who",
                    "kind": "choice",
                    "label": p("Who", "من"),
                    "choices": [{"value": "1", "label": p("Mariam Al-Sabah", "مريم الصباح")}],
                    "empty_label": p("Everybody", "الجميع"),
                },
                {"name": "from", "kind": "date", "label": p("From", "من تاريخ")},
            ],
            "days": [
                {"label": p("Today", "اليوم"), "items": history(p)},
                {"label": p("Yesterday", "أمس"), "items": history(p)[1:]},
            ],
            "pager": {"next_href": "#"},
        }
    }


def error(code: int) -> Page:
    return lambda language: {"code": code, "home_href": "/home", "request_id": "01939f2c-7c1e"}
