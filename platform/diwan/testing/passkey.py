"""A security key in software, for tests: it makes passkeys and answers for them as a browser would.

It must follow the standard where it is honest; tests make it lie on purpose.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SecurityKey:
    """One key, for one account. `origin` is the page that the browser claims to be on."""

    origin: str
    verifies: bool = True
    count: int = 0
    counts: bool = True
    user_handle: bytes = b""
    id: bytes = field(default_factory=lambda: os.urandom(16))
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create`."""
        self.user_handle = base64url_to_bytes(options["user"]["id"])
        numbers = self.private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        made = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(options["rp"]["id"], ATTESTED) + made}
        said = self._client("webauthn.create", options["challenge"])
        return self._told(clientDataJSON=said, attestationObject=cbor2.dumps(attestation))

    def answer(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.get`."""
        self.count += self.counts
        data, said = self._data(options["rpId"]), self._client("webauthn.get", options["challenge"])
        signature = self.private.sign(data + sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._told(clientDataJSON=said, authenticatorData=data, signature=signature, userHandle=self.user_handle)

    def _data(self, site: str, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(site.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _told(self, **response: bytes) -> str:
        parts = {name: bytes_to_base64url(value) for name, value in response.items() if value}
        own = bytes_to_base64url(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": parts})
