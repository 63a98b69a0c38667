"""How someone comes in: a password and, for whoever has one, a second factor; or a passkey alone.

Every session begins in `open_session`, which knows about factors: whoever has one and has not proved it stays outside,
and so does whoever lacks the word of the provider that their organization wants of everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from basefly.core.factors.company import Companies, Company, CompanySignIn
from basefly.core.factors.model import strong
from basefly.core.identity import browser, model, passwords, store, throttle
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


class Elsewhere(NamedTuple):
    """They have proved enough, and must go on to their company's provider.

    `secret` is for the cookie of the wait in which the provider is linked to their account; None when it is already.
    """

    company: Company
    secret: Secret | None


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
        came = await admit(house, tx, account, origin, proved=("password",))
    return arrived(house, came)


async def admit(
    house: House, tx: Tx, user: User, origin: Origin, *, proved: Sequence[str], waited: UUID | None = None
) -> SignedIn | Halfway | Elsewhere:
    """Whoever has proved this much: a session, the wait for the factor that they have set up, or the way elsewhere."""
    company = await _wanted(house, tx, user, proved)
    enrolled = await factors.enrolled(tx, user.id)
    if enrolled.any and not strong(proved) and not (company and company.linked):
        secret, id_ = await _wait(tx, user, proved)
        return Halfway(secret, enrolled.ways, id_)
    if company:
        await record(tx, acting(user), "session.refused", f"users/{user.id}", {"why": "company"}, outcome="refused")
        return Elsewhere(company, None if company.linked else (await _wait(tx, user, proved))[0])
    return SignedIn(user, await open_session(house, tx, user, origin, proved=proved, waited=waited))


def arrived(house: House, came: SignedIn | Halfway | Elsewhere) -> SignedIn | Halfway:
    """What `admit` brought, once it is committed; raises CompanySignIn for whoever must go elsewhere."""
    if isinstance(came, Elsewhere):
        cookie = browser.waiting(house, came.secret.reveal()) if came.secret else browser.came(house)
        raise CompanySignIn(came.company, {"Set-Cookie": cookie.to_header(header="")})
    return came


def complete(house: House, came: SignedIn | Halfway | Elsewhere) -> SignedIn:
    """Someone who has proved a factor does not wait for one."""
    here = arrived(house, came)
    if isinstance(here, Halfway):
        raise FactorNeeded("This person has a second factor, and it was not proved.")
    return here


async def open_session(
    house: House,
    tx: Tx,
    user: User,
    origin: Origin,
    *,
    proved: Sequence[str] = ("password",),
    waited: UUID | None = None,
) -> Secret:
    """Begin a session in the organization of `tx`. Raises FactorNeeded when the person has a factor not proved here,
    CompanySignIn where their company's provider has not spoken for them."""
    if not strong(proved) and (await factors.enrolled(tx, user.id)).any:
        raise FactorNeeded("This person has a second factor, and it was not proved.")
    company = await house.get(Companies).wanted(tx, user.id, proved)
    if company and not company.exempt:
        raise CompanySignIn(company)
    secret = model.mint(user.home_org_id)
    lifetime = house.settings.session_absolute
    wish = NewSession(user_id=user.id, lifetime=lifetime, proved=tuple(proved), id=waited)
    session_id = await store.insert_session(tx, wish, model.fingerprint(secret.reveal()), origin)
    detail = {"agent": origin.agent[:100], "factors": list(proved)}
    await record(tx, acting(user), "session.started", f"sessions/{session_id}", detail)
    if company:  # an owner, who may pass where the provider fails; whoever reads the record must see how often
        await record(tx, acting(user), "company_sign_in.bypassed", f"sessions/{session_id}", {"provider": company.name})
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
        open_ways = (await factors.enrolled(tx, found.user_id)).ways
    if not open_ways:  # it waits for something else: for the company's provider
        raise Unauthenticated(_OVER, cure="Begin it again.")
    return open_ways


async def with_code(house: House, pending: str, proof: Proof, origin: Origin) -> SignedIn:
    """The second step: a code of the app, or a recovery code. Raises Unauthenticated or Limited."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    account = await waiting(house.db, pending)
    await throttle.spend(house.db, "factor", str(account.id), throttle.ACCOUNT)
    async with house.db.transaction(account.home_org_id) as tx:
        found = await store.lock_pending(tx, model.fingerprint(pending))
        if found and await taken(tx, house, account, proof):
            await store.end_pending(tx, found.id)
            came = await admit(house, tx, account, origin, proved=(*found.proved, proof.way), waited=found.id)
        else:
            came = None
    if came is None:
        await note_failure(house.db, account, proof.way)
        raise Unauthenticated(_WRONG_FACTOR, cure="Check the code, and use each only once.")
    await throttle.forgive(house.db, "factor", str(account.id))
    return complete(house, came)


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
        came = None
        if waiting and waiting.user_id != account.id:
            why = why or "the sign-in was begun by someone else"
        if not why:
            if waiting:
                await store.end_pending(tx, waiting.id)
            proved = (*(waiting.proved if waiting else ()), "passkey")
            waited = waiting.id if waiting else None
            came = await admit(house, tx, account, origin, proved=proved, waited=waited)
    if came:
        return complete(house, came)
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


async def _wanted(house: House, tx: Tx, user: User, proved: Sequence[str]) -> Company | None:
    company = await house.get(Companies).wanted(tx, user.id, proved)
    return company if company and not company.exempt else None


async def _wait(tx: Tx, user: User, proved: Sequence[str]) -> tuple[Secret, UUID]:
    secret = model.mint(user.home_org_id)
    kept = model.fingerprint(secret.reveal())
    return secret, await store.insert_pending(tx, user.id, kept, proved, model.PENDING_LIFE)


async def waiting(db: Database, pending: str) -> Account:
    """Whose sign-in waits behind this secret; raises Unauthenticated when it waits no more."""
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
