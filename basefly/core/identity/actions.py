"""Sign in and out, change a password, make and revoke tokens: check, change, record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web.preferences import Preferences, checked, stored
from basefly.core.audit.actions import record
from basefly.core.identity import model, passwords, store, throttle
from basefly.core.identity.model import Account, Origin, Session, Token, User

_WRONG = "The e-mail address or the password is not right."


async def create_user(tx: Tx, org_id: UUID, *, email: str, name: str, password_hash: str | None) -> User:
    """Add a person whose home is this organization; the password was checked and hashed before `tx` began."""
    model.check_email(email)
    if not name.strip():
        raise Invalid("A name is missing.", errors=(FieldError("/name", "Say how to call them."),))
    user = User(id=uuid4(), home_org_id=org_id, email=model.normalized(email), name=name.strip())
    try:
        await store.insert_user(tx, user, password_hash)
    except Duplicate as error:
        raise Conflict("Someone has this e-mail address already.", cure="Take another one.") from error
    return user


async def sign_in(house: House, email: str, password: Secret, origin: Origin) -> tuple[User, Secret]:
    """A new session; its secret is for the cookie. Raises Unauthenticated or Limited, never telling who exists."""
    email = model.normalized(email)[:254]
    await throttle.spend(house.db, "network", throttle.network(origin.address), throttle.NETWORK)
    await throttle.spend(house.db, "account", email, throttle.ACCOUNT)
    async with house.db.transaction() as tx:
        account = await store.get_account(tx, email)
    fits = await passwords.matches(password, account.password_hash if account else None)
    if account is None or not fits:
        if account:
            await _note_failure(house.db, account)
        raise Unauthenticated(_WRONG, cure="Check both and try again.")
    await throttle.forgive(house.db, "account", email)
    renewed = await _renewed(account, password)
    async with house.db.transaction(account.home_org_id) as tx:
        if renewed:
            await store.update_password(tx, account.id, renewed)
        return account, await open_session(tx, account, origin, house.settings.session_absolute)


async def open_session(tx: Tx, user: User, origin: Origin, lifetime: timedelta) -> Secret:
    """Begin a session of this person in the organization of `tx`; raises Unauthenticated if they are no member."""
    secret = model.mint(user.home_org_id)
    session_id = await store.insert_session(tx, user.id, model.fingerprint(secret.reveal()), origin, lifetime)
    await record(tx, _as(user), "session.started", f"sessions/{session_id}", {"agent": origin.agent[:100]})
    return secret


async def sign_out(tx: Tx, by: Principal, secret: str) -> None:
    """End the session of this secret."""
    if ended := await store.end_session_of(tx, model.fingerprint(secret)):
        await record(tx, by, "session.ended", f"sessions/{ended}")


async def sessions(tx: Tx, by: Principal, secret: str, idle: timedelta) -> list[Session]:
    """One's own sessions."""
    return await store.page_sessions(tx, by.user_id, model.fingerprint(secret), idle)


async def end_session(tx: Tx, by: Principal, session_id: UUID) -> None:
    """End one of one's own sessions; whatever it has open closes within seconds."""
    if not await store.end_session(tx, by.user_id, session_id):
        raise NotFound("You have no such session.")
    await record(tx, by, "session.ended", f"sessions/{session_id}")


async def change_password(house: House, by: Principal, current: Secret, new: Secret, secret: str) -> None:
    """Take another password, and end every other session. Raises Denied when the current one is not right."""
    async with house.db.transaction() as tx:
        account = await store.get_user_account(tx, by.user_id)
    if account is None:
        raise NotFound("There is no such person any more.")
    await throttle.spend(house.db, "account", account.email, throttle.ACCOUNT)
    if not await passwords.matches(current, account.password_hash):
        raise Denied("The current password is not right.", cure="Type the one that you signed in with.")
    model.check_password(new.reveal(), email=account.email, name=account.name)
    password_hash = await passwords.hashed(new)
    async with house.db.transaction(by.org_id) as tx:
        await store.update_password(tx, by.user_id, password_hash)
        ended = await store.end_sessions(tx, by.user_id, but=model.fingerprint(secret))
        await record(tx, by, "password.changed", f"users/{by.user_id}", {"sessions_ended": ended})


async def preferences(tx: Tx, by: Principal) -> Preferences:
    """How one likes the pages."""
    return stored(await store.get_preferences(tx, by.user_id)) or Preferences()


async def change_preferences(tx: Tx, by: Principal, wish: Mapping[str, str]) -> Preferences:
    """Like the pages otherwise; what the wish does not name stays. Raises Invalid."""
    before = msgspec.structs.asdict(await preferences(tx, by))
    after = checked({**before, **wish})
    changed = {name: value for name, value in msgspec.structs.asdict(after).items() if value != before[name]}
    await store.update_preferences(tx, by.user_id, msgspec.structs.asdict(after))
    if changed:
        await record(tx, by, "preferences.changed", f"users/{by.user_id}", changed)
    return after


async def tokens(tx: Tx, by: Principal) -> list[Token]:
    """One's own API tokens."""
    return await store.page_tokens(tx, by.user_id)


async def revoke_token(tx: Tx, by: Principal, token_id: UUID) -> None:
    """Revoke one of one's own tokens."""
    name = await store.revoke_token(tx, by.user_id, token_id)
    if name is None:
        raise NotFound("You have no such token.")
    await record(tx, by, "token.revoked", f"tokens/{token_id}", {"name": name})


async def _note_failure(db: Database, account: Account) -> None:
    async with db.transaction(account.home_org_id) as tx:
        await record(tx, _as(account), "session.refused", f"users/{account.id}", outcome="refused")


async def _renewed(account: Account, password: Secret) -> str | None:
    """A stronger hash of the password, if the one we keep is weaker than today's."""
    if account.password_hash and passwords.outdated(account.password_hash):
        return await passwords.hashed(password)
    return None


def _as(user: User) -> Principal:
    """The person as the one who acts, without any right yet."""
    return Principal(user_id=user.id, org_id=user.home_org_id, name=user.name, email=user.email, grants=())
