"""How someone comes in: a password and, for whoever has one, a second factor; or a passkey alone.

Every session begins in `open_session`, which knows about factors: whoever has one and has not proved it stays outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import FactorNeeded, Invalid, Unauthenticated
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.audit.actions import record
from basefly.core.factors import actions as factors
from basefly.core.factors.model import strong
from basefly.core.identity import model, passwords, store, throttle
from basefly.core.identity.model import Account, NewSession, Origin, User

_WRONG = "The e-mail address or the password is wrong."
_WRONG_FACTOR = "This does not prove that it is you."
_OVER = "This sign-in has waited too long, or was never begun here."


class SignedIn(NamedTuple):
    """Someone is in; the secret is for the cookie of their session."""

    user: User
    secret: Secret


class Halfway(NamedTuple):
    """The password was right, and one of these ways must follow; the secret is for the cookie that waits for it.

    `id` will be that of the session.
    """

    secret: Secret
    ways: tuple[str, ...]
    id: UUID


class Proof(NamedTuple):
    """What someone proves themselves by: one of these, the others empty."""

    password: Secret = Secret("")
    totp: str = ""
    recovery: str = ""

    @property
    def way(self) -> str:
        """Which one it is; "" for none."""
        given = (("password", bool(self.password)), ("totp", bool(self.totp)), ("recovery", bool(self.recovery)))
        return next((way for way, there in given if there), "")


async def with_password(house: House, email: str, password: Secret, origin: Origin) -> SignedIn | Halfway:
    """The first step, and for most the only one. Raises Unauthenticated or Limited, never telling who exists."""
    email = model.normalized(email)[:254]
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    await throttle.spend(house.db, "account", email, throttle.ACCOUNT)
    async with house.db.transaction() as tx:
        account = await store.get_account(tx, email)
    fits = await passwords.matches(password, account.password_hash if account else None)
    if account is None or not fits:
        if account:
            await note_failure(house.db, account, "password")
        raise Unauthenticated(_WRONG, cure="Check both and try again.")
    await throttle.forgive(house.db, "account", email)
    renewed = await _renewed(account, password)
    async with house.db.transaction(account.home_org_id) as tx:
        if renewed:
            await store.update_password(tx, account.id, renewed)
        return await admit(tx, account, origin, lifetime=house.settings.session_absolute, proved=("password",))


async def admit(
    tx: Tx, user: User, origin: Origin, *, lifetime: timedelta, proved: Sequence[str]
) -> SignedIn | Halfway:
    """Whoever has proved this much: a session, or the wait for the factor that they have set up."""
    enrolled = await factors.enrolled(tx, user.id)
    if enrolled.any and not strong(proved):
        secret = model.mint(user.home_org_id)
        id_ = await store.insert_pending(tx, user.id, model.fingerprint(secret.reveal()), proved, model.PENDING_LIFE)
        return Halfway(secret, enrolled.ways, id_)
    return SignedIn(user, await open_session(tx, user, origin, lifetime, proved))


async def open_session(
    tx: Tx,
    user: User,
    origin: Origin,
    lifetime: timedelta,
    proved: Sequence[str] = ("password",),
    waited: UUID | None = None,
) -> Secret:
    """Begin a session in the organization of `tx`. Raises FactorNeeded when the person has a factor not proved here."""
    if not strong(proved) and (await factors.enrolled(tx, user.id)).any:
        raise FactorNeeded("This person has a second factor, and it was not proved.")
    secret = model.mint(user.home_org_id)
    wish = NewSession(user_id=user.id, lifetime=lifetime, proved=tuple(proved), id=waited)
    session_id = await store.insert_session(tx, wish, model.fingerprint(secret.reveal()), origin)
    detail = {"agent": origin.agent[:100], "factors": list(proved)}
    await record(tx, acting(user), "session.started", f"sessions/{session_id}", detail)
    return secret


async def ways(db: Database, pending: str) -> tuple[str, ...]:
    """What may complete the sign-in that this secret waits for; raises Unauthenticated when it waits no more."""
    org_id = model.organization_of(pending)
    if org_id is None:
        raise Unauthenticated(_OVER, cure="Begin it again.")
    async with db.transaction(org_id) as tx:
        found = await store.lock_pending(tx, model.fingerprint(pending))
        if found is None:
            raise Unauthenticated(_OVER, cure="Begin it again.")
        return (await factors.enrolled(tx, found.user_id)).ways


async def with_code(house: House, pending: str, proof: Proof, origin: Origin) -> SignedIn:
    """The second step: a code of the app, or a recovery code. Raises Unauthenticated or Limited."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    account = await _waiting(house.db, pending)
    await throttle.spend(house.db, "factor", str(account.id), throttle.ACCOUNT)
    async with house.db.transaction(account.home_org_id) as tx:
        found = await store.lock_pending(tx, model.fingerprint(pending))
        if found and await taken(tx, house, account, proof):
            await store.end_pending(tx, found.id)
            proved = (*found.proved, proof.way)
            secret = await open_session(tx, account, origin, house.settings.session_absolute, proved, found.id)
        else:
            secret = None
    if secret is None:
        await note_failure(house.db, account, proof.way)
        raise Unauthenticated(_WRONG_FACTOR, cure="Check the code, and use each only once.")
    await throttle.forgive(house.db, "factor", str(account.id))
    return SignedIn(account, secret)


