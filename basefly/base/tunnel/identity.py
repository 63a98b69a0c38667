"""Who is at the other end of a tunnel: Ed25519 keys, and signatures of what the other side has just made up."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from basefly.base.secret import Secret

NONCE: Final = 32  # bytes
_SIZE: Final = 32  # bytes of a key, secret or public (RFC 8032)
_GROUP: Final = 4  # letters of a fingerprint between two dashes
_SHOWN: Final = 24

AGENT = b"basefly tunnel: an agent\0"
HUB = b"basefly tunnel: a hub\0"
NEXT = b"basefly tunnel: an agent's next key\0"
PEER = b"basefly tunnel: another process of a hub\0"


class Key:
    """Signs. The secret half stays in here, but for `secret`, which is for whoever keeps it."""

    def __init__(self, raw: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(raw)
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def create(cls) -> Key:
        """A new one."""
        return cls(os.urandom(_SIZE))

    @classmethod
    def read(cls, text: str) -> Key:
        """One that `secret` told; raises ValueError for anything else."""
        return cls(base64.b64decode(text, validate=True))

    @property
    def secret(self) -> Secret:
        """The secret half as text."""
        return Secret(base64.b64encode(self._key.private_bytes_raw()).decode())

    def sign(self, role: bytes, nonce: bytes) -> bytes:
        """Sign what the other side made up, in one role, so that no signature is good in another."""
        return self._key.sign(role + nonce)


def signed(public: bytes, role: bytes, nonce: bytes, signature: bytes) -> bool:
    """Whether the holder of a key has signed this nonce in this role."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, role + nonce)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """A public key as people compare it: six groups of four letters and digits."""
    digest = base64.b32encode(hashlib.sha256(public).digest()).decode().lower()[:_SHOWN]
    return "-".join(digest[at : at + _GROUP] for at in range(0, _SHOWN, _GROUP))
