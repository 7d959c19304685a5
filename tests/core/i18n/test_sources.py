"""No template and no module holds a text for people that does not go through `_()`."""

from __future__ import annotations

import pytest

from diwan.kit import catalogues
from diwan.kit.catalogues import CORE, Domain
from diwan.testing.texts import in_package, in_python, in_template

DOMAINS = catalogues.find([CORE.parents[1]])
JAVASCRIPT = CORE.parent / "frontend" / "src" / "js"


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_everything_said_goes_through_gettext(domain: Domain) -> None:
    assert in_package(domain.package) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>{{ _('Save') }}</p>", []),
        ("<p>Save</p>", ["Save"]),
        ("<summary>SHA-256</summary>", []),
        ("<summary>SHA-256 of it</summary>", ["SHA-256 of it"]),
        ('<input placeholder="Your name" class="wide">', ["Your name"]),
        ('<input placeholder="{{ _("Your name") }}" aria-label="{{ label }}">', []),
        ('<button aria-label="Close"></button><img alt="A cat">', ["Close", "A cat"]),
        ("{{ ui.badge('Active', 'ok') }}", ["Active"]),
        ("{{ ui.badge(_('Active'), 'ok') }}", []),
        ("{{ _('Hello %(name)s', name='You') }}", []),
        ("{% if on %}On{% else %}{{ _('Off') }}{% endif %}", ["On·"]),
        ("{% block page_class %}narrow{% endblock %}", []),
        ('<a href="{{ base }}/login">{{ base }}/login</a>', []),
        ("{# Save #}<kbd>Ctrl K</kbd><script>let save = 1</script>", []),
    ],
)
def test_templates_are_read(source: str, found: list[str]) -> None:
    assert in_template(source) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("raise Refuse('Not today.')", ["1: Not today."]),
        ("raise Refuse(_('Not today.'))", []),
        ("raise Refuse(f'Not {day}.')", ["1: Not ."]),
        ("raise Refuse('No.' if x else _('Yes.'))", ["1: No."]),
        ("raise Invalid({'name': 'Too long', 'kind': _('Wrong')})", ["1: Too long"]),
        ("tell('ok', 'Saved')", ["1: Saved"]),
        ("tell('ok', _('Saved'))", []),
        ("x = field('Name', help='Where one lives.')", ["1: Name", "1: Where one lives."]),
        ("x = field(_('Name'), help='', widget='email')", []),
        ("Contact = plugin.resource(label=_('Contact'), title='name')", []),
        ("rows = [{'label': 'Python'}, {'label': 'Python version'}]", ["1: Python version"]),
        ("menu = {'label': 'Delete', 'icon': 'trash'}", ["1: Delete"]),
        ("raise ValueError('for developers')", []),
    ],
)
def test_modules_are_read(source: str, found: list[str]) -> None:
    assert in_python(source) == found


def test_scripts_take_their_texts_from_the_page() -> None:
    """JavaScript shows what the server put into `<template id="texts">`; it has no sentence of its own."""
    used = {name for path in JAVASCRIPT.glob("*.js") for name in _texts(path.read_text("utf-8"))}
    page = (CORE / "web" / "templates" / "partials" / "furniture.html").read_text("utf-8")
    assert len(used) > 5
    for name in used:
        dashed = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
        assert f'data-{dashed}="{{{{ _(' in page, name


def _texts(source: str) -> list[str]:
    import re

    return re.findall(r"""\btext\(["'](\w+)["']\)""", source)
