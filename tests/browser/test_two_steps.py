"""Signing in with two steps, as a person lives it: a passkey of the device, an app, codes on paper."""

from __future__ import annotations

import re
import time
from typing import Any

import pyotp
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import text

from diwan.db import scope, unit_of_work
from diwan.testing.chrome import Windows
from diwan.testing.live import Live
from diwan.testing.world import Business, Person
from diwan.users.passwords import hash_password

PASSWORD = "seven quiet otters"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def give_password(live: Live, person: Person) -> None:
    with live.app.app_context(), scope(), unit_of_work() as session:
        values = {"hash": hash_password(PASSWORD), "id": person.id}
        session.execute(text('UPDATE core."user" SET password_hash = :hash WHERE id = :id'), values)


def device(page: Page) -> tuple[CDPSession, str]:
    """Give the browser a device that knows its person's finger; return how to change it."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return protocol, made["authenticatorId"]


def log_out(page: Page) -> None:
    page.goto("/account/security")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def type_password(page: Page, person: Person) -> None:
    page.get_by_role("textbox", name="E-mail").fill(person.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


def test_each_screen_reads_well(windows: Windows, live: Live, shop: Business, axe: Any) -> None:
    """In a window as narrow as a small phone: nothing overflows, and axe has nothing to say."""
    give_password(live, shop.owner)
    page = windows.open(shop.owner, width=360)

    def look() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, page.url
        assert axe(page) == [], page.url

    for place in (
        "/account/second-step",
        "/account/confirm",
        "/account/security/passkeys/new",
        "/account/security/app",
    ):
        page.goto(place)
        look()
    page.get_by_text("It cannot read it?").click()
    app = pyotp.TOTP((page.locator(".key").text_content() or "").replace(" ", ""))
    look()
    page.get_by_label("Code from the app").fill(app.at(time.time() - 30))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    look()
    for place in ("/account/security", "/account/confirm", f"{shop.url}/settings/policy"):
        page.goto(place)
        look()
    log_out(page)
    look()
    type_password(page, shop.owner)
    look()
    page.goto("/login/second?way=recovery")
    look()


def test_a_passkey_is_made_used_and_removed(windows: Windows, live: Live, shop: Business) -> None:
    give_password(live, shop.owner)
    page = windows.open(shop.owner)
    protocol, authenticator = device(page)
    page.goto("/account/security")
    page.get_by_role("link", name="Add").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Create the passkey").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator(".passkeys")).to_contain_text("My laptop")

    log_out(page)
    protocol.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    protocol.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(re.compile(shop.url))

    log_out(page)
    type_password(page, shop.owner)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(shop.url))

    page.goto("/account/security")
    page.get_by_role("button", name="Remove “My laptop”").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("The passkey “My laptop” was removed.")).to_be_visible()
    expect(page.locator("#factors")).to_contain_text("off")


def test_an_app_is_set_up_and_its_codes_let_in(windows: Windows, live: Live, shop: Business) -> None:
    give_password(live, shop.owner)
    page = windows.open(shop.owner)
    page.goto("/account/security")
    page.get_by_role("link", name="Set up").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    assert page.locator(".qr img").evaluate("img => img.naturalWidth") > 0
    page.get_by_text("It cannot read it?").click()
    app = pyotp.TOTP((page.locator(".key").text_content() or "").replace(" ", ""))
    page.get_by_label("Code from the app").fill(app.at(time.time() - 30))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    paper = page.locator(".codes code").first.text_content() or ""
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert paper in download.value.path().read_text()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator("#factors")).to_contain_text("10 codes left")

    log_out(page)
    type_password(page, shop.owner)
    code = app.now().translate(ARABIC)
    page.get_by_label("Code from your app").fill(f"{code[:3]} {code[3:]}")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(shop.url))

    log_out(page)
    type_password(page, shop.owner)
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(paper)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(shop.url))
    page.goto("/account/security")
    expect(page.locator("#factors")).to_contain_text("9 codes left")
