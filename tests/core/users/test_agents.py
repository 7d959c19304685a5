"""Browsers and systems by their User-Agent."""

import pytest

from diwan.users.agents import device_name, is_handheld

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS = {
    f"{WINDOWS} Chrome/130.0.0.0 Safari/537.36": "Chrome on Windows",
    f"{WINDOWS} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0": "Edge on Windows",
    f"{WINDOWS} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0": "Opera on Windows",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0": "Firefox on Linux",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1": "Safari on iOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1": "Chrome on iOS",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 "
    "Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile "
    "Safari/537.36": "Chrome on Android",
    "curl/8.5.0": "curl/8.5.0",
    "": "Unknown device",
}


@pytest.mark.parametrize(("agent", "name"), AGENTS.items())
def test_devices_are_called_as_people_call_them(agent: str, name: str) -> None:
    assert device_name(agent) == name
    assert is_handheld(agent) == name.endswith(("Android", "iOS"))


def test_what_nobody_knows_is_short_and_on_one_line_and_in_no_mail() -> None:
    agent = "Nobody\r\nSubject: x\t" + "y" * 300
    name = device_name(agent)
    assert name.startswith("Nobody Subject: x y")
    assert len(name) == 80
    assert device_name(agent, raw=False) == "Unknown device"
