"""The steps of a day in a business: every kind of screen and of call, with the things of whoever walks it.

It must hold only what works for who owns the things; test_two_tenants.py walks it as somebody else.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

LEAD, ORDER, CONTACT = "/shop/lead", "/kitchen/order", "/contacts/contact"


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `{thing}` stands for an id; `shows` says that the owner reads the secret word in the answer."""

    method: str
    path: str
    form: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    shows: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> set[str]:
        """The things that it names."""
        return set(re.findall(r"\{(\w+)\}", f"{self.path}{list(self.form.values())}{self.json}")) - {"slug"}

    @property
    def has_ids(self) -> bool:
        return bool(self.names)

    def in_other_words(self, word: str) -> Step:
        """The same step, without a word in what it writes."""
        form, body = (json.loads(json.dumps(sent).replace(word, "Falcon")) for sent in (self.form, self.json))
        return replace(self, form=form, json=body)


def _see(*paths: str) -> list[Step]:
    return [Step("GET", f"/t/{{slug}}{path}", shows=True) for path in paths]


def _open(*paths: str) -> list[Step]:
    return [Step("GET", f"/t/{{slug}}{path}") for path in paths]


def _send(path: str, **form: Any) -> Step:
    return Step("POST", f"/t/{{slug}}{path}", form)


def _call(path: str, method: str = "GET", json: Any = None, *, shows: bool = True) -> Step:
    return Step(method, f"/api/v1{path}", json=json, shows=shows)


