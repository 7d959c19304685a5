"""What the gallery shows: invented companies and people, page by page.

It must not reach the product: nothing in platform/diwan imports it.
"""

from __future__ import annotations

from functools import partial

from gallery_content import accounts, company, imports, records
from gallery_content.shell import Page

IMPORT_PARTS = ("upload", "map", "check", "run", "result", "result-undone")
ERRORS = (403, 404, 413, 429, 500, 503)

PAGES: dict[str, tuple[str, Page]] = {
    "list": ("list.html", records.contact_list),
    "list-empty": ("list.html", records.empty_list),
    "form": ("form.html", records.contact_form),
    "form-new": ("form.html", records.new_form),
    "form-errors": ("form.html", partial(records.contact_form, errors=True)),
    "form-conflict": ("form.html", partial(records.contact_form, conflict=True)),
    "auth/signup": ("auth/signup.html", accounts.signup),
    "auth/verify": ("auth/verify.html", accounts.account("code")),
    "auth/login": ("auth/login.html", accounts.account("email", "password", wrong=True)),
    "auth/forgot": ("auth/forgot.html", accounts.account("email")),
    "auth/reset": ("auth/reset.html", accounts.account("password")),
    "auth/invite": ("auth/invite.html", accounts.account("name", "password")),
    "auth/choose": ("auth/choose_tenant.html", accounts.account()),
    "home": ("home.html", company.home),
    "modules": ("modules.html", company.modules),
    "people": ("people.html", company.people),
    "settings": ("settings.html", company.settings),
    "tokens": ("tokens.html", company.tokens),
    "audit": ("audit.html", company.audit),
    **{f"import/{part}": (f"import/{part.partition('-')[0]}.html", imports.wizard(part)) for part in IMPORT_PARTS},
    **{f"error/{code}": ("error.html", company.error(code)) for code in ERRORS},
}
