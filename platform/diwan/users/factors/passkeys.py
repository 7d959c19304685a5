"""Passkeys (WebAuthn): registered, checked, named, removed. One that verified its person is a whole sign-in.

It must take the address of this site from the settings only, and each challenge once (the caller keeps it).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, func, select

from diwan.db.base import now
from diwan.db.context import current
from diwan.db.direct import fetch_row
from diwan.errors import DiwanError, NotFound, Refuse
from diwan.kit.i18n import _
from diwan.users.factors.models import Passkey
from diwan.users.models import User
from diwan.users.service import clean_name

# The library takes a tenth of a second to import, most processes never need it: it is imported where it is used.

log = logging.getLogger(__name__)

MOST: Final = 20
LONGEST: Final = 20_000
TRANSPORTS: Final = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")
# Outside the unit of work. A count that does not grow says that somebody has a copy of the key; many keys do not count.
USE: Final = """UPDATE core.passkey SET sign_count = %(count)s, synced = %(synced)s, used_at = %(now)s
    WHERE id = %(id)s AND (sign_count < %(count)s OR (sign_count = 0 AND %(count)s = 0)) RETURNING id"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks: the host name to which keys are bound, and the origin that a browser reports."""

    id: str
    origin: str


def site_of(base_url: str) -> Site | None:
    """Return the site of DIWAN_URL, or None where browsers allow no passkeys: no https, or a number for a name."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return None
    if not host or (parts.scheme != "https" and host != "localhost"):
        return None
    port = parts.port if parts.port != {"https": 443, "http": 80}.get(parts.scheme) else None
    return Site(host, f"{parts.scheme}://{host}" + (f":{port}" if port else ""))


def of(user_id: UUID) -> Sequence[Passkey]:
    """Return a person's passkeys, the oldest first."""
    return current.session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def registration(site: Site, user: User) -> tuple[str, bytes]:
    """Return what the browser is asked to make a key, as JSON, and the challenge in it. Raises Refuse."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    known = of(user.id)
    _leave_room(len(known))
    options = generate_registration_options(
        rp_id=site.id,
        rp_name="Diwan",
        user_id=user.id.bytes,
        user_name=user.email,
        user_display_name=user.name,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_described(known),
    )
    return options_to_json(options), options.challenge


def register(site: Site, user: User, answer: str, challenge: bytes, name: str) -> Passkey:
    """Keep the key that the browser made. Raises Refuse, Invalid (the name)."""
    from webauthn import verify_registration_response

    name, said = clean_name(name), _parsed(answer)
    made = _checked(
        lambda: verify_registration_response(
            credential=said, expected_challenge=challenge, expected_rp_id=site.id, expected_origin=site.origin
        )
    )
    # The person is locked: two windows at once do not pass the limit.
    current.session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))
    statement = select(func.count()).select_from(Passkey)
    _leave_room(current.session.scalar(statement.where(Passkey.user_id == user.id)) or 0)
    if current.session.scalar(statement.where(Passkey.credential_id == made.credential_id)):
        raise Refuse(_("This passkey is registered already."))
    passkey = Passkey(
        user_id=user.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        transports=_transports(said),
        synced=made.credential_backed_up,
    )
    current.session.add(passkey)
    current.session.flush()
    return passkey


def question(site: Site, user_id: UUID | None = None) -> tuple[str, bytes]:
    """Return what the browser is asked, as JSON, and the challenge: one person's keys, or any that this site has."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    asked = structs.UserVerificationRequirement
    options = generate_authentication_options(
        rp_id=site.id,
        allow_credentials=_described(of(user_id)) if user_id else [],
        user_verification=asked.PREFERRED if user_id else asked.REQUIRED,
    )
    return options_to_json(options), options.challenge


def check(site: Site, answer: str, challenge: bytes, user_id: UUID | None = None) -> User:
    """Return whose key answered: `user_id`'s, or anybody's, who must then have shown finger, face or PIN.

    Raises Refuse with the same text whatever was wrong.
    """
    from webauthn import base64url_to_bytes, verify_authentication_response

    said = _parsed(answer)
    key_id = _checked(lambda: base64url_to_bytes(said["rawId"]))
    row = current.session.execute(
        select(Passkey, User).join(User, User.id == Passkey.user_id).where(Passkey.credential_id == key_id)
    ).one_or_none()
    if row is None:
        log.info("a passkey that is not known here")
        raise _wrong()
    passkey, user = row
    handle = _checked(lambda: base64url_to_bytes(said["response"].get("userHandle") or ""))
    if user.disabled_at is not None or (user_id and user.id != user_id) or handle not in (b"", user.id.bytes):
        raise _wrong()
    done = _checked(
        lambda: verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=user_id is None,
        )
    )
    values = {"id": passkey.id, "count": done.new_sign_count, "synced": done.credential_backed_up, "now": now()}
    if fetch_row(USE, values) is None:
        log.warning("passkey %s: its count did not grow; somebody may have a copy of it", passkey.id)
        raise _wrong()
    user.seen_at = now()
    return user


def find(user_id: UUID, passkey_id: UUID) -> Passkey:
    """Return a passkey of the person. Raises NotFound."""
    statement = select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id)
    found = current.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(_("There is no such passkey."))
    return found


def rename(user_id: UUID, passkey_id: UUID, name: str) -> None:
    """Call a passkey of the person something else. Raises NotFound, Invalid."""
    find(user_id, passkey_id).name = clean_name(name)


def remove(user_id: UUID, passkey_id: UUID) -> str:
    """Forget a passkey of the person; return its name. Raises NotFound."""
    passkey = find(user_id, passkey_id)
    current.session.delete(passkey)
    current.session.flush()
    return passkey.name


def remove_all(user_id: UUID) -> None:
    """Forget all passkeys of a person."""
    current.session.execute(delete(Passkey).where(Passkey.user_id == user_id))


def _leave_room(count: int) -> None:
    if count >= MOST:
        raise Refuse(_("You have %(n)s passkeys. Remove those that you no longer use.", n=MOST))


def _described(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers import structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=key.credential_id, transports=[structs.AuthenticatorTransport(name) for name in key.transports]
        )
        for key in passkeys
    ]


def _parsed(answer: str) -> dict[str, Any]:
    if not answer or len(answer) > LONGEST:
        raise _wrong()
    said = _checked(lambda: json.loads(answer))
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise _wrong()
    return said


def _transports(said: dict[str, Any]) -> list[str]:
    named = said["response"].get("transports")
    return [name for name in TRANSPORTS if name in named] if isinstance(named, list) else []


def _checked(step: Callable[[], T]) -> T:
    """Return what a step over a stranger's bytes returns; whatever it stumbles on, the answer is no."""
    try:
        return step()
    except DiwanError:
        raise
    except Exception as error:  # noqa: BLE001  (parsers of a library over bytes of a stranger)
        log.info("a passkey was refused: %s: %s", type(error).__name__, error)
        raise _wrong() from None


def _wrong() -> Refuse:
    return Refuse(_("The passkey could not be checked. Try again, or use another way."))
