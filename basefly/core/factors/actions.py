"""Set factors up and take them away; and what a sign-in is completed with: codes, recovery codes, passkeys.

Every transaction here is of the organization that is the person's home.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from basefly.base.db.failures import Duplicate
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.settings import Settings
from basefly.core.audit.actions import record
from basefly.core.factors import model, passkeys, store, totp
from basefly.core.factors.model import Enrolled, NewTotp, Passkey, Purpose, Totp

_WRONG_CODE = "This code is wrong."
_CODE_CURE = "Type the six digits that the app shows now; check that the clock of its device is right."


async def enrolled(tx: Tx, user_id: UUID) -> Enrolled:
    """What a person has set up."""
    return await store.get_enrolled(tx, user_id)


async def own(tx: Tx, by: Principal) -> tuple[Enrolled, Totp | None, list[Passkey]]:
    """One's own factors."""
    return (
        await store.get_enrolled(tx, by.user_id),
        await store.get_totp(tx, by.user_id),
        await store.page_passkeys(tx, by.user_id),
    )


async def begin_totp(tx: Tx, vault: Vault, by: Principal) -> NewTotp:
    """The secret of an app to come; it counts once a code of it has come. Raises Conflict when one stands."""
    secret = totp.new()
    sealed = await vault.seal(tx, secret.encode(), purpose=_place(by.user_id))
    if not await store.upsert_totp(tx, by.user_id, sealed):
        raise Conflict(
            "You have an authenticator app already.", cure="Remove it first, if another shall take its place."
        )
    return totp.shown(secret, by.email)


async def shown_totp(tx: Tx, vault: Vault, by: Principal) -> NewTotp | None:
    """The app to come, once more; None when none was begun."""
    device = await store.lock_totp(tx, by.user_id, confirmed=False)
    if device is None:
        return None
    secret = await vault.open(tx, device.sealed, purpose=_place(by.user_id))
    return totp.shown(secret.decode(), by.email)


async def confirm_totp(tx: Tx, vault: Vault, by: Principal, code: str) -> None:
    """The app has proved itself: it is a factor from now on. Raises Invalid for a wrong code."""
    if not await _take(tx, vault, by.user_id, code, confirmed=False):
        raise Invalid(_WRONG_CODE, errors=(FieldError("/code", _CODE_CURE),), cure=_CODE_CURE)
    await record(tx, by, "factor.added", f"users/{by.user_id}", {"factor": "totp"})


async def remove_totp(tx: Tx, by: Principal) -> None:
    """Take the app away."""
    if not await store.delete_totp(tx, by.user_id):
        raise NotFound("You have no authenticator app.")
    await record(tx, by, "factor.removed", f"users/{by.user_id}", {"factor": "totp"})
    await _forget_codes(tx, by)


async def make_recovery_codes(tx: Tx, by: Principal) -> list[str]:
    """Ten new codes, shown this once; earlier ones are worth nothing any more."""
    if not (await store.get_enrolled(tx, by.user_id)).any:
        raise Conflict(
            "Recovery codes stand in for a lost factor, and you have none.",
            cure="Set up an authenticator app or a passkey first.",
        )
    codes = [model.recovery_code() for _ in range(model.CODES)]
    await store.replace_recovery_codes(tx, by.user_id, [model.fingerprint(code) for code in codes])
    await record(tx, by, "recovery_codes.made", f"users/{by.user_id}", {"codes": len(codes)})
    return codes


async def first_codes(tx: Tx, by: Principal) -> list[str]:
    """Recovery codes for whoever has just set up a factor and has none."""
    return [] if (await store.get_enrolled(tx, by.user_id)).recovery_codes else await make_recovery_codes(tx, by)


async def registration(tx: Tx, settings: Settings, by: Principal, bound: bytes) -> dict[str, Any]:
    """What the browser is asked for to make a passkey."""
    party = passkeys.party(settings)
    known = await store.get_credential_ids(tx, by.user_id)
    if len(known) >= model.PASSKEYS:
        raise Conflict(f"You have {len(known)} passkeys, the most there can be.", cure="Remove one you do not use.")
    challenge = secrets.token_bytes(32)
    await store.insert_challenge(tx, passkeys.fingerprint(challenge), "registration", bound, model.CHALLENGE_LIFE)
    handle = model.handle(_home(tx), by.user_id)
    return passkeys.creation(party, challenge=challenge, handle=handle, account=by.email, known=known)


async def register(
    tx: Tx, settings: Settings, by: Principal, *, challenge: bytes, credential: dict[str, Any], name: str
) -> Passkey:
    """Keep the passkey that the browser made; `challenge` was used up by `answered`."""
    try:
        made = passkeys.made(passkeys.party(settings), credential, challenge)
    except passkeys.Refused as error:
        raise Invalid("The passkey was not accepted.", cure="Try again, or with another device.") from error
    try:
        async with tx.attempt():
            passkey = await store.insert_passkey(
                tx,
                by.user_id,
                name=name.strip()[:100] or "Passkey",
                credential_id=made.credential_id,
                public_key=made.public_key,
                counted=(made.sign_count, made.synced),
            )
    except Duplicate as error:
        raise Conflict("This passkey is registered already.") from error
    if passkey is None:
        raise NotFound("The passkey was not kept.")
    await record(tx, by, "factor.added", f"users/{by.user_id}", {"factor": "passkey", "name": passkey.name})
    return passkey


