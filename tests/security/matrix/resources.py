"""The matrix: the screens of every resource, walked on the leads of the shop. One line an address.

It must name every address below `/t/<slug>/<plugin>/<name>`.
"""

from __future__ import annotations

from tests.security.matrix.need import Need, listing, record, right

LEAD = {"plugin": "shop", "name": "lead"}
ROW = {"id": "{lead}"}
OWN_JOB = "a job is its person's: others find none, whatever their rights"

RESOURCES: dict[str, Need] = {
    # --- the screens themselves
    "resources.index GET": listing(),
    "resources.new GET": right("shop.lead.create", **LEAD),
    "resources.new POST": right("shop.lead.create", **LEAD, form={"name": "New"}),
    "resources.record GET": record(),
    "resources.record POST": record("update", form={"name": "Changed"}),
    "resources.set_archived POST": record("update", verb="archive"),
    "resources.delete POST": record("delete"),
    "resources.options GET": listing(),
    # --- a form that is open
    "forms.compute POST": right("shop.lead.create", **LEAD, form={"name": "New"}, gives=200),
    "forms.compute/id POST": record("update", form={"name": "Changed"}, gives=200),
    "forms.keep_draft POST": right("shop.lead.create", **LEAD, form={"name": "New"}, gives=204),
    "forms.keep_draft/id POST": record("update", form={"name": "Changed"}, gives=204),
    "forms.create_quickly POST": right("shop.lead.create", **LEAD, form={"title": "New"}, gives=200),
    "cells.edit GET": record("update", field="name"),
    "cells.edit POST": record("update", field="name", form={"name": "Changed"}, gives=200),
    # --- lists
    "lists.build_filter GET": listing(),
    "lists.choose_columns POST": listing(form={"column": "name"}),
    "lists.count GET": listing(),
    "lists.default_view POST": listing(form={"view": "all"}),
    "lists.group GET": listing(),
    "lists.new_view GET": listing(),
    "lists.new_view POST": listing(form={"name": "Mine"}),
    "lists.set_widths POST": listing(form={"column": "name", "width": "100"}, gives=204),
    "lists.totals GET": listing(),
    "lists.view GET": listing(id="view", others=404),
    "lists.view POST": listing(id="view", form={"name": "Mine"}, others=404),
    "lists.save_view POST": listing(id="view", form={"state": ""}, others=404),
    "lists.delete_view POST": listing(id="view", others=404),
    "exports.export GET": listing("export"),
    # --- boards, calendars, trees
    "moves.branches GET": listing(plugin="kitchen", name="order", query="parent={order}"),
    "moves.cards GET": listing(query="column=open&shape=board&group=state"),
    "moves.move POST": record("update", form={"shape": "board", "field": "state", "value": "won"}),
    # --- many at once
    "bulk.act POST": listing("update", verb="archive", form=ROW),
    "bulk.edit POST": listing("update", form={**ROW, "do": "apply", "field": "name", "value": "Changed"}),
    "bulk.progress GET": listing(id="bulk_job", others=404, why=OWN_JOB),
    "bulk.stop POST": listing(id="bulk_job", others=404, why=OWN_JOB),
    "tagging.tag POST": listing("update", form={**ROW, "do": "apply", "tag": "red"}, but={"own": 403, "half": 403}),
    # --- actions
    "actions.ask GET": record("win", verb="win"),
    "actions.do POST": record("win", verb="win"),
    "actions.do_many POST": listing("win", verb="win", form=ROW),
    "actions.progress_of_many GET": listing("win", verb="win", job="acts_job", others=404, why=OWN_JOB),
    "actions.progress_of_one GET": record("win", verb="win", job="act_job", others=404, but={"half": 404}, why=OWN_JOB),
    "actions.stop_many POST": listing( verb="win", job="acts_job", others=404, why=OWN_JOB),
    "actions.stop_one POST": record( verb="win", job="act_job", others=404, why=OWN_JOB),
    # --- around a record
    "around.show GET": record(),
    "around.activity GET": record(),
    "around.people GET": record(),
    "around.mark POST": record(verb="star"),
    "around.comment POST": record(form={"body": "Hello"}),
    "around.edit_comment POST": record(comment_id="comment", form={"body": "Hello"}, others=403),
    "around.delete_comment POST": record(comment_id="comment", others=403),
    "around.add_tag POST": record("update", form={"tag": "red"}),
    "around.colour_tag POST": record("update", tag_id="tag", form={"tone": "bad"}),
    "around.remove_tag POST": record("update", tag_id="tag", but={"smuggled": 303}, why="not there: nothing is done"),
    "around.add_task POST": record(form={"title": "Call"}),
    "around.settle_task POST": record(task_id="record_task", verb="done", others=403),
    "around.attach POST": record("update", gives=422),
    "around.read_file GET": record(file_id="attachment"),
    "around.detach POST": record("update", file_id="attachment"),
    "documents.show GET": record(key="record"),
    # --- import
    "imports.upload GET": right("shop.lead.import", **LEAD),
    "imports.upload POST": right("shop.lead.import", **LEAD, gives=422),
    "imports.mapping GET": right("shop.lead.import", **LEAD, id="import_run", others=404),
    "imports.mapping POST": right("shop.lead.import", **LEAD, id="import_run", others=404, gives=422),
    "imports.set_format POST": right("shop.lead.import", **LEAD, id="import_run", others=404),
    "imports.check GET": right("shop.lead.import", **LEAD, id="import_run", others=404, gives=303),
    "imports.check POST": right("shop.lead.import", **LEAD, id="import_run", others=404, gives=422),
    "imports.failed GET": right("shop.lead.import", **LEAD, id="import_run", others=404),
    "imports.progress GET": right("shop.lead.import", **LEAD, id="import_run", others=404, gives=303),
    "imports.result GET": right("shop.lead.import", **LEAD, id="import_run", others=404, gives=303),
    "imports.steer POST": right("shop.lead.import", **LEAD, id="import_run", others=404, verb="stop"),
}  # fmt: skip
