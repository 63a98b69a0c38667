"""Secrets at rest: a master key outside the database seals one key an organization, and that seals each secret.

A sealed secret is bound to its organization and its place (table, column, row): copied elsewhere it does not open.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from basefly.base.db.failures import Referenced
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Conflict
from basefly.base.settings import Settings, SettingsError

VERSION = b"\x01"
KEY_FILE, PREVIOUS_FILE = "encryption.key", "encryption.key.previous"
KEY, NONCE, ID = 32, 12, 16  # bytes; a random nonce is safe for 2^32 secrets a key (NIST SP 800-38D, 8.3)


class Unreadable(BaseflyError):
    """A sealed secret does not open here: it was damaged, moved, or sealed by a key that is gone."""

    code, title = "secret_unreadable", "A stored secret cannot be read"


class DataKey(msgspec.Struct):
    """An organization's key, as stored: sealed by the master key of that fingerprint."""

    id: UUID
    fingerprint: str
    wrapped: bytes


class OwnSecret(msgspec.Struct):
    """A secret of the hub itself, as stored: sealed by the master key of that fingerprint."""

    name: str
    fingerprint: str
    sealed: bytes


class Vault:
    """Seals and opens secrets. Keys stay in here: they are in no repr, no log and no error."""

    def __init__(self, key: bytes, source: str, *, created: Path | None = None, previous: bytes | None = None) -> None:
        self._source = source
        self._created = created
        self.fingerprint = _fingerprint(key)
        self.previous = _fingerprint(previous) if previous and previous != key else ""
        self._masters = {_fingerprint(each): AESGCM(each) for each in (previous, key) if each}

    @classmethod
    def load(cls, settings: Settings) -> Vault:
        """The key from BASEFLY_ENCRYPTION_KEY, else from data_dir/encryption.key, which the first start makes."""
        if settings.encryption_key:
            key = _read_key(settings.encryption_key, "BASEFLY_ENCRYPTION_KEY")
            return cls(key, "BASEFLY_ENCRYPTION_KEY", previous=_previous(settings))
        file = settings.data_dir / KEY_FILE
        created = _create(file)
        if file.stat().st_mode & 0o077:
            raise SettingsError(f"{file} can be read by others.\nchmod 600 {file}; and if they may have, rotate it.")
        key = _read_key(file.read_text(), str(file))
        return cls(key, str(file), created=file if created else None, previous=_previous(settings))

    async def check(self, db: Database) -> None:
        """Raise SettingsError unless this database's secrets were sealed by this key; a new database takes it."""
        async with db.transaction() as tx:
            await tx.execute("select pg_advisory_xact_lock(hashtext('master_keys'))")
            known = await tx.all(str, "select fingerprint from master_keys")
            if not known or (self.fingerprint not in known and self.previous in known):
                known = []
                await tx.execute("insert into master_keys (fingerprint) values (%s)", [self.fingerprint])
        if known and self.fingerprint not in known:
            if self._created:
                self._created.unlink()  # made a moment ago, it has sealed nothing and would hide what is missing
            raise SettingsError(
                f"The secrets of this database were sealed by the key with fingerprint {', '.join(known)}; "
                f"the key of {self._source} has {self.fingerprint}"
                f"{' (just made, because there was none)' if self._created else ''}.\n"
                "Put the right key back from your backup. If it is lost, so are the clusters' stored credentials: "
                "(Within a rotation, BASEFLY_ENCRYPTION_KEY_PREVIOUS holds the old one.) Otherwise: "
                "empty the tables cluster_credentials, data_keys and master_keys, start again, and give each cluster "
                "its credentials anew."
            )

    async def seal(self, tx: Tx, plaintext: bytes, *, purpose: str) -> bytes:
        """Seal for the organization of `tx`. `purpose` is where it will lie: "table/column/row id"."""
        key_id, key = await self._key_in_use(tx)
        nonce = os.urandom(NONCE)
        return VERSION + key_id.bytes + nonce + AESGCM(key).encrypt(nonce, plaintext, _place(tx, purpose))

    async def open(self, tx: Tx, sealed: bytes, *, purpose: str) -> bytes:
        """Open what `seal` made for this organization and purpose; raises Unreadable otherwise."""
        if sealed[:1] != VERSION or len(sealed) < 1 + ID + NONCE:
            raise Unreadable(f"{purpose} does not hold a sealed secret.")
        key_id, nonce, rest = UUID(bytes=sealed[1 : 1 + ID]), sealed[1 + ID : 1 + ID + NONCE], sealed[1 + ID + NONCE :]
        stored = await tx.one(DataKey, f"{_COLUMNS} where org_id = %s and id = %s", [tx.org_id, key_id])
        if stored is None:
            raise Unreadable(f"The key that sealed {purpose} is not there.")
        try:
            return AESGCM(self._unwrap(tx, stored)).decrypt(nonce, rest, _place(tx, purpose))
        except InvalidTag as error:
            raise Unreadable(f"{purpose} was damaged, or belongs elsewhere.", cure="Store the secret again.") from error

    async def own(self, tx: Tx, name: str, make: Callable[[], bytes]) -> bytes:
        """A secret of the hub itself, one for all its processes: whoever asks first makes it. Raises Unreadable."""
        query = f"{_OWN} where name = %s"
        stored = await tx.one(OwnSecret, query, [name])
        if stored is None:
            await tx.execute(
                "insert into hub_secrets (name, fingerprint, sealed) values (%s, %s, %s) on conflict do nothing",
                [name, self.fingerprint, self._seal(make(), _own_place(name))],
            )
            stored = await tx.one(OwnSecret, query, [name])  # another process may have been faster
        if stored is None:
            raise Unreadable(f"The hub has no {name}, and none could be made.")
        return self._opened(stored.fingerprint, stored.sealed, _own_place(name), f"The hub's {name}")

    async def rewrap_own(self, tx: Tx) -> int:
        """Seal the hub's own secrets by the master key in use; how many were sealed by another."""
        others = await tx.all(OwnSecret, f"{_OWN} where fingerprint <> %s for update", [self.fingerprint])
        for stored in others:
            place = _own_place(stored.name)
            plain = self._opened(stored.fingerprint, stored.sealed, place, f"The hub's {stored.name}")
            await tx.execute(
                "update hub_secrets set fingerprint = %s, sealed = %s where name = %s",
                [self.fingerprint, self._seal(plain, place), stored.name],
            )
        return len(others)

    async def rewrap(self, tx: Tx) -> int:
        """Seal the keys of the organization of `tx` by the master key in use; how many were sealed by another."""
        query = f"{_COLUMNS} where org_id = %s and fingerprint <> %s for update"
        others = await tx.all(DataKey, query, [tx.org_id, self.fingerprint])
        for stored in others:
            wrapped = self._wrap(tx, self._unwrap(tx, stored))
            await tx.execute(
                "update data_keys set fingerprint = %s, wrapped = %s where org_id = %s and id = %s",
                [self.fingerprint, wrapped, tx.org_id, stored.id],
            )
        return len(others)

    async def retire(self, db: Database) -> bool:
        """Strike the previous master key out; Conflict while it still seals anything, False if it is out already."""
        try:
            async with db.transaction() as tx:
                return bool(await tx.execute("delete from master_keys where fingerprint = %s", [self.previous]))
        except Referenced as error:
            raise Conflict(
                f"The master key {self.previous} still seals keys of organizations.", cure="Run basefly rotate-key."
            ) from error

    def _wrap(self, tx: Tx, key: bytes) -> bytes:
        return self._seal(key, _place(tx, "data key"))

    def _seal(self, plain: bytes, place: bytes) -> bytes:
        """Sealed by the master key in use."""
        nonce = os.urandom(NONCE)
        return nonce + self._masters[self.fingerprint].encrypt(nonce, plain, place)

    async def _key_in_use(self, tx: Tx) -> tuple[UUID, bytes]:
        """The organization's key for new secrets, made at its first secret."""
        query = f"{_COLUMNS} where org_id = %s and retired_at is null"
        stored = await tx.one(DataKey, query, [tx.org_id])
        if stored is None:
            key = AESGCM.generate_key(KEY * 8)
            wrapped = self._wrap(tx, key)
            await tx.execute(
                "insert into data_keys (org_id, fingerprint, wrapped) values (%s, %s, %s)"
                " on conflict (org_id) where retired_at is null do nothing",
                [tx.org_id, self.fingerprint, wrapped],
            )
            stored = await tx.one(DataKey, query, [tx.org_id])  # another process may have been faster
        if stored is None:
            raise Unreadable("The organization has no key, and none could be made.")
        return stored.id, self._unwrap(tx, stored)

    def _unwrap(self, tx: Tx, stored: DataKey) -> bytes:
        return self._opened(stored.fingerprint, stored.wrapped, _place(tx, "data key"), "The organization's key")

    def _opened(self, fingerprint: str, sealed: bytes, place: bytes, what: str) -> bytes:
        """Opened by the master key that sealed it."""
        try:
            return self._masters[fingerprint].decrypt(sealed[:NONCE], sealed[NONCE:], place)
        except (InvalidTag, KeyError) as error:
            raise Unreadable(
                f"{what} was sealed by another master key ({fingerprint}).",
                cure=f"Put it back: {self._source} now holds {self.fingerprint}.",
            ) from error


