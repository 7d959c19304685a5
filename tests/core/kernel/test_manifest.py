"""`plugin.toml`: the whole of it is read, and whatever is wrong is said in words its author can act on."""

from __future__ import annotations

import pytest

from diwan.kernel.manifest import Manifest, ManifestError, parse, read

FULL = """
name = "loans"
label = "Equipment loans"
summary = "Who has which piece of equipment, and until when."
category = "Operations"
icon = "handshake"
api = ">=1.0,<2"
support = "https://example.org/loans/issues"
languages = ["en", "ar"]
screenshots = ["static/board.png"]

[requires]
crm = ">=1"

[optional]
bells = ">=1"

[conflicts]
oldloans = "<3"

[permissions]
uses = ["crm.contact.read", "crm.*"]
egress = ["api.example.org"]

[billing]
plan = "standard"
meter = "loans.loan.created"

[quality]
exempt = { M101 = "There is no support page yet." }
"""
SMALL = {"name": "loans", "label": "Loans", "summary": "Loans.", "api": ">=1.0"}


def test_the_whole_manifest_is_read(tmp_path):
    (tmp_path / "plugin.toml").write_text(FULL)
    manifest = read(tmp_path / "plugin.toml")
    assert isinstance(manifest, Manifest)
    assert (manifest.name, manifest.icon, manifest.languages) == ("loans", "handshake", ("en", "ar"))
    assert manifest.requires["crm"].contains("1.4")
    assert not manifest.requires["crm"].contains("0.9")
    assert manifest.uses == ("crm.contact.read", "crm.*")
    assert manifest.exempt == {"M101": "There is no support page yet."}


def test_what_is_left_out_has_a_default():
    manifest = parse(SMALL)
    assert (manifest.category, manifest.icon, dict(manifest.requires)) == ("Other", "puzzle", {})


@pytest.mark.parametrize(("change", "problem"), [
    ({"name": "a"}, "2 to 24 lower-case"),
    ({"name": "sales_pro"}, "2 to 24 lower-case"),
    ({"name": "core"}, "'core' is reserved"),
    ({"label": ""}, "`label` must be a text"),
    ({"summary": 3}, "`summary` must be a text"),
    ({"api": ">=1.1"}, "it needs plugin API >=1.1, this platform offers 1.0"),
    ({"requires": ["crm"]}, "[requires] must be a table"),
    ({"requires": {"CRM": ">=1"}}, "[requires] names `CRM`"),
    ({"requires": {"loans": ">=1"}}, "it names itself"),
    ({"requires": {"crm": "1"}}, "'1' is not a version range"),
    ({"requires": {"crm": ">=1"}, "conflicts": {"crm": "<1"}}, "`crm` is in [requires] and in [conflicts]"),
    ({"languages": "en"}, "`languages` must be a list"),
    ({"permissions": {"use": []}}, "`use` is unknown in [permissions] (did you mean `uses`?)"),
    ({"quality": {"exempt": {"M101": ""}}}, "must give a reason"),
])  # fmt: skip
def test_faults_are_named(change, problem):
    with pytest.raises(ManifestError) as error:
        parse({**SMALL, **change})
    assert problem in str(error.value)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize(("content", "problem"), [
    (None, "plugin.toml is missing"),
    (b'name = "loans', "not valid TOML"),
    (b'label = "\xff"', "not valid TOML"),
])  # fmt: skip
def test_files_that_cannot_be_read(tmp_path, content, problem):
    path = tmp_path / "plugin.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError, match=problem):
        read(path)
