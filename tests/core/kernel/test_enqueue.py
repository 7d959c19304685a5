"""plugin.enqueue: a plugin starts its own jobs; they run after the commit, once, or not at all."""

from __future__ import annotations

import sys

import pytest

from diwan import jobs
from diwan.db import scope
from diwan.errors import Refuse

LETTERS = """
sent = []

@plugin.job
def send(to, copies=1):
    sent.append((to, copies, current.tenant.id))

@plugin.job(label="Tidy", timeout=30)
def tidy():
    sent.append("tidied")

def helper(to): ...
"""


@pytest.fixture
def letters(shelf, core_database):
    shelf.write("letters", LETTERS)
    shelf.write("stamps", "@plugin.job\ndef send(to): ...\n")
    shelf.activate()
    return sys.modules["diwan_letters"]


def run(tenant):
    with scope(tenant=tenant):
        return jobs.run_pending()


def test_it_runs_once_after_the_commit(desk, letters):
    tenant = desk.tenant("letters")
    with desk.working(tenant):
        made = letters.plugin.enqueue(letters.send, to="Ada", copies=2)
        letters.plugin.enqueue(letters.tidy)
        assert letters.sent == []
    assert run(tenant) == 2
    assert run(tenant) == 0
    assert letters.sent == [("Ada", 2, tenant.id), "tidied"]
    with scope(tenant=tenant):
        status = jobs.status(made)
    assert (status.kind, status.name, status.state) == ("job", "letters.send", "done")


def test_what_is_rolled_back_starts_nothing(desk, letters):
    tenant = desk.tenant("letters")
    with pytest.raises(Refuse), desk.working(tenant):
        letters.plugin.enqueue(letters.send, to="Ada")
        raise Refuse("Not today.")
    assert run(tenant) == 0
    assert letters.sent == []


def test_only_jobs_of_the_plugin_itself_with_what_they_take(desk, letters):
    tenant = desk.tenant("letters")
    with desk.working(tenant):
        for wrong in (letters.helper, sys.modules["diwan_stamps"].send, "send"):
            with pytest.raises(TypeError, match="is not a job of the plugin letters: mark it with"):
                letters.plugin.enqueue(wrong, to="Ada")
        with pytest.raises(TypeError, match=r"job letters\.send: missing a required argument: 'to'"):
            letters.plugin.enqueue(letters.send)
        with pytest.raises(TypeError, match=r"job letters\.send: got an unexpected keyword argument 'form'"):
            letters.plugin.enqueue(letters.send, to="Ada", form="round")
    assert run(tenant) == 0