class Box:
    """Seals with one key that someone else keeps: losing the key is losing what it sealed, which may be the point."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)

    @staticmethod
    def new_key() -> bytes:
        """A key for one box."""
        return AESGCM.generate_key(KEY * 8)

    def seal(self, plaintext: bytes, place: bytes) -> bytes:
        """Seal for a place; it does not open elsewhere."""
        nonce = os.urandom(NONCE)
        return nonce + self._key.encrypt(nonce, plaintext, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Open what was sealed with this key for that place; raises Unreadable otherwise."""
        try:
            return self._key.decrypt(sealed[:NONCE], sealed[NONCE:], place)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("What was sealed here was damaged, or belongs elsewhere.") from error


_COLUMNS = "select id, fingerprint, wrapped from data_keys"
_OWN = "select name, fingerprint, sealed from hub_secrets"


def _place(tx: Tx, purpose: str) -> bytes:
    """What a sealed secret is bound to. The organization's id has a fixed length, so no two places look alike."""
    if tx.org_id is None:
        raise ValueError("secrets belong to an organization: open the transaction with one")
    return VERSION + tx.org_id.bytes + purpose.encode()


def _own_place(name: str) -> bytes:
    """What a secret of the hub itself is bound to: no organization has the id of zeros."""
    return VERSION + bytes(ID) + f"hub_secrets/{name}".encode()


