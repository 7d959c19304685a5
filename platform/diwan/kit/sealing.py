"""Seals what must not be read in a stolen database or backup: AES-256-GCM, with keys that can be changed.

It must not store anything, nor log a key or a plain value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
NONCE = 12
KEY_SIZE = 32
KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")

_ring: dict[str, bytes] = {}
"""The keys of this process; the first one seals, all of them unseal."""


class SealError(Exception):
    """A value cannot be sealed or unsealed; the text says why and what an operator can do."""


def parse_keys(text: str) -> dict[str, bytes]:
    """Return the keys of DIWAN_SECRETS_KEYS, `id:base64,id:base64`, in their order. Raises ValueError."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, encoded = part.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueError("a key is written id:base64, the id of letters, digits, '-', '_' and '.'")
        try:
            key = base64.b64decode(encoded, altchars=b"-_" if set("-_") & set(encoded) else None, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"the key {key_id} is not base64") from None
        if len(key) != KEY_SIZE:
            raise ValueError(f"the key {key_id} must be {KEY_SIZE} random bytes, not {len(key)}")
        if key_id in keys:
            raise ValueError(f"the key {key_id} is named twice")
        keys[key_id] = key
    return keys


def provide_keys(secrets_keys: str, secret_key: str) -> None:
    """Tell this process its keys; called once by create_app. Raises SealError.

    The key derived from DIWAN_SECRET_KEY comes last: it seals while no other is set, and reads what it sealed then.
    """
    try:
        keys = parse_keys(secrets_keys)
    except ValueError as error:
        raise SealError(f"DIWAN_SECRETS_KEYS cannot be used: {error}.") from None
    if secret_key:
        derived = _derive(secret_key.encode(), b"diwan sealing")
        keys.setdefault("derived-" + hashlib.sha256(derived).hexdigest()[:12], derived)
    _ring.clear()
    _ring.update(keys)


def place(column: str, *owner: object) -> bytes:
    """Return the context of one place: a column (`core.factor.secret`) and who owns the row (a tenant, a user)."""
    return "\0".join([column, *map(str, owner)]).encode()


def seal(plain: bytes, context: bytes) -> bytes:
    """Return `plain` sealed with the newest key; only the same context opens it again. Raises SealError."""
    key_id = newest_key()
    header = bytes([VERSION, len(key_id)]) + key_id.encode()
    nonce = os.urandom(NONCE)
    return header + nonce + _cipher(key_id, context).encrypt(nonce, plain, header + context)


def unseal(sealed: bytes, context: bytes) -> bytes:
    """Return what was sealed. Raises SealError: key gone, altered, or sealed for another place."""
    key_id = key_of(sealed)
    if key_id not in _ring:
        raise SealError(
            f"This value was sealed with the key {key_id!r}, which is not among the keys of this installation"
            f" ({', '.join(_ring) or 'none'}). Put it back into DIWAN_SECRETS_KEYS, after the first one"
            + (", or set the earlier DIWAN_SECRET_KEY again." if key_id.startswith("derived-") else ".")
        )
    start = 2 + len(key_id)
    nonce, body = sealed[start : start + NONCE], sealed[start + NONCE :]
    try:
        return _cipher(key_id, context).decrypt(nonce, body, sealed[:start] + context)
    except (InvalidTag, ValueError):
        raise SealError("This value was altered, or sealed for another place: it cannot be opened here.") from None


def key_of(sealed: bytes) -> str:
    """Return the id of the key that sealed a value. Raises SealError when it is no sealed value."""
    try:
        if sealed[0] != VERSION or len(sealed) < 2 + sealed[1] + NONCE + 16:
            raise ValueError
        return sealed[2 : 2 + sealed[1]].decode("ascii")
    except (IndexError, ValueError):
        raise SealError("This is not a sealed value.") from None


def newest_key() -> str:
    """Return the id of the key that seals. Raises SealError when this process has none."""
    for key_id in _ring:
        return key_id
    raise SealError("No key to seal with: create_app() provides the keys.")


def known_keys() -> Iterable[str]:
    """Return the ids of all keys, the newest first."""
    return tuple(_ring)


def _cipher(key_id: str, context: bytes) -> AESGCM:
    """Return the cipher of one context: no two tenants, columns or purposes share a key."""
    return AESGCM(_derive(_ring[key_id], b"diwan value\0" + context))


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=purpose).derive(key)
