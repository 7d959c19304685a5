"""Second factors of an account: authenticator app, passkeys, recovery codes.

It must not know sessions of browsers beyond ending them; `web.auth` leads people through.
"""

from diwan.users.factors.service import (
    APP,
    PROVEN,
    RECOVERY,
    Factors,
    add_app,
    add_passkey,
    factors_of,
    people_with_factors,
    prove,
    remove_app,
    remove_passkey,
    renew_codes,
    reset,
)

__all__ = [
    "APP",
    "PROVEN",
    "RECOVERY",
    "Factors",
    "add_app",
    "add_passkey",
    "factors_of",
    "people_with_factors",
    "prove",
    "remove_app",
    "remove_passkey",
    "renew_codes",
    "reset",
]