async def rename_passkey(tx: Tx, by: Principal, passkey_id: UUID, name: str) -> None:
    """Call a passkey of one's own otherwise."""
    if not name.strip() or len(name.strip()) > 100:
        raise Invalid("A name has 1 to 100 characters.", errors=(FieldError("/name", "Say which device it is."),))
    if not await store.rename_passkey(tx, by.user_id, passkey_id, name.strip()):
        raise NotFound("You have no such passkey.")
    await record(tx, by, "factor.renamed", f"users/{by.user_id}", {"factor": "passkey", "name": name.strip()})


async def remove_passkey(tx: Tx, by: Principal, passkey_id: UUID) -> None:
    """Take a passkey of one's own away."""
    name = await store.delete_passkey(tx, by.user_id, passkey_id)
    if name is None:
        raise NotFound("You have no such passkey.")
    await record(tx, by, "factor.removed", f"users/{by.user_id}", {"factor": "passkey", "name": name})
    await _forget_codes(tx, by)


async def remove_all(tx: Tx, user_id: UUID) -> Enrolled:
    """Take away all that a person has set up, an app without its first code too; what was taken. Whoever asks records.

    Waits for whoever uses one of the factors at this moment.
    """
    totp_, passkeys_, codes = await store.delete_all(tx, user_id)
    return Enrolled(totp=totp_, passkeys=passkeys_, recovery_codes=codes)


async def ask(tx: Tx, settings: Settings, purpose: Purpose, bound: bytes) -> dict[str, Any]:
    """What the browser is asked to sign with a passkey; `bound` is what only this browser has."""
    party = passkeys.party(settings)
    challenge = secrets.token_bytes(32)
    await store.insert_challenge(tx, passkeys.fingerprint(challenge), purpose, bound, model.CHALLENGE_LIFE)
    return passkeys.request(party, challenge=challenge)


async def answered(db: Database, credential: dict[str, Any], purpose: Purpose, bound: bytes) -> bytes | None:
    """The challenge that was given to this browser for this purpose, used up whatever comes of it; None for another."""
    challenge = passkeys.challenge_of(credential)
    async with db.transaction() as tx:
        stands = await store.use_challenge(tx, passkeys.fingerprint(challenge), purpose, bound)
    return challenge if stands else None


def owner_of(credential: dict[str, Any]) -> tuple[UUID, UUID] | None:
    """The organization and the person whom an answer names; it is to be verified still."""
    return model.owner(passkeys.names(credential)[1])


async def take_passkey(
    tx: Tx, settings: Settings, user_id: UUID, *, challenge: bytes, credential: dict[str, Any]
) -> str:
    """Why the answer does not prove this person; empty when it does, which is noted."""
    credential_id, _ = passkeys.names(credential)
    kept = await store.lock_credential(tx, credential_id)
    if kept is None or kept.user_id != user_id:
        return "no passkey of this person"
    try:
        used = passkeys.used(passkeys.party(settings), credential, challenge, kept)
    except passkeys.Refused as error:
        return str(error)[:200] or "not verified"
    await store.use_passkey(tx, kept.id, sign_count=used.sign_count, synced=used.synced)
    return ""


async def take_totp(tx: Tx, vault: Vault, user_id: UUID, code: str) -> bool:
    """Whether this is a code of the person's app that was not taken before; then it is taken."""
    return await _take(tx, vault, user_id, code, confirmed=True)


async def take_recovery_code(tx: Tx, user_id: UUID, code: str) -> bool:
    """Whether this is a recovery code that was not used; then it is used."""
    return await store.use_recovery_code(tx, user_id, model.fingerprint(code))


async def _take(tx: Tx, vault: Vault, user_id: UUID, code: str, *, confirmed: bool) -> bool:
    device = await store.lock_totp(tx, user_id, confirmed=confirmed)
    if device is None:
        return False
    secret = (await vault.open(tx, device.sealed, purpose=_place(user_id))).decode()
    step = totp.step(secret, code, last=device.last_step)
    if step is None:
        return False
    await store.use_totp(tx, user_id, step)
    return True


async def _forget_codes(tx: Tx, by: Principal) -> None:
    """Without a factor there is nothing that recovery codes could stand in for."""
    if not (await store.get_enrolled(tx, by.user_id)).any:
        await store.replace_recovery_codes(tx, by.user_id, [])


def _place(user_id: UUID) -> str:
    return f"totp_devices/sealed/{user_id}"


def _home(tx: Tx) -> UUID:
    if tx.org_id is None:
        raise ValueError("factors belong to an organization: open the transaction with one")
    return tx.org_id
