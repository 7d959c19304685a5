"""One example of every mail that Diwan sends, with names that a mail must not take for markup.

It must hold no real address.
"""

from __future__ import annotations

from typing import Any

_FACTORS: dict[str, Any] = {
    "name": "<i>Mariam</i>",
    "link": "/account/security",
    "passkey": "",
    "left": 0,
    "business": "",
    "by": "",
}

VALUES: dict[str, dict[str, Any]] = {
    "code": {"code": "123456"},
    "already": {},
    "reset": {"name": "<i>Mariam</i>", "link": "/reset/abc"},
    "password_changed": {"name": "<i>Mariam</i>"},
    "new_device": {
        "name": "<i>Mariam</i>",
        "device": "<i>Chrome</i> on Windows",
        "place": "203.0.113.7",
        "moment": "24 Nov 2026, 12:00 UTC",
        "link": "/account/sessions",
    },
    "email_change": {"name": "<i>Mariam</i>", "old": "a+<i>@example.com", "link": "/account/email/confirm/abc"},
    "email_changing": {"name": "<i>Mariam</i>", "new": "a+<i>@example.com", "link": "/account/email/undo/abc"},
    "email_taken": {"name": "<i>Mariam</i>", "old": "a+<i>@example.com"},
    "invitation": {
        "inviter": "<i>Omar</i>",
        "inviter_email": "omar@example.com",
        "business": "A & B",
        "link": "/invitation/abc",
    },
    "takeout": {"name": "<i>Mariam</i>", "business": "A & <i>B</i>", "link": "/t/a-b/settings/data", "days": 7},
    "closing": {
        "name": "<i>Mariam</i>",
        "business": "A & <i>B</i>",
        "who": "<i>Omar</i>",
        "day": "24 Dec 2026, 12:00",
        "link": "/t/a-b",
    },
    "kept": {"name": "<i>Mariam</i>", "business": "A & <i>B</i>", "who": "<i>Omar</i>", "day": "", "link": "/t/a-b"},
    "erased": {
        "name": "<i>Mariam</i>",
        "business": "A & <i>B</i>",
        "address": "a-b",
        "report": ["Erased: <i>A</i>", "", "core.file: 3"],
    },
    "factors.app_on": {**_FACTORS, "what": "app_on"},
    "factors.app_off": {**_FACTORS, "what": "app_off"},
    "factors.passkey_on": {**_FACTORS, "what": "passkey_on", "passkey": "<i>Key</i>"},
    "factors.passkey_off": {**_FACTORS, "what": "passkey_off", "passkey": "<i>Key</i>"},
    "factors.codes_new": {**_FACTORS, "what": "codes_new"},
    "factors.code_used": {**_FACTORS, "what": "code_used", "left": 3},
    "factors.reset by an operator": {**_FACTORS, "what": "reset"},
    "factors.reset": {**_FACTORS, "what": "reset", "business": "A & <i>B</i>", "by": "<i>Omar</i>"},
}
"""Mail to its values. A template that says several things is there once for each: `template.what`."""
