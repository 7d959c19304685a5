"""The smallest plugin, as a tenant sees it: switched on, used, switched off, its rows kept."""

from __future__ import annotations

from diwan.db import current, unit_of_work
from diwan.kernel import lifecycle
from diwan.testing.world import World


def test_greetings_are_collected_counted_and_kept(world: World) -> None:
    business = world.business("hello")
    client = business.client()
    page = client.post(f"{business.url}/hello/greeting/new", data={"text": "Hello", "language": "en"})
    assert page.status_code == 303
    assert "Hello" in client.get(f"{business.url}/hello/greeting").text
    assert ">1<" in client.get(f"{business.url}/widgets/hello.how_many").text
    with business.acting(), unit_of_work():
        lifecycle.disable("hello")
    assert client.get(f"{business.url}/hello/greeting").status_code == 404
    assert client.get(f"{business.url}/widgets/hello.how_many").status_code == 404
    with business.acting(), unit_of_work():
        lifecycle.enable(["hello"])
        resource = current.lineup.resources["hello.greeting"]
        assert resource.model.count(text="Hello") == 1


def test_another_business_counts_its_own(world: World) -> None:
    first, second = world.business("hello"), world.business("hello")
    first.client().post(f"{first.url}/hello/greeting/new", data={"text": "Hello"})
    assert ">0<" in second.client().get(f"{second.url}/widgets/hello.how_many").text