LISTS = [
    *_see(LEAD, f"{LEAD}?q=Zanzi", f"{LEAD}?sort=-name", f"{LEAD}?group=state", f"{LEAD}?as=board"),
    *_see(f"{LEAD}/group?group=state&quick.state=open", f"{LEAD}/options?q=Zanzi", f"{LEAD}?view={{view}}"),
    *_see(f"{LEAD}/export", f"{LEAD}/export?format=jsonl", f"{ORDER}?as=tree", f"{ORDER}/export"),
    *_open(f"{LEAD}/export?format=xlsx", f"{LEAD}?as=pivot&rows=state", f"{LEAD}?as=pivot&rows=customer"),
    *_open(f"{ORDER}?as=calendar", f"{LEAD}/count", f"{LEAD}/totals", f"{LEAD}/filter", f"{LEAD}/views/new"),
    *_open(f'{LEAD}?where=[["customer","eq","{{lead}}"]]', f'{LEAD}?where=[["seller","eq","{{person}}"]]'),
    *_open(f"{ORDER}/branches?parent={{order}}", f"{ORDER}?client={{contact}}"),
    _send(f"{LEAD}/bulk/archive", id="{lead}"),
    _send(f"{LEAD}/bulk/restore", id="{lead}"),
    _send(f"{LEAD}/bulk/edit", id="{lead}", do="apply", field="budget", value="7"),
    _send(f"{LEAD}/bulk/tag", id="{lead}", do="apply", tag="red"),
]
RECORDS = [
    *_see(
        f"{LEAD}/{{lead}}", f"{LEAD}/{{lead}}/around", f"{LEAD}/{{lead}}/around/activity", f"{LEAD}/new?copy={{lead}}"
    ),
    *_see(f"{LEAD}/{{lead}}/around/files/{{attachment}}", "/files/{stored_file}", f"{ORDER}/{{order}}"),
    *_open(f"{LEAD}/{{lead}}/documents/record.pdf", f"{LEAD}/{{lead}}/around/people?q=Zanzi"),
    _send(f"{LEAD}/{{lead}}", name="Zanzibar 2", budget="5"),
    _send(f"{LEAD}/{{lead}}/cell/name", name="Zanzibar 3"),
    _send(f"{LEAD}/{{lead}}/draft", name="Zanzibar 4"),
    _send(f"{LEAD}/{{lead}}/compute", name="Zanzibar 5"),
    _send(f"{LEAD}/{{lead}}/around/comments", body="Zanzibar says"),
    _send(f"{LEAD}/{{lead}}/around/comments/{{comment}}", body="Zanzibar says more"),
    _send(f"{LEAD}/{{lead}}/around/tags", tag="blue"),
    _send(f"{LEAD}/{{lead}}/around/tasks", title="Zanzibar calls", assignee="{person}"),
    _send(f"{LEAD}/{{lead}}/around/star"),
    _send(f"{LEAD}/{{lead}}/do/win"),
    _send(f"{LEAD}/new", name="Another", customer=""),
]
ASIDE = [
    *_see("/search?q=Zanzi", "/palette?q=Zanzi", "/palette/favourites", "/tasks", "/tasks/{task}", "/notifications"),
    *_see(f"{LEAD}/import", f"{LEAD}/import/{{import_run}}", f"/settings/fields{CONTACT}", f"{CONTACT}/new"),
    *_see(f"/settings/fields{CONTACT}/{{custom_field}}", "/people", "/people/{membership}", "/people/teams"),
    *_see("/people/roles/{role}", "/people/roles/{role}/compare", "/people/teams/{team}", "/tokens", "/tokens/all"),
    *_see("/audit", "/audit?q=Zanzi", "/audit/export", "/audit/export?format=jsonl", "/settings/support"),
    *_see("/settings", "/settings/kitchen", "/why/who?resource=shop.lead&id={lead}", "/people/{membership}/leaving"),
    *_see("", "/profile", "/api/openapi.json"),
    *_open("/arrange", "/settings/data", "/settings/policy", "/modules", "/modules/health", "/notifications/bell"),
    *_open(f"{LEAD}/bulk/jobs/{{bulk_job}}", "/why?resource=shop.lead&id={lead}", "/audit?record={lead}"),
    *_open("/widgets/contacts.newest", "/brand.css", "/api", "/people/invite", "/preferences/navigation"),
    _send("/tasks/{task}/snooze/day"),
    _send("/tasks/{task}/done"),
    _send("/notifications/{notification}"),
    _send("/people/roles/new", name="Zanzibar clerk"),
    _send("/people/teams/new", name="Zanzibar south", people="{person}"),
]
CALLS = [
    _call("/"),
    _call("/openapi.json"),
    _call("/shop/lead"),
    _call("/shop/lead?search=zanzi"),
    _call("/shop/lead?format=csv"),
    _call("/shop/lead?format=jsonl"),
    _call("/shop/lead?count=true&limit=1&expand=seller"),
    _call('/shop/lead?where=[["customer","eq","{lead}"]]', shows=False),
    _call("/shop/lead/{lead}"),
    _call("/shop/lead/{lead}?expand=seller"),
    _call("/shop/lead/{lead}/comments"),
    _call("/shop/lead/{lead}/attachments"),
    _call("/shop/lead/{lead}/documents", shows=False),
    _call("/shop/lead/{lead}/documents/record.pdf", shows=False),
    _call("/kitchen/order/{order}"),
    _call("/jobs/{bulk_job}", shows=False),
    _call("/access/explain?resource=shop.lead&id={lead}"),
    _call("/access/explain?resource=shop.lead&user={person}"),
    _call("/audit"),
    _call("/audit?record={lead}"),
    _call("/audit?format=csv"),
    _call("/teams"),
    _call("/shop/lead", "POST", {"name": "Zanzibar 6"}),
    _call("/shop/lead", "POST", {"name": "Zanzibar 7", "seller": "{person}"}),
    _call("/kitchen/order", "POST", {"subject": "Zanzibar 8", "parent": "{order}"}),
    _call("/kitchen/order", "POST", {"subject": "Zanzibar 9", "contract": "{stored_file}"}),
    _call("/shop/lead/{lead}", "PATCH", {"name": "Zanzibar 10"}),
    _call("/shop/lead", "PATCH", [{"id": "{lead}", "name": "Zanzibar 11"}]),
    _call("/shop/lead/{lead}/comments", "POST", {"body": "Zanzibar says"}),
    _call("/shop/lead/{lead}/archive", "POST"),
    _call("/shop/lead/{lead}/restore", "POST"),
    _call("/shop/lead/archive", "POST", {"ids": ["{lead}"]}),
    _call("/shop/lead/restore?partial=true", "POST", {"ids": ["{lead}"]}),
]
JOURNEY = [*LISTS, *RECORDS, *ASIDE, *CALLS]
