"""Pages of plugins inside the shell: their template, their texts, escaped; not without the right."""

from __future__ import annotations

from diwan.testing.world import World


def test_a_page_is_rendered_inside_the_shell(world: World) -> None:
    business = world.business("contacts", "kitchen")
    page = business.client().get(f"{business.url}/kitchen/hob")
    assert page.status_code == 200
    assert "<h1>Hob</h1>" in page.text
    assert "&lt;b&gt;Fish&lt;/b&gt;" in page.text
    assert f'href="{business.url}/kitchen/order' in page.text  # the navigation
    stranger = business.client(business.member("kitchen.order.read"))
    assert stranger.get(f"{business.url}/kitchen/hob").status_code == 403


def test_its_texts_fall_back_to_those_of_the_platform(world: World) -> None:
    business = world.business("contacts", "kitchen", language="ar")
    page = business.client().get(f"{business.url}/kitchen/hob").text
    assert "<p>Modules</p>" not in page
