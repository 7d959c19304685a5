"""Settings of the business: saved, checked, audited; the scope sees the change."""

from diwan.db import unit_of_work
from diwan.testing.world import Business


def test_settings_are_saved_and_audited(business: Business) -> None:
    client = business.client()
    form = {"name": "Nour Trading", "country": "JO", "language": "ar", "timezone": "Asia/Amman", "currency": "JOD"}
    assert client.post(f"{business.url}/settings", data=form).status_code == 303
    page = client.get(f"{business.url}/settings").text
    assert "Nour Trading" in page
    assert 'value="JOD" selected' in page
    log = client.get(f"{business.url}/audit").text
    assert "Test business" in log
    assert "Nour Trading" in log


def test_wrong_values_come_back(business: Business) -> None:
    client = business.client()
    form = {"name": "x" * 200, "country": "JO", "language": "xx", "timezone": "Mars/Base", "currency": "BTC"}
    answer = client.post(f"{business.url}/settings", data=form)
    assert answer.status_code == 422
    assert "x" * 200 in answer.text
    for problem in ("at most 120", "time zone from the list", "currency from the list", "language from the list"):
        assert problem in answer.text
    assert "Test business" in client.get(f"{business.url}/settings").text


def test_modules_page_switches_on_and_off(world) -> None:
    business = world.business("hello")
    client = business.client()
    assert client.get(f"{business.url}/contacts/contact").status_code == 404
    assert client.post(f"{business.url}/modules/contacts/enable").status_code == 303
    assert client.get(f"{business.url}/contacts/contact").status_code == 200
    assert client.post(f"{business.url}/modules/contacts/disable").status_code == 303
    assert client.get(f"{business.url}/contacts/contact").status_code == 404
    client.post(f"{business.url}/modules/nonsense/enable")
    assert "nonsense" in client.get(f"{business.url}/modules").text
    with business.acting(), unit_of_work():
        pass


def test_token_page_shows_a_token_once(business: Business) -> None:
    client = business.client()
    page = client.post(f"{business.url}/tokens/new", data={"name": "Shop", "scope": "read", "expires": "30"})
    assert page.status_code == 200
    assert "dwn_" in page.text
    token = page.text.split('value="dwn_')[1].split('"')[0]
    again = client.get(f"{business.url}/tokens").text
    assert "Shop" in again
    assert token not in again
    answer = client.get("/api/v1/contacts/contact", headers={"Authorization": f"Bearer dwn_{token}"})
    assert answer.status_code == 200
    refused = client.post(
        "/api/v1/contacts/contact", json={"name": "X"}, headers={"Authorization": f"Bearer dwn_{token}"}
    )
    assert refused.status_code == 403
    token_id = again.split("/revoke")[0].rsplit("/tokens/")[-1]
    assert client.post(f"{business.url}/tokens/{token_id}/revoke").status_code == 303
    answer = client.get("/api/v1/contacts/contact", headers={"Authorization": f"Bearer dwn_{token}"})
    assert answer.status_code == 401
