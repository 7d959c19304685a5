"""Which browser and which system a request came from, by its User-Agent; for people to recognise their own devices.

It must never decide anything: whoever sends the text chooses it.
"""

from __future__ import annotations

from diwan.kit.i18n import _
from diwan.kit.text import clean

# The first that is found names it: browsers claim to be their elders (Edge says Chrome, Chrome says Safari).
BROWSERS = (
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
HANDHELD = frozenset({"Android", "iOS"})
LONGEST = 80


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """Return their names; what is not known is empty."""
    return _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)


def device_name(user_agent: str, *, raw: bool = True) -> str:
    """Return how a person would call the device: "Chrome on Windows".

    What nobody knows is called by its own words, where a page shows them; a mail does not pass on (`raw`) what a
    stranger may have written.
    """
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    words = " ".join(clean(user_agent).split())[:LONGEST] if raw else ""
    return browser or system or words or str(_("Unknown device"))


def is_handheld(user_agent: str) -> bool:
    """Return whether it is a phone or a tablet."""
    return browser_and_system(user_agent)[1] in HANDHELD


def _first(signs: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for sign, name in signs if sign in text), "")
