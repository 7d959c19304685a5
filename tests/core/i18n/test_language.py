"""Which language a page is in, how one changes it, and that Arabic is really shown, from right to left."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from diwan.db.base import now
from diwan.kit import formats
from diwan.testing.visitor import CSRF, Visitor
from diwan.testing.world import World

ARABIC = re.compile("[\u0600-\u06ff]")


def html_of(page: str) -> tuple[str, str]:
    """Return language and direction of a page."""
    found = re.search(r'<html lang="(\w+)" dir="(\w+)"', page)
    assert found, page[:300]
    return found[1], found[2]


@pytest.mark.parametrize("path", ["/login", "/sign-up", "/forgot", "/nothing"])
@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", ("en", "ltr")),
        ("ar", ("ar", "rtl")),
        ("ar-KW,ar;q=0.9,en;q=0.8", ("ar", "rtl")),
        ("fr,ar;q=0.5", ("ar", "rtl")),
        ("fr", ("en", "ltr")),
        ("en-GB,ar;q=0.5", ("en", "ltr")),
    ],
)
def test_public_pages_take_the_language_of_the_browser(
    app: Flask, path: str, asked: str, language: tuple[str, str]
) -> None:
    page = app.test_client().get(path, headers={"Accept-Language": asked} if asked else {}).text
    assert html_of(page) == language


def test_what_a_visitor_chooses_stays(app: Flask) -> None:
    visitor = Visitor(app)
    assert html_of(visitor.get("/login").text) == ("en", "ltr")
    answer = visitor.browser.post(
        "/preferences/language",
        data={"language": "ar", "csrf_token": visitor.csrf},
        headers={"Referer": "http://localhost/sign-up"},
    )
    assert answer.status_code == 303
    assert answer.location == "/sign-up"
    for path in ("/sign-up", "/login", "/forgot"):
        assert html_of(visitor.get(path).text) == ("ar", "rtl")
    # Also for a browser that asks for English, and with no page of the business open.
    assert html_of(visitor.browser.get("/login", headers={"Accept-Language": "en"}).text) == ("ar", "rtl")


def test_a_language_that_there_is_not_changes_nothing(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.get("/login")
    visitor.post("/preferences/language", language="tlh")
    assert html_of(visitor.get("/login").text) == ("en", "ltr")


def test_what_a_person_chooses_stays_in_every_browser(world: World) -> None:
    business = world.business()
    first, second = business.client(), business.client()
    assert html_of(first.get(business.url).text) == ("en", "ltr")
    first.post("/preferences/language", data={"language": "ar"})
    for client in (first, second):
        assert html_of(client.get(business.url).text) == ("ar", "rtl")
    second.post("/preferences/language", data={"language": "en"})
    assert html_of(first.get(business.url).text) == ("en", "ltr")


def test_the_language_follows_a_visitor_through_the_sign_up(app: Flask) -> None:
    visitor = Visitor(app)
    visitor.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ar"
    page = visitor.get("/sign-up").text
    assert 'value="ar" selected' in page
    begun = {"email": visitor.email, "business": "الأفق الأزرق", "country": "KW", "language": "ar"}
    assert visitor.post("/sign-up", **begun).status_code == 303
    assert ARABIC.search(str(visitor.mails()[-1]["Subject"]))
    assert visitor.post("/sign-up/code", code=visitor.code()).status_code == 303
    assert html_of(visitor.get("/sign-up/password").text) == ("ar", "rtl")
    answer = visitor.post("/sign-up/password", name="مريم حداد", password="seven quiet otters")
    visitor.browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = visitor.get(answer.location).text
    assert html_of(page) == ("ar", "rtl")
    assert "مرحبًا، مريم" in page


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("", ["الرئيسية", "مرحبًا، Test", "فعّل وحداتك", "سجل التدقيق"]),
        ("/contacts/contact", ["جهات الاتصال", "إضافة جهة اتصال", "بحث في جهات الاتصال", "استيراد", "البلد"]),
        ("/contacts/contact/new", ["الاسم بالعربية", "وسائل الاتصال", "العنوان الرئيسي", "حفظ وإضافة آخر", "الكويت"]),
        ("/contacts/contact/import", ["أفلت جدولًا هنا أو اختر واحدًا", "متابعة"]),
        ("/hello/greeting", ["التحيات", "إضافة تحية"]),
        ("/modules", ["الوحدات", "الأساس", "أمثلة", "مفعّلة", "العملاء والمورّدون"]),
        ("/people", ["الأشخاص", "مالك"]),
        ("/people/invite", ["إرسال الدعوة"]),
        ("/settings", ["الإعدادات", "المنطقة الزمنية", "الكويت · Asia/Kuwait", "دينار كويتي"]),
        ("/tokens", ["رموز الواجهة البرمجية"]),
        ("/tokens/new", ["رموز الواجهة البرمجية", "30 يومًا"]),
        ("/audit", ["سجل التدقيق", "تسجيل دخول"]),
        ("/search?q=x", ["لا نتائج"]),
    ],
)
def test_pages_of_an_arabic_business(world: World, path: str, texts: list[str]) -> None:
    business = world.business(language="ar")
    client = business.client()
    client.get(business.url)  # so that the log has something to tell
    page = client.get(business.url + path).text
    assert html_of(page) == ("ar", "rtl")
    for text in texts:
        assert text in page, text


def test_errors_and_messages_are_arabic(world: World) -> None:
    business = world.business(language="ar")
    client = business.client()
    new = f"{business.url}/contacts/contact/new"
    assert "هذه القيمة مطلوبة." in client.post(new, data={"name": ""}).text
    made = client.post(new, data={"name": "Oryx (W.L.L.)", "kind": "organisation"})
    page = client.get(made.location).text
    assert "تم إنشاء «Oryx (W.L.L.)»." in page
    assert "لا شيء في هذا العنوان" in client.get(f"{business.url}/nothing/here").text


def test_the_api_answers_in_the_language_of_the_request(world: World) -> None:
    business = world.business()
    client = business.world.app.test_client()
    answer = client.post(
        "/api/v1/contacts/contact",
        json={"name": ""},
        headers={"Authorization": f"Bearer {business.token()}", "Accept-Language": "ar"},
    )
    assert answer.status_code == 422
    assert "هذه القيمة مطلوبة." in [error["message"] for error in answer.get_json()["errors"]]


def test_no_page_takes_the_language_of_the_one_before(world: World) -> None:
    arabic, english = world.business(language="ar"), world.business()
    first, second = arabic.client(), english.client()
    for _round in range(2):
        assert html_of(first.get(arabic.url).text) == ("ar", "rtl")
        assert html_of(second.get(english.url).text) == ("en", "ltr")
        assert CSRF.search(world.app.test_client().get("/login").text)


def test_digits_are_latin_in_both_languages() -> None:
    from diwan.kit import i18n

    token = i18n.set_language("ar")
    try:
        texts = [formats.moment(now()), formats.both_calendars(now()), formats.number(1234), formats.ago(now(), now())]
    finally:
        i18n.reset_language(token)
    assert not any(re.search("[\u0660-\u0669]", text) for text in texts), texts
    assert all(ARABIC.search(text) for text in (texts[0], texts[1], texts[3]))
