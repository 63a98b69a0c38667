"""The key that signs what must be provable outside the database: Ed25519, its secret half in a file or the environment.

Public halves are kept in `audit/keys.jsonl` for ever, each signed by the one before it: what an old key signed stays
verifiable, and a new key cannot be slipped in.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from basefly.base.settings import Settings, SettingsError

SIZE = 32  # bytes of a key, secret or public (RFC 8032)
_ENDORSED = b"basefly-audit-key-v1"


class Known(msgspec.Struct, frozen=True):
    """A line of keys.jsonl: a public key, and the signature of the key before it, empty for the first."""

    public: str
    endorsed: str = ""


class Signer:
    """Signs with the key in use. The secret half stays in here: in no repr, no log and no error."""

    def __init__(self, secret: bytes, ring: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._ring = ring
        self.public = self._key.public_key().public_bytes_raw()

    @classmethod
    def load(cls, settings: Settings) -> Signer:
        """The key of BASEFLY_AUDIT_KEY, else of data_dir/audit.key, which the first start makes. Ends a rotation."""
        if settings.audit_key:
            given = cls(_read(settings.audit_key, "BASEFLY_AUDIT_KEY"), ring(settings))
            given._enter(None)
            return given
        file = settings.data_dir / "audit.key"
        following = file.with_name("audit.key.next")
        if not file.exists() and not following.exists():
            _write(file, os.urandom(SIZE))
        signer = cls(_read_file(file), ring(settings)) if file.exists() else None
        if following.exists():
            successor = cls(_read_file(following), ring(settings))
            successor._enter(signer)
            following.replace(file)
            return successor
        assert signer is not None, "one of the two files is there"  # noqa: S101  # for the type checker
        signer._enter(None)
        return signer

    def sign(self, message: bytes) -> bytes:
        """64 bytes that only this key makes of the message."""
        return self._key.sign(message)

    def _enter(self, before: Signer | None) -> None:
        """Add the public half to the ring, unless it is there."""
        known = read_ring(self._ring)
        if self.public in known:
            return
        if before is not None:
            before._enter(None)
        text = base64.b64encode(before.sign(_ENDORSED + self.public)).decode() if before else ""
        line = msgspec.json.encode(Known(base64.b64encode(self.public).decode(), text))
        append(self._ring, line)


def rotate(settings: Settings) -> None:
    """Make the next key. Whoever loads the key from now on signs with it; a crash in between loses nothing."""
    if settings.audit_key:
        raise SettingsError(
            "The key is set in BASEFLY_AUDIT_KEY, so it is replaced there: openssl rand -base64 32\n"
            "Its public half is added to audit/keys.jsonl at the next start; the old ones stay."
        )
    Signer.load(settings)  # an earlier rotation is finished, and the key in use is in the ring
    _write(settings.data_dir / "audit.key.next", os.urandom(SIZE))
    Signer.load(settings)


def ring(settings: Settings) -> Path:
    """Where the public keys lie."""
    return settings.data_dir / "audit" / "keys.jsonl"


def read_ring(path: Path) -> dict[bytes, bool]:
    """Every public key that ever signed here, and whether the key before it vouches for it. The first needs nobody."""
    found: dict[bytes, bool] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        entry = msgspec.json.decode(line, type=Known)
        public = base64.b64decode(entry.public)
        vouched = not found or any(
            good(before, _ENDORSED + public, base64.b64decode(entry.endorsed)) for before in list(found)
        )
        found[public] = vouched
    return found


def good(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the secret half of this key made the signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: bytes) -> str:
    """A short name for a public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def append(path: Path, line: bytes) -> None:
    """Add a line to a file that only grows, and have it on the disk before this returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: Path, secret: bytes) -> None:
    """Whole or not at all, and never over one that is there."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(base64.b64encode(secret) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _read_file(file: Path) -> bytes:
    if file.stat().st_mode & 0o077:
        raise SettingsError(f"{file} can be read by others.\nchmod 600 {file}; and if they may have, rotate it.")
    return _read(file.read_text(), str(file))


def _read(text: str, source: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != SIZE:
        raise SettingsError(
            f"{source} does not hold a key: 32 bytes in base64 are wanted.\n"
            "If it was damaged, restore it from your backup. A new one: openssl rand -base64 32"
        )
    return secret
