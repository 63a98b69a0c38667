"""Prove oneself anew, before what cannot be taken back, and set up what one proves oneself with.

Whenever a session comes to mean more, it gets another secret: one that somebody planted earlier is worth nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Denied, Invalid, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.audit.actions import record
from basefly.core.factors import actions as factors
from basefly.core.factors.model import Enrolled, NewTotp, Passkey, Totp
from basefly.core.identity import model, passwords, signing, store, throttle
from basefly.core.identity.mail import outbox
from basefly.core.identity.model import Account
from basefly.core.identity.signing import Proof

_WRONG = "This does not prove that it is you."


class Own(NamedTuple):
    """What one proves oneself with."""

    enrolled: Enrolled
    totp: Totp | None
    passkeys: list[Passkey]


class Set(NamedTuple):
    """A factor was set up: the session's new secret, and the first recovery codes if there were none."""

    secret: Secret
    codes: list[str]


async def own(house: House, by: Principal) -> Own:
    """One's own factors."""
    async with house.db.transaction(await _home(house, by)) as tx:
        return Own(*await factors.own(tx, by))


async def ways(house: House, by: Principal) -> tuple[str, ...]:
    """By what one proves oneself: a factor if one has any, else the password."""
    return (await own(house, by)).enrolled.ways or ("password",)


async def by_word(house: House, by: Principal, secret: str, proof: Proof) -> Secret:
    """Prove oneself by password, code or recovery code; the session's new secret. Raises Denied or Limited."""
    account = await _account(house, by)
    await throttle.spend(house.db, "factor", str(account.id), throttle.ACCOUNT)
    if proof.way == "password":
        proved = await _by_password(house, account, proof.password)
    else:
        async with house.db.transaction(account.home_org_id) as tx:
            proved = await signing.taken(tx, house, account, proof)
    if not proved:
        await signing.note_failure(house.db, account, proof.way)
        raise Denied(_WRONG, cure="Check what you typed; each code is good once.")
    await throttle.forgive(house.db, "factor", str(account.id))
    return await _risen(house, by, secret, proof.way)


async def challenge(house: House, secret: str) -> dict[str, Any]:
    """What the browser is asked to sign, to prove oneself by a passkey."""
    async with house.db.transaction() as tx:
        return await factors.ask(tx, house.settings, "proof", model.fingerprint(secret))


async def by_passkey(house: House, by: Principal, secret: str, credential: dict[str, Any]) -> Secret:
    """Prove oneself by a passkey; the session's new secret. Raises Denied."""
    account = await _account(house, by)
    given = await factors.answered(house.db, credential, "proof", model.fingerprint(secret))
    why = "not asked for"
    if given:
        async with house.db.transaction(account.home_org_id) as tx:
            why = await factors.take_passkey(tx, house.settings, account.id, challenge=given, credential=credential)
    if why:
        await signing.note_failure(house.db, account, "passkey", why)
        raise Denied(_WRONG, cure="Try again; a request to sign is good for five minutes, once.")
    return await _risen(house, by, secret, "passkey")


async def begin_totp(house: House, by: Principal) -> NewTotp:
    """The secret of an authenticator app to come."""
    async with house.db.transaction(await _home(house, by)) as tx:
        return await factors.begin_totp(tx, house.vault, by)


async def shown_totp(house: House, by: Principal) -> NewTotp | None:
    """The app that waits for its first code."""
    async with house.db.transaction(await _home(house, by)) as tx:
        return await factors.shown_totp(tx, house.vault, by)


async def confirm_totp(house: House, by: Principal, secret: str, code: str) -> Set:
    """The first code of the app makes it a factor; other sessions end."""
    await throttle.spend(house.db, "factor", str(by.user_id), throttle.ACCOUNT)
    async with house.db.transaction(await _home(house, by)) as tx:
        await factors.confirm_totp(tx, house.vault, by, code)
        codes = await factors.first_codes(tx, by)
        return Set(await _raised(tx, house, by, secret, way="totp"), codes)


