"""The health page: it tells of every plugin, also of those whose code cannot."""

from __future__ import annotations

import pytest

from diwan.kernel import catalogue, guard, health

FINE = """
@plugin.hook
def health():
    return [Check("Carrier's server", True), Check("Postage", False, "Buy stamps.")]
"""
SICK = """
@plugin.hook
def health():
    raise ValueError("no answer")

@plugin.widget(label="W")
def total():
    raise ValueError
"""


def test_states_own_checks_failures_and_breakers(shelf, clock):
    shelf.write("fine", FINE)
    shelf.write("sick", SICK)
    shelf.case("import_error")
    plugins = catalogue.activate(shelf.load())
    for _ in range(guard.FAILURES):
        with pytest.raises(guard.PluginFailed):
            guard.call(plugins["sick"].plugin.contributions["widget"][0])
    found = {(check.plugin, str(check.name)): check for check in health.report(reasons=True)}
    assert found["fine", "Fine"].ok
    assert not found["importerror", "Importerror"].ok
    assert "a_module_that_does_not_exist" in str(found["importerror", "Importerror"].text)
    told = {check.plugin: str(check.text) for check in health.report() if str(check.name) == "Importerror"}
    assert told == {"importerror": str(health.STATES["broken"])}  # what it names is for operators only
    assert found["fine", "Carrier's server"].ok
    assert str(found["fine", "Postage"].text) == "Buy stamps."
    assert not found["sick", "sick.health"].ok
    assert "Paused" in str(found["sick", "sick.total"].text)