async def ask(house: House, pending: str, origin: Origin) -> tuple[str, dict[str, Any]]:
    """What the browser is asked to sign with a passkey, and what binds that to it: the wait it is in, or a new one."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    bound = pending if model.organization_of(pending) else model.mint(UUID(int=0)).reveal()
    async with house.db.transaction() as tx:
        return bound, await factors.ask(tx, house.settings, "sign_in", model.fingerprint(bound))


async def with_passkey(house: House, credential: dict[str, Any], *, bound: str, origin: Origin) -> SignedIn:
    """A passkey, alone or as the second step; it proves possession and, by its own lock, the person."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    challenge = await factors.answered(house.db, credential, "sign_in", model.fingerprint(bound))
    owner = factors.owner_of(credential)
    account = await _account(house.db, *owner) if owner and challenge else None
    if account is None or challenge is None:
        raise Unauthenticated(_WRONG_FACTOR, cure="Try again; a request to sign is good for five minutes, once.")
    async with house.db.transaction(account.home_org_id) as tx:
        waiting = await store.lock_pending(tx, model.fingerprint(bound))
        why = await factors.take_passkey(tx, house.settings, account.id, challenge=challenge, credential=credential)
        if waiting and waiting.user_id != account.id:
            why = why or "the sign-in was begun by someone else"
        if not why:
            if waiting:
                await store.end_pending(tx, waiting.id)
            proved = (*(waiting.proved if waiting else ()), "passkey")
            waited = waiting.id if waiting else None
            secret = await open_session(tx, account, origin, house.settings.session_absolute, proved, waited)
            return SignedIn(account, secret)
    await note_failure(house.db, account, "passkey", why)
    raise Unauthenticated(_WRONG_FACTOR, cure="Try again, or sign in another way.")


async def taken(tx: Tx, house: House, user: User, proof: Proof) -> bool:
    """Whether a code is this person's, and was not used before; then it is used up."""
    if proof.way == "totp":
        return await factors.take_totp(tx, house.vault, user.id, proof.totp)
    if proof.way == "recovery":
        if not await factors.take_recovery_code(tx, user.id, proof.recovery):
            return False
        await record(tx, acting(user), "recovery_code.used", f"users/{user.id}")
        return True
    raise Invalid("A code is missing.", cure="Send a code of the app, or a recovery code.")


async def note_failure(db: Database, user: User, way: str, why: str = "") -> None:
    """Put on record that someone failed to prove that they are this person."""
    detail = {"factor": way, **({"why": why} if why else {})}
    async with db.transaction(user.home_org_id) as tx:
        await record(tx, acting(user), "session.refused", f"users/{user.id}", detail, outcome="refused")


def acting(user: User) -> Principal:
    """The person as the one who acts, without any right yet."""
    return Principal(user_id=user.id, org_id=user.home_org_id, name=user.name, email=user.email, grants=())


async def _waiting(db: Database, pending: str) -> Account:
    """Whose sign-in waits behind this secret."""
    org_id = model.organization_of(pending)
    if org_id:
        async with db.transaction(org_id) as tx:
            found = await store.lock_pending(tx, model.fingerprint(pending))
            account = await store.get_user_account(tx, found.user_id) if found else None
            if account:
                return account
    raise Unauthenticated(_OVER, cure="Begin it again.")


async def _account(db: Database, org_id: UUID, user_id: UUID) -> Account | None:
    """The person whom a passkey names, if that organization is their home."""
    async with db.transaction() as tx:
        account = await store.get_user_account(tx, user_id)
    return account if account and account.home_org_id == org_id else None


async def _renewed(account: Account, password: Secret) -> str | None:
    """A stronger hash of the password, if the one we keep is weaker than today's."""
    if account.password_hash and passwords.outdated(account.password_hash):
        return await passwords.hashed(password)
    return None