async def rotate(settings: Settings, db: Database, organizations: Sequence[UUID]) -> AsyncIterator[str]:
    """Replace the master key, and tell each step that is done for good. Whoever is interrupted begins again.

    Keys in files are made here; keys of the environment are given there, the old one as the previous one.
    """
    if not settings.encryption_key:
        for step in _renew(settings.data_dir):
            yield step
    vault = Vault.load(settings)
    if not vault.previous:
        raise SettingsError(
            "There is no new key to rotate to.\nPut the present key into BASEFLY_ENCRYPTION_KEY_PREVIOUS and a new one "
            "into BASEFLY_ENCRYPTION_KEY (openssl rand -base64 32), restart every hub, and run this again."
        )
    await vault.check(db)
    yield f"The new key {vault.fingerprint} is known."
    for org_id in organizations:
        async with db.transaction(org_id) as tx:
            count = await vault.rewrap(tx)
        if count:
            yield f"{count} keys of organization {org_id} are sealed by it."
    async with db.transaction() as tx:
        count = await vault.rewrap_own(tx)
    if count:
        yield f"{count} secrets of the hub itself are sealed by it."
    await vault.retire(db)
    yield f"The old key {vault.previous} is retired."
    (settings.data_dir / PREVIOUS_FILE).unlink(missing_ok=True)


def _renew(folder: Path) -> Iterator[str]:
    """A new key in the file, the old one beside it; a rotation that was interrupted keeps the two it has."""
    file, previous = folder / KEY_FILE, folder / PREVIOUS_FILE
    if not file.exists():
        raise SettingsError(f"{file} is not there.\nStart the hub once: it makes the first key.")
    if previous.exists() and previous.read_bytes() != file.read_bytes():
        return
    if not previous.exists():
        _write(previous, file.read_bytes())
        yield f"The old key lies in {previous}."
    _write(file, base64.b64encode(AESGCM.generate_key(KEY * 8)) + b"\n")
    yield f"A new key lies in {file}."


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def _previous(settings: Settings) -> bytes | None:
    """The key before, while a rotation replaces it."""
    if settings.encryption_key_previous:
        return _read_key(settings.encryption_key_previous, "BASEFLY_ENCRYPTION_KEY_PREVIOUS")
    file = settings.data_dir / PREVIOUS_FILE
    if settings.encryption_key or not file.exists():
        return None
    return _read_key(file.read_text(), str(file))


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"basefly master key\0" + key).hexdigest()[:16]


def _create(file: Path) -> bool:
    """Write a new key if there is none; whole or not at all, and never over one that is there."""
    if file.exists():
        return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(base64.b64encode(AESGCM.generate_key(KEY * 8)) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _read_key(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY:
        raise SettingsError(
            f"{source} does not hold a key: 32 bytes in base64 are wanted.\n"
            "If it was damaged, restore it from your backup. A new one: openssl rand -base64 32"
        )
    return key