async def registration(house: House, by: Principal, secret: str) -> dict[str, Any]:
    """What the browser is asked for to make a passkey."""
    async with house.db.transaction(await _home(house, by)) as tx:
        return await factors.registration(tx, house.settings, by, model.fingerprint(secret))


async def register(
    house: House, by: Principal, secret: str, *, credential: dict[str, Any], name: str
) -> tuple[Passkey, Set]:
    """Keep the passkey that the browser made; other sessions end."""
    given = await factors.answered(house.db, credential, "registration", model.fingerprint(secret))
    if given is None:
        raise Invalid("This passkey was not asked for.", cure="Begin again; a request is good for five minutes, once.")
    async with house.db.transaction(await _home(house, by)) as tx:
        passkey = await factors.register(tx, house.settings, by, challenge=given, credential=credential, name=name)
        codes = await factors.first_codes(tx, by)
        return passkey, Set(await _raised(tx, house, by, secret, way="passkey"), codes)


async def rename_passkey(house: House, by: Principal, passkey_id: UUID, name: str) -> None:
    """Call a passkey otherwise."""
    async with house.db.transaction(await _home(house, by)) as tx:
        await factors.rename_passkey(tx, by, passkey_id, name)


async def remove_passkey(house: House, by: Principal, secret: str, passkey_id: UUID) -> None:
    """Take a passkey away; other sessions end."""
    async with house.db.transaction(await _home(house, by)) as tx:
        await factors.remove_passkey(tx, by, passkey_id)
        await _changed(tx, house, by, secret)


async def remove_totp(house: House, by: Principal, secret: str) -> None:
    """Take the authenticator app away; other sessions end."""
    async with house.db.transaction(await _home(house, by)) as tx:
        await factors.remove_totp(tx, by)
        await _changed(tx, house, by, secret)


async def make_recovery_codes(house: House, by: Principal) -> list[str]:
    """Ten new codes, shown this once."""
    async with house.db.transaction(await _home(house, by)) as tx:
        return await factors.make_recovery_codes(tx, by)


async def _by_password(house: House, account: Account, password: Secret) -> bool:
    """The password alone proves only whoever has nothing better."""
    async with house.db.transaction(account.home_org_id) as tx:
        enrolled = await factors.enrolled(tx, account.id)
    return await passwords.matches(password, account.password_hash) and not enrolled.any


async def _risen(house: House, by: Principal, secret: str, way: str) -> Secret:
    async with house.db.transaction(by.org_id) as tx:
        fresh = await _renewed(tx, by, secret, way)
        await record(tx, by, "session.proved", f"users/{by.user_id}", {"factor": way})
    return fresh


async def _raised(tx: Tx, house: House, by: Principal, secret: str, *, way: str) -> Secret:
    """A factor was added, which this session has proved."""
    await _changed(tx, house, by, secret)
    return await _renewed(tx, by, secret, way)


async def _changed(tx: Tx, house: House, by: Principal, secret: str) -> None:
    """A factor came or went: every other session ends, and the person hears of it by mail."""
    await store.end_sessions(tx, by.user_id, but=model.fingerprint(secret))
    await outbox.tell(tx, house, "factors_changed", by.email)


async def _renewed(tx: Tx, by: Principal, secret: str, way: str) -> Secret:
    fresh = model.mint(by.org_id)
    if not await store.renew_session(tx, model.fingerprint(secret), model.fingerprint(fresh.reveal()), (way,)):
        raise Unauthenticated("The session has ended.", cure="Sign in again.")
    return fresh


async def _account(house: House, by: Principal) -> Account:
    async with house.db.transaction() as tx:
        account = await store.get_user_account(tx, by.user_id)
    if account is None:
        raise NotFound("There is no such person any more.")
    return account


async def _home(house: House, by: Principal) -> UUID:
    """The organization in which a person's factors lie."""
    return (await _account(house, by)).home_org_id
