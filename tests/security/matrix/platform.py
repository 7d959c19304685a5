"""The matrix: the doors, one's own account, the operator's console, the API. One line an address.

It must name every address that lies below no business, and why a public one is public.
"""

from __future__ import annotations

from tests.security.matrix.need import PLACE, Need, listing, member, operator, public, record, right, signed_in

LOGIN = "the way in"
LINK = "the secret of the link is the right; this one was never sent"
UNKNOWN = {"secret": "never-sent"}
BODY = {"name": "Changed"}
IDS = {"ids": ["{lead}"]}
NONE = {"stranger": 422, "own": 422, "half": 422}
"""Of many records the answer says which are not there."""

DOORS: dict[str, Need] = {
    "health.alive GET": public("for the load balancer: says ok and no more"),
    "health.ready GET": public("for the load balancer: says which of its servers answer"),
    "well_known.robots GET": public("for search engines"),
    "well_known.security GET": public("tells where to report holes; nobody is named here", gives=404),
    "well_known.change_password GET": public("where password managers look", gives=302),
    "businesses.home GET": public("leads to the login, or to one's business", gives=303),
    "login.login GET": public(LOGIN),
    "login.check POST": public(LOGIN, gives=422),
    "login.logout POST": public("whoever has no session has nothing to end", gives=303),
    "login.passkey POST": public(LOGIN, gives=422),
    "login.passkey_options POST": public(LOGIN, gives=200),
    "second.ask GET": public("what the first step began is the right; without it back to the login", gives=303),
    "second.check POST": public("as above", gives=303),
    "second.options POST": public("as above", gives=404),
    "signup.start GET": public("whoever wants a business"),
    "signup.send POST": public("whoever wants a business", gives=422),
    "signup.code GET": public("the code in the mail is the right; without step one back to it", gives=303),
    "signup.check POST": public("as above", gives=303),
    "signup.resend POST": public("as above", gives=303),
    "signup.password GET": public("as above", gives=303),
    "signup.complete POST": public("as above", gives=303),
    "reset.forgot GET": public(LOGIN),
    "reset.send POST": public("says the same for every address", gives=422),
    "reset.choose GET": public(LINK, **UNKNOWN, gives=404),
    "reset.save POST": public(LINK, **UNKNOWN, gives=404),
    "invitation.look GET": public(LINK, **UNKNOWN, gives=404),
    "invitation.accept POST": public(LINK, **UNKNOWN, gives=404),
    "account_email.ask GET": public(LINK, **UNKNOWN, gives=404),
    "account_email.confirm POST": public(LINK, **UNKNOWN, gives=404),
    "account_email.ask_undo GET": public(LINK, **UNKNOWN, gives=404),
    "account_email.undo POST": public(LINK, **UNKNOWN, gives=404),
    "preferences.language POST": public("the language of the doors", gives=303),
}  # fmt: skip

ACCOUNT: dict[str, Need] = {
    "businesses.choose GET": signed_in(),
    "businesses.new GET": signed_in(),
    "businesses.create POST": signed_in(gives=422),
    "keeping.keep POST": signed_in(address="slug", gives=404, why="only an owner of a closed one"),
    "account_profile.account GET": public("leads to the page of the account", gives=303),
    "account_profile.index GET": signed_in(),
    "account_profile.save POST": signed_in(gives=422),
    "account_security.index GET": signed_in(),
    "account_security.change_email POST": signed_in(gives=422),
    "account_security.change_password POST": signed_in(gives=422),
    "account_sessions.index GET": signed_in(),
    "account_sessions.end POST": signed_in(id="unknown"),
    "account_sessions.end_others POST": signed_in(),
    "account_confirm.ask GET": signed_in(),
    "account_confirm.check POST": signed_in(gives=422),
    "account_confirm.options POST": signed_in(gives=200),
    "account_confirm.second_step GET": signed_in(),
    "account_factors.app GET": signed_in(),
    "account_factors.enrol POST": signed_in(),
    "account_factors.turn_off POST": signed_in(),
    "account_factors.codes GET": signed_in(gives=303),
    "account_factors.codes_file GET": signed_in(gives=303),
    "account_factors.codes_done POST": signed_in(),
    "account_factors.renew_codes POST": signed_in(),
    "account_factors.new_passkey GET": signed_in(),
    "account_factors.options POST": signed_in(gives=200),
    "account_factors.add_passkey POST": signed_in(gives=422),
    "account_factors.passkey GET": signed_in(id="passkey", others=404),
    "account_factors.passkey POST": signed_in(id="passkey", form={"name": "Key"}, others=404),
    "account_factors.remove_passkey POST": signed_in(id="passkey", others=404),
}

OPERATOR: dict[str, Need] = {
    "operator.index GET": operator(),
    "operator.businesses GET": operator(),
    "operator.business GET": operator(id="tenant"),
    "operator.suspend POST": operator(id="tenant", gives=422),
    "operator.resume POST": operator(id="tenant"),
    "operator.leave POST": operator(id="tenant"),
    "operator.jobs GET": operator(),
    "operator.retry POST": operator(business="tenant", id="parked_job"),
    "operator.discard POST": operator(business="tenant", id="parked_job"),
    "operator.modules GET": operator(),
    "operator.log GET": operator(),
}

REST: dict[str, Need] = {
    "rest.me GET": member(but={"stranger": 200}),
    "rest.specification GET": member(but={"stranger": 200}),
    "rest.entries GET": right("core.audit.read", but={"stranger": 200}),
    "rest.all_teams GET": right("core.member.read", but={"stranger": 200, "narrowed": 403}),
    "rest.explain GET": record(query="resource=shop.lead&id={lead}"),
    "rest.job GET": member(id="bulk_job", others=404),
    "rest.index GET": listing(but={"stranger": 200}),
    "rest.create POST": right("shop.lead.create", **PLACE, json=BODY, gives=201, but={"stranger": 201}),
    "rest.update_many PATCH": listing("update", json=[{"id": "{lead}", **BODY}], but=NONE),
    "rest.archive_many POST": listing("update", json=IDS, but=NONE),
    "rest.restore_many POST": listing("update", json=IDS, but=NONE),
    "rest.delete_many POST": listing("delete", json=IDS, but=NONE),
    "rest.act_on_many POST": listing("win", verb="win", json=IDS, but=NONE),
    "rest.read GET": record(),
    "rest.update PATCH": record("update", json=BODY, gives=200),
    "rest.archive POST": record("update"),
    "rest.restore POST": record("update"),
    "rest.delete DELETE": record("delete", gives=204),
    "rest.act POST": record("win", verb="win"),
    "rest.comments GET": record(),
    "rest.comment POST": record(json={"body": "Hello"}, gives=201),
    "rest.attachments GET": record(),
    "rest.documents GET": record(),
    "rest.document GET": record(key="record"),
}
