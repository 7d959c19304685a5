"""Sign-up, login and their kin.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

from typing import Any

from gallery_content.shell import Page, picker


def signup(language: str) -> dict[str, Any]:
    p = picker(language)
    countries = [
        {"value": "KW", "label": p("Kuwait", "الكويت")},
        {"value": "SA", "label": p("Saudi Arabia", "السعودية")},
        {"value": "DE", "label": p("Germany", "ألمانيا")},
    ]
    return {
        "login_href": "/auth/login",
        "terms_href": "#",
        "form": {
            "action": "#",
            "submit_label": p("Create company", "إنشاء الشركة"),
            "fields": [
                {
                    "name": "business",
                    "kind": "text",
                    "label": p("Company name", "اسم الشركة"),
                    "required": True,
                    "autocomplete": "organization",
                    "autofocus": True,
                },
                {
                    "name": "name",
                    "kind": "text",
                    "label": p("Your name", "اسمك"),
                    "required": True,
                    "autocomplete": "name",
                },
                {
                    "name": "email",
                    "kind": "email",
                    "label": p("E-mail", "البريد الإلكتروني"),
                    "required": True,
                    "autocomplete": "email",
                    "value": "mariam@",
                    "error": p("This is not an e-mail address.", "هذا ليس عنوان بريد."),
                },
                {
                    "name": "password",
                    "kind": "password",
                    "label": p("Password", "كلمة المرور"),
                    "required": True,
                    "autocomplete": "new-password",
                    "help": p("At least ten characters.", "عشرة أحرف على الأقل."),
                },
                {
                    "name": "country",
                    "kind": "country",
                    "label": p("Country", "البلد"),
                    "value": "KW",
                    "required": True,
                    "choices": countries,
                },
                {
                    "name": "language",
                    "kind": "choice",
                    "label": p("Language", "اللغة"),
                    "value": "en",
                    "required": True,
                    "choices": [{"value": "en", "label": "English"}, {"value": "ar", "label": "العربية"}],
                },
            ],
        },
    }


def account(*names: str, **extra: Any) -> Page:
    def context(language: str) -> dict[str, Any]:
        p = picker(language)
        known = {
            "email": {
                "name": "email",
                "kind": "email",
                "label": p("E-mail", "البريد الإلكتروني"),
                "required": True,
                "autocomplete": "email",
            },
            "password": {
                "name": "password",
                "kind": "password",
                "label": p("Password", "كلمة المرور"),
                "required": True,
                "autocomplete": "current-password",
            },
            "code": {
                "name": "code",
                "kind": "code",
                "label": p("Code", "الرمز"),
                "required": True,
                "maxlength": 6,
                "autofocus": True,
            },
            "name": {"name": "name", "kind": "text", "label": p("Your name", "اسمك"), "required": True},
        }
        return {
            "form": {
                "action": "#",
                "submit_label": p("Continue", "متابعة"),
                "fields": [known[name] for name in names],
                "error": p("E-mail or password is wrong.", "البريد أو كلمة المرور غير صحيحة.")
                if extra.get("wrong")
                else "",
            },
            "login_href": "/auth/login",
            "signup_href": "/auth/signup",
            "forgot_href": "/auth/forgot",
            "email": "mariam@nakheel.example",
            "resend_action": "#",
            "back_href": "#",
            "invitation": {
                "tenant": p("Nakheel Trading", "النخيل للتجارة"),
                "inviter": p("Mariam Al-Sabah", "مريم الصباح"),
                "email": "yousef@nakheel.example",
                "role": p("Manager", "مدير"),
            },
            "tenants": [
                {"name": p("Nakheel Trading", "النخيل للتجارة"), "href": "#", "role": p("Owner", "المالكة")},
                {"name": p("Oryx Logistics", "المها اللوجستية"), "href": "#", "role": p("Member", "عضو")},
            ],
            "new_tenant_href": "#",
            "logout_action": "#",
        }

    return context
