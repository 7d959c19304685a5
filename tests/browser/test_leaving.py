"""An owner takes everything along, closes the business and keeps it after all, as somebody at the screen does."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from diwan.db import unit_of_work
from diwan.testing.world import PASSWORD, World
from diwan.users.models import User
from diwan.users.passwords import hash_password


@pytest.mark.parametrize("width", [1440, 390])
def test_export_close_and_keep(live_world: World, windows: Any, axe: Any, tmp_path: Path, width: int) -> None:
    business = live_world.business("contacts")
    with business.acting(), unit_of_work() as session:
        session.get_one(User, business.owner.id).password_hash = hash_password(PASSWORD)
    page = windows.open(business.owner, width=width)
    page.goto(f"{business.url}/settings/data")
    page.get_by_role("button", name="Make an export").click()
    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible(timeout=30_000)  # the page follows the job by itself
    assert axe(page) == []
    with page.expect_download() as taken:
        download.click()
    taken.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as opened:
        assert opened.testzip() is None
        assert "manifest.json" in opened.namelist()
    page.get_by_role("link", name="Close the business…").click()
    page.get_by_label(f"Type {business.tenant.slug} to confirm").fill(business.tenant.slug)
    page.get_by_label("Your password").fill("this is not it")
    page.get_by_role("button", name="Close the business").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Close the business").click()
    expect(page.get_by_role("heading", name="is closed")).to_be_visible()
    assert axe(page) == []
    windows.complaints.clear()  # the browser says that pages came with 422 and 403
    page.get_by_role("button", name="Keep").click()
    expect(page).to_have_url(f"{windows.live.url}{business.url}")
    expect(page.get_by_role("main")).to_be_visible()
    windows.complaints.clear()
