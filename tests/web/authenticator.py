"""A device that keeps passkeys, as small as the standard allows: real signatures, and it can be told to lie."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.flags = PRESENT | VERIFIED
        self.count = 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.user = b""

    def made(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """What a browser gives for `navigator.credentials.create`."""
        self.user = decode(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"], lies)
        numbers = self.key.public_key().public_numbers()
        point = numbers.x.to_bytes(32), numbers.y.to_bytes(32)
        public_key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + point[0] + b"\x22\x58\x20" + point[1]
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + public_key
        data = self._data(lies.get("rp", options["rp"]["id"]), self.flags | ATTESTED) + attested
        attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
        return self._credential({"clientDataJSON": encode(client), "attestationObject": encode(attestation)})

    def signed(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """What a browser gives for `navigator.credentials.get`."""
        self.count = lies.get("count", self.count + 1)
        client = self._client("webauthn.get", options["challenge"], lies)
        data = self._data(lies.get("rp", options["rpId"]), self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "clientDataJSON": encode(client),
                "authenticatorData": encode(data),
                "signature": encode(lies.get("signature", signature)),
                "userHandle": encode(lies.get("user", self.user)),
            }
        )

    def _client(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | {name: lies[name] for name in said if name in lies}).encode()

    def _data(self, rp: str, flags: int) -> bytes:
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": encode(self.id), "rawId": encode(self.id), "type": "public-key", "response": response}
