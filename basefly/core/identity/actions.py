"""Sign out, end sessions, change a password, make and revoke tokens: check, change, record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web.preferences import Preferences, checked, stored
from basefly.core.audit.actions import record
from basefly.core.identity import model, passwords, store, throttle
from basefly.core.identity.mail import outbox
from basefly.core.identity.model import Session, Token, User


async def create_user(tx: Tx, org_id: UUID, *, email: str, name: str, password_hash: str | None) -> User:
    """Add a person whose home is this organization; the password was checked and hashed before `tx` began."""
    model.check_email(email)
    if not name.strip():
        raise Invalid("A name is missing.", errors=(FieldError("/name", "Enter their name."),))
    user = User(id=uuid4(), home_org_id=org_id, email=model.normalized(email), name=name.strip())
    try:
        await store.insert_user(tx, user, password_hash)
    except Duplicate as error:
        raise Conflict("Someone has this e-mail address already.", cure="Take another one.") from error
    return user


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


async def email_verified_at(tx: Tx, by: Principal) -> datetime | None:
    """When one showed that one's address is one's own."""
    return await store.get_verified_at(tx, by.user_id)


async def end_others(tx: Tx, by: Principal, secret: str) -> None:
    """End every session of one's own but the one of this secret."""
    ended = await store.end_sessions(tx, by.user_id, but=model.fingerprint(secret))
    await record(tx, by, "sessions.ended", f"users/{by.user_id}", {"sessions_ended": ended})


async def change_password(house: House, by: Principal, current: Secret, new: Secret, secret: str) -> None:
    """Take another password, and end every other session. Raises Denied when the current one is not right."""
    async with house.db.transaction() as tx:
        account = await store.get_user_account(tx, by.user_id)
    if account is None:
        raise NotFound("There is no such person any more.")
    await throttle.spend(house.db, "account", account.email, throttle.ACCOUNT)
    if not await passwords.matches(current, account.password_hash):
        raise Denied("The current password is wrong.", cure="Type the one that you signed in with.")
    model.check_password(new.reveal(), email=account.email, name=account.name)
    password_hash = await passwords.hashed(new)
    async with house.db.transaction(by.org_id) as tx:
        await store.update_password(tx, by.user_id, password_hash)
        ended = await store.end_sessions(tx, by.user_id, but=model.fingerprint(secret))
        await record(tx, by, "password.changed", f"users/{by.user_id}", {"sessions_ended": ended})
        await outbox.tell(tx, house, "password_changed", account.email)


async def change_name(tx: Tx, by: Principal, name: str) -> str:
    """Be called otherwise; the name as it is kept. Raises Invalid."""
    plain = model.check_name(name)
    await store.update_name(tx, by.user_id, plain)
    await record(tx, by, "name.changed", f"users/{by.user_id}")
    return plain


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
