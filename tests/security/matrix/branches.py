"""The matrix: addresses that do several things, each with a right of its own. `endpoint METHOD (what)`, one line each.

It must name what an address does besides what its own line says.
"""

from __future__ import annotations

from tests.security.matrix.business import (
    CHANGE,
    FIELDS,
    LOG,
    MANAGE,
    MANAGE_ALL,
    MODULES,
    READ,
    ROLES,
    SETTINGS,
)
from tests.security.matrix.need import PLACE, Need, listing, operator, record, right
from tests.security.matrix.platform import BODY, NONE
from tests.security.matrix.resources import ROW

SHARE = "core.view.share"
PEOPLE = {"plugin": "core", "name": "person"}

BRANCHES: dict[str, Need] = {
    # --- lists in other shapes, and what they take
    "resources.index GET (board)": listing(query="as=board"),
    "resources.index GET (groups)": listing(query="group=state"),
    "resources.index GET (pivot)": listing(query="as=pivot&rows=name"),
    "resources.index GET (search)": listing(query="q=Zanz"),
    "resources.index GET (archived)": listing(query="archived=1"),
    "resources.options GET (search)": listing(query="q=Zanz"),
    "resources.options GET (people)": right(READ, **PEOPLE),
    "exports.export GET (workbook)": listing("export", query="format=xlsx"),
    "exports.export GET (lines)": listing("export", query="format=jsonl"),
    "lists.new_view POST (shared)": right(
        "shop.lead.read", SHARE, **PLACE, form={"name": "Ours", "shared": "1", "everybody": "1"}
    ),
    "lists.view POST (shared)": right(
        "shop.lead.read", SHARE, **PLACE, id="view", form={"name": "Ours", "shared": "1"}, others=404,
        but={"without": 404}, why="it is its maker's until it is shared",
    ),
    "bulk.act POST (delete)": listing("delete", verb="delete", form=ROW),
    "bulk.act POST (restore)": listing("update", verb="restore", form=ROW),
    "bulk.edit POST (form)": listing("update", form=ROW, gives=200),
    "bulk.act POST (all)": listing("update", verb="archive", form={"all": "1", "state": "q=Nobody"}),
    # --- records
    "resources.new GET (copy)": record("create", query="copy={lead}", but={"half": 200}),
    "resources.set_archived POST (restore)": record("update", verb="restore"),
    "moves.move POST (calendar)": record("update", form={"shape": "calendar"}, gives=400, why="leads have no days"),
    "around.mark POST (follow)": record(verb="follow"),
    # --- a business
    "home.widget GET (log)": right(LOG, key="core.activity"),
    "dashboard.save POST (of a role)": right(SETTINGS, form={"save_as": "1", "role": "owner"}),
    "people.switch_member POST (enable)": right(CHANGE, id="membership", verb="enable"),
    "modules.switch POST (disable)": right(MODULES, name="none", verb="disable", why="none is there: said on the page"),
    "custom_fields.act POST (order)": right(SETTINGS, **FIELDS, id="custom_field", act="up"),
    "why.why GET (of somebody)": right("shop.lead.read", ROLES, query="user={colleague}&resource=shop.lead&id={lead}"),
    "tokens.new GET (of the business)": right(MANAGE_ALL, query="kind=service"),
    "tokens.new POST (of the business)": right(MANAGE_ALL, query="kind=service", gives=422),
    "tokens.revoke POST (anybody's)": right(MANAGE, MANAGE_ALL, id="owners_token", but={"without": 404}),
    "audit.export GET (lines)": right(LOG, query="format=jsonl"),
    "operator.businesses GET (odd)": operator(query="before=99999999999999999999", gives=400),
    # --- the API
    "rest.index GET (file)": listing("export", query="format=csv", but={"stranger": 200}),
    "rest.index GET (search)": listing(query="search=Zanz", but={"stranger": 200}),
    "rest.index GET (people)": right(READ, **PEOPLE, but={"stranger": 200}),
    "rest.entries GET (file)": right(LOG, query="format=csv", but={"stranger": 200}),
    "rest.explain GET (of somebody)": right(
        "shop.lead.read", ROLES, query="user={colleague}&resource=shop.lead&id={lead}", but={"stranger": 404}
    ),
    "rest.create POST (many)": right("shop.lead.create", **PLACE, json=[BODY], gives=201, but={"stranger": 201}),
    "rest.update_many PATCH (partial)": listing(
        "update", query="partial=true", json=[{"id": "{lead}", "name": "Changed"}], gives=207,
        but=dict.fromkeys(NONE, 207),
    ),
    "rest.delete_many POST (partial)": listing(
        "delete", query="partial=true", json={"ids": ["{lead}"]}, gives=207, but=dict.fromkeys(NONE, 207)
    ),
}  # fmt: skip
