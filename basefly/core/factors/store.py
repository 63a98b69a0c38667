"""Every query of authenticator apps, recovery codes, passkeys and their challenges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.factors.model import Credential, Device, Enrolled, Passkey, Purpose, Totp


async def get_enrolled(tx: Tx, user_id: UUID) -> Enrolled:
    """What a person has set up."""
    found = await tx.one(
        Enrolled,
        """select exists (select from totp_devices where org_id = %(org)s and user_id = %(user)s
                          and confirmed_at is not null) as totp,
                  (select count(*) from passkeys where org_id = %(org)s and user_id = %(user)s) as passkeys,
                  (select count(*) from recovery_codes where org_id = %(org)s and user_id = %(user)s
                   and used_at is null) as recovery_codes""",
        {"org": tx.org_id, "user": user_id},
    )
    return found or Enrolled(totp=False, passkeys=0, recovery_codes=0)


async def get_totp(tx: Tx, user_id: UUID) -> Totp | None:
    """A person's authenticator app, once it has proved itself."""
    return await tx.one(
        Totp,
        """select created_at, used_at from totp_devices
            where org_id = %s and user_id = %s and confirmed_at is not null""",
        [tx.org_id, user_id],
    )


async def upsert_totp(tx: Tx, user_id: UUID, sealed: bytes) -> bool:
    """Keep the secret of an app to come in place of an unconfirmed one; False when a confirmed one stands."""
    touched = await tx.execute(
        """insert into totp_devices (org_id, user_id, sealed) values (%s, %s, %s)
           on conflict (org_id, user_id) do update set sealed = excluded.sealed, created_at = now(), last_step = 0
               where totp_devices.confirmed_at is null""",
        [tx.org_id, user_id, sealed],
    )
    return touched > 0


async def lock_totp(tx: Tx, user_id: UUID, *, confirmed: bool) -> Device | None:
    """A person's app, held until `tx` ends, so that two requests cannot take one code."""
    return await tx.one(
        Device,
        """select sealed, last_step from totp_devices
            where org_id = %s and user_id = %s and (confirmed_at is not null) = %s for update""",
        [tx.org_id, user_id, confirmed],
    )


async def use_totp(tx: Tx, user_id: UUID, step: int) -> None:
    """Note that the code of this step was taken; the first one confirms the app."""
    await tx.execute(
        """update totp_devices set last_step = %s, used_at = now(), confirmed_at = coalesce(confirmed_at, now())
            where org_id = %s and user_id = %s""",
        [step, tx.org_id, user_id],
    )


async def delete_totp(tx: Tx, user_id: UUID) -> bool:
    """Forget a person's app; False when there was none that was confirmed."""
    touched = await tx.execute(
        "delete from totp_devices where org_id = %s and user_id = %s and confirmed_at is not null", [tx.org_id, user_id]
    )
    return touched > 0


async def replace_recovery_codes(tx: Tx, user_id: UUID, hashes: Sequence[bytes]) -> None:
    """Keep these codes and forget all others."""
    await tx.execute("delete from recovery_codes where org_id = %s and user_id = %s", [tx.org_id, user_id])
    await tx.execute(
        "insert into recovery_codes (org_id, user_id, code_hash) select %s, %s, unnest(%s::bytea[])",
        [tx.org_id, user_id, list(hashes)],
    )


async def use_recovery_code(tx: Tx, user_id: UUID, code_hash: bytes) -> bool:
    """Use a code up; False when it is none of this person's, or used."""
    touched = await tx.execute(
        """update recovery_codes set used_at = now()
            where org_id = %s and user_id = %s and code_hash = %s and used_at is null""",
        [tx.org_id, user_id, code_hash],
    )
    return touched > 0


