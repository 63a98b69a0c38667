"""Sealed secrets open in their own place only, with their own key only, and a wrong key is told from a lost one."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.db.secrets import KEY_FILE, PREVIOUS_FILE, Unreadable, Vault, rotate
from basefly.base.errors import Conflict
from basefly.base.settings import Settings, SettingsError

CANARY = b"canary-7c1e0f"
PLACE = "cluster_credentials/sealed/7"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
async def vault(settings: Settings, db: Database) -> Vault:
    vault = Vault.load(settings)
    await vault.check(db)
    return vault


async def test_what_is_sealed_opens_again(db: Database, org: UUID, vault: Vault, settings: Settings) -> None:
    async with db.transaction(org) as tx:
        sealed = await vault.seal(tx, CANARY, purpose=PLACE)
        assert CANARY not in sealed
        assert sealed != await vault.seal(tx, CANARY, purpose=PLACE), "equal secrets do not look equal"
    later = Vault.load(settings)
    await later.check(db)
    async with db.transaction(org) as tx:
        assert await later.open(tx, sealed, purpose=PLACE) == CANARY


async def test_nowhere_else(db: Database, org: UUID, other_org: UUID, vault: Vault) -> None:
    async with db.transaction(org) as tx:
        sealed = await vault.seal(tx, CANARY, purpose=PLACE)
        with pytest.raises(Unreadable):
            await vault.open(tx, sealed, purpose="cluster_credentials/sealed/8")
    async with db.transaction(other_org) as tx:
        await vault.seal(tx, b"theirs", purpose=PLACE)
        with pytest.raises(Unreadable):
            await vault.open(tx, sealed, purpose=PLACE)


async def test_one_bit_changed_anywhere_is_found(db: Database, org: UUID, vault: Vault) -> None:
    async with db.transaction(org) as tx:
        sealed = await vault.seal(tx, CANARY, purpose=PLACE)
        for position in range(len(sealed)):
            broken = bytearray(sealed)
            broken[position] ^= 1
            with pytest.raises(Unreadable):
                await vault.open(tx, bytes(broken), purpose=PLACE)
        for short in (b"", sealed[:20], sealed[:-1]):
            with pytest.raises(Unreadable):
                await vault.open(tx, short, purpose=PLACE)


async def test_an_organization_has_one_key_however_many_begin(db: Database, org: UUID, vault: Vault) -> None:
    async def seal() -> bytes:
        async with db.transaction(org) as tx:
            return await vault.seal(tx, CANARY, purpose=PLACE)

    sealed = await asyncio.gather(*[seal() for _ in range(8)])
    async with db.transaction(org) as tx:
        assert await tx.value("select count(*) from data_keys") == 1
        assert {await vault.open(tx, one, purpose=PLACE) for one in sealed} == {CANARY}


async def test_no_secret_without_an_organization(db: Database, vault: Vault) -> None:
    async with db.transaction() as tx:
        with pytest.raises(ValueError, match="organization"):
            await vault.seal(tx, CANARY, purpose=PLACE)


def test_the_first_start_makes_a_private_key_and_the_next_one_finds_it(settings: Settings) -> None:
    usual = os.umask(0)
    try:
        first = Vault.load(settings)
    finally:
        os.umask(usual)
    file = settings.data_dir / "encryption.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Vault.load(settings).fingerprint == first.fingerprint
    assert [path.name for path in settings.data_dir.iterdir()] == ["encryption.key"]


def test_a_key_that_others_may_read_is_refused(settings: Settings) -> None:
    Vault.load(settings)
    (settings.data_dir / "encryption.key").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        Vault.load(settings)


@pytest.mark.parametrize("text", ["short", "!" * 44, base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_key_is_refused_without_telling_it(settings: Settings, text: str) -> None:
    file = settings.data_dir / "encryption.key"
    file.parent.mkdir()
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="openssl") as refused:
        Vault.load(settings)
    assert text not in str(refused.value)


def test_the_environment_comes_first(settings: Settings, tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, encryption_key=base64.b64encode(b"k" * 32).decode())
    assert Vault.load(given).fingerprint != Vault.load(settings).fingerprint
    assert not (tmp_path / "encryption.key").exists()


async def test_a_lost_key_is_reported_and_not_papered_over(db: Database, settings: Settings, vault: Vault) -> None:
    file = settings.data_dir / "encryption.key"
    saved = file.read_bytes()
    file.unlink()
    with pytest.raises(SettingsError, match=f"{vault.fingerprint}.*just made"):
        await Vault.load(settings).check(db)
    assert not file.exists(), "no new key takes the place of the lost one"
    file.write_bytes(saved)
    file.chmod(0o600)
    await Vault.load(settings).check(db)


async def test_another_key_is_reported(db: Database, vault: Vault, tmp_path: Path) -> None:
    other = Vault.load(Settings(data_dir=tmp_path / "other", encryption_key=base64.b64encode(b"k" * 32).decode()))
    with pytest.raises(SettingsError, match=f"{vault.fingerprint}.*{other.fingerprint}"):
        await other.check(db)


async def test_an_organization_sealed_by_another_master_key_says_so(
    db: Database, org: UUID, vault: Vault, tmp_path: Path
) -> None:
    other = Vault.load(Settings(data_dir=tmp_path, encryption_key=base64.b64encode(b"k" * 32).decode()))
    async with db.transaction(org) as tx:
        sealed = await vault.seal(tx, CANARY, purpose=PLACE)
        with pytest.raises(Unreadable) as unreadable:
            await other.open(tx, sealed, purpose=PLACE)
    assert vault.fingerprint in unreadable.value.detail
    assert other.fingerprint in unreadable.value.cure


class TestOwn:
    """Secrets of the hub itself."""

    async def test_all_who_ask_at_once_have_the_same(self, settings: Settings, db: Database, vault: Vault) -> None:
        async def ask() -> bytes:
            async with db.transaction() as tx:
                return await Vault.load(settings).own(tx, "name", lambda: os.urandom(8))

        assert len(set(await asyncio.gather(*(ask() for _ in range(5))))) == 1
        async with db.transaction() as tx:
            assert await vault.own(tx, "other", lambda: CANARY) == CANARY

    async def test_is_sealed_and_opens_under_its_own_name_alone(self, db: Database, vault: Vault) -> None:
        async with db.transaction() as tx:
            await vault.own(tx, "name", lambda: CANARY)
            await vault.own(tx, "other", lambda: b"another")
            assert CANARY not in (await tx.one(bytes, "select sealed from hub_secrets where name = 'name'") or b"")
            await tx.execute(
                "update hub_secrets set sealed = (select sealed from hub_secrets where name = 'name')"
                " where name = 'other'"
            )
            with pytest.raises(Unreadable):
                await vault.own(tx, "other", lambda: b"")


def test_keys_are_in_no_repr() -> None:
    key = b"k" * 32
    vault = Vault(key, "here")
    told = repr(vault) + repr(vars(vault))
    assert "kkkk" not in told
    assert base64.b64encode(key).decode() not in told


STEPS = 7  # files twice, the fingerprint, two organizations, the hub's own, the retirement


@pytest.fixture
async def sealed(settings: Settings, db: Database, org: UUID, other_org: UUID) -> dict[UUID, bytes]:
    """A secret of each of two organizations, sealed by the first key."""
    vault = Vault.load(settings)
    await vault.check(db)
    found = {}
    for org_id in (org, other_org):
        async with db.transaction(org_id) as tx:
            found[org_id] = await vault.seal(tx, str(org_id).encode(), purpose=PLACE)
    async with db.transaction() as tx:
        await vault.own(tx, "name", lambda: CANARY)
    return found


async def everything_opens(settings: Settings, db: Database, sealed: dict[UUID, bytes]) -> Vault:
    """As a hub that starts now finds it."""
    vault = Vault.load(settings)
    await vault.check(db)
    for org_id, secret in sealed.items():
        async with db.transaction(org_id) as tx:
            assert await vault.open(tx, secret, purpose=PLACE) == str(org_id).encode()
            again = await vault.seal(tx, b"new", purpose=PLACE)
            assert await vault.open(tx, again, purpose=PLACE) == b"new"
    async with db.transaction() as tx:
        assert await vault.own(tx, "name", lambda: b"another") == CANARY
    return vault


async def test_all_secrets_open_by_the_new_key_alone(
    settings: Settings, db: Database, sealed: dict[UUID, bytes]
) -> None:
    old = (settings.data_dir / KEY_FILE).read_text()
    steps = [step async for step in rotate(settings, db, list(sealed))]
    assert len(steps) == STEPS
    assert (settings.data_dir / KEY_FILE).read_text() != old
    assert not (settings.data_dir / PREVIOUS_FILE).exists()
    assert (settings.data_dir / KEY_FILE).stat().st_mode & 0o077 == 0
    await everything_opens(settings, db, sealed)
    assert old.strip() not in "".join(steps)
    with pytest.raises(SettingsError, match="sealed by the key"):
        await Vault.load(Settings(data_dir=settings.data_dir, encryption_key=old)).check(db)


@pytest.mark.parametrize("done", range(STEPS))
async def test_a_crash_after_any_step_loses_nothing_and_the_next_run_ends_it(
    settings: Settings, db: Database, sealed: dict[UUID, bytes], done: int
) -> None:
    await crash(rotate(settings, db, list(sealed)), done)
    await everything_opens(settings, db, sealed)
    _ = [step async for step in rotate(settings, db, list(sealed))]
    vault = await everything_opens(settings, db, sealed)
    async with db.transaction() as tx:
        assert await tx.all(str, "select fingerprint from master_keys") == [vault.fingerprint]
    assert not (settings.data_dir / PREVIOUS_FILE).exists()


async def crash(rotation: AsyncIterator[str], done: int) -> None:
    """Go on until so many steps are done, and never again."""
    for _ in range(done + 1):
        await anext(rotation)


async def test_a_key_in_use_is_not_retired(settings: Settings, db: Database, sealed: dict[UUID, bytes]) -> None:
    one, other = sealed
    given = environment(settings)
    vault = Vault.load(given)
    await vault.check(db)
    async with db.transaction(one) as tx:
        assert await vault.rewrap(tx) == 1
    with pytest.raises(Conflict, match="still seals"):
        await vault.retire(db)
    async with db.transaction(other) as tx:
        assert await vault.rewrap(tx) == 1
        assert await vault.rewrap(tx) == 0, "again changes nothing"
    with pytest.raises(Conflict, match="still seals"):
        await vault.retire(db)
    async with db.transaction() as tx:
        assert await vault.rewrap_own(tx) == 1
        assert await vault.rewrap_own(tx) == 0, "again changes nothing"
    assert await vault.retire(db)
    assert not await vault.retire(db)


def environment(settings: Settings) -> Settings:
    """The same hub with its key in the environment, beside a new one."""
    return msgspec.structs.replace(
        settings,
        encryption_key=base64.b64encode(os.urandom(32)).decode(),
        encryption_key_previous=(settings.data_dir / KEY_FILE).read_text(),
    )


async def test_keys_of_the_environment_rotate_too(settings: Settings, db: Database, sealed: dict[UUID, bytes]) -> None:
    given = environment(settings)
    await everything_opens(given, db, sealed)
    _ = [step async for step in rotate(given, db, list(sealed))]
    await everything_opens(msgspec.structs.replace(given, encryption_key_previous=""), db, sealed)


async def test_without_a_new_key_there_is_nothing_to_rotate_to(settings: Settings, db: Database) -> None:
    given = msgspec.structs.replace(settings, encryption_key=base64.b64encode(os.urandom(32)).decode())
    with pytest.raises(SettingsError, match="no new key"):
        await anext(rotate(given, db, []))