async def insert_passkey(
    tx: Tx, user_id: UUID, *, name: str, credential_id: bytes, public_key: bytes, counted: tuple[int, bool]
) -> Passkey | None:
    """Add a passkey, `counted` and synced as it says; raises Duplicate when it is there already."""
    sign_count, synced = counted
    return await tx.one(
        Passkey,
        """insert into passkeys (org_id, user_id, name, credential_id, public_key, sign_count, synced)
           values (%s, %s, %s, %s, %s, %s, %s) returning id, name, synced, created_at, used_at""",
        [tx.org_id, user_id, name, credential_id, public_key, sign_count, synced],
    )


async def page_passkeys(tx: Tx, user_id: UUID) -> list[Passkey]:
    """A person's passkeys, oldest first."""
    return await tx.all(
        Passkey,
        """select id, name, synced, created_at, used_at from passkeys
            where org_id = %s and user_id = %s order by created_at, id""",
        [tx.org_id, user_id],
    )


async def get_credential_ids(tx: Tx, user_id: UUID) -> list[bytes]:
    """What a person's passkeys are known by to their makers."""
    return await tx.all(
        bytes, "select credential_id from passkeys where org_id = %s and user_id = %s", [tx.org_id, user_id]
    )


async def lock_credential(tx: Tx, credential_id: bytes) -> Credential | None:
    """A passkey, held until `tx` ends, so that its counter is compared and moved by one at a time."""
    return await tx.one(
        Credential,
        """select id, user_id, public_key, sign_count from passkeys
            where org_id = %s and credential_id = %s for update""",
        [tx.org_id, credential_id],
    )


async def use_passkey(tx: Tx, passkey_id: UUID, *, sign_count: int, synced: bool) -> None:
    """Note that a passkey was used, and how far it has counted."""
    await tx.execute(
        "update passkeys set sign_count = %s, synced = %s, used_at = now() where org_id = %s and id = %s",
        [sign_count, synced, tx.org_id, passkey_id],
    )


async def rename_passkey(tx: Tx, user_id: UUID, passkey_id: UUID, name: str) -> bool:
    """Call a passkey otherwise; False when the person has none such."""
    touched = await tx.execute(
        "update passkeys set name = %s where org_id = %s and user_id = %s and id = %s",
        [name, tx.org_id, user_id, passkey_id],
    )
    return touched > 0


async def delete_passkey(tx: Tx, user_id: UUID, passkey_id: UUID) -> str | None:
    """Forget a passkey; its name, or None when the person has none such."""
    name: str | None = await tx.value(
        "delete from passkeys where org_id = %s and user_id = %s and id = %s returning name",
        [tx.org_id, user_id, passkey_id],
    )
    return name


async def delete_all(tx: Tx, user_id: UUID) -> tuple[bool, int, int]:
    """Forget all factors of a person: whether there was an app, how many passkeys, and how many codes not used yet."""
    words = [tx.org_id, user_id]
    apps = await tx.all(
        bool, "delete from totp_devices where org_id = %s and user_id = %s returning confirmed_at is not null", words
    )
    passkeys = await tx.execute("delete from passkeys where org_id = %s and user_id = %s", words)
    codes = await tx.all(
        bool, "delete from recovery_codes where org_id = %s and user_id = %s returning used_at is null", words
    )
    return any(apps), passkeys, sum(codes)


async def insert_challenge(tx: Tx, hash_: bytes, purpose: Purpose, bound: bytes, lifetime: timedelta) -> None:
    """Keep a challenge, and forget those whose time is over."""
    await tx.execute("delete from challenges where expires_at < now()")
    await tx.execute(
        "insert into challenges (hash, purpose, bound, expires_at) values (%s, %s, %s, now() + %s)",
        [hash_, purpose, bound, lifetime],
    )


async def use_challenge(tx: Tx, hash_: bytes, purpose: Purpose, bound: bytes) -> bool:
    """Use a challenge up; False when it is not there, too old, or was given to someone else or for something else."""
    touched = await tx.execute(
        "delete from challenges where hash = %s and purpose = %s and bound = %s and expires_at > now()",
        [hash_, purpose, bound],
    )
    return touched > 0
