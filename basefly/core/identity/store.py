"""Every query of people, sessions, tokens and the throttle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from basefly.base.db import Jsonb
from basefly.base.db.transaction import Tx
from basefly.core.identity.model import Account, Origin, Session, Token, User, Visitor

# What is in a bucket at this moment, by the database's clock alone.
_REFILLED = """least(%(capacity)s, t.tokens + %(rate)s
               * greatest(0, extract(epoch from clock_timestamp() - t.at)::double precision))"""
_USED = timedelta(minutes=1)  # how exactly we note when something was last used: not a write a request


async def count_users(tx: Tx) -> int:
    """How many people there are, in all organizations."""
    return int(await tx.value("select count(*) from users where deleted_at is null"))


async def insert_user(tx: Tx, user: User, password_hash: str | None) -> None:
    """Add a person; raises Duplicate when the e-mail address is taken."""
    await tx.execute(
        "insert into users (id, home_org_id, email, name, password_hash) values (%s, %s, %s, %s, %s)",
        [user.id, user.home_org_id, user.email, user.name, password_hash],
    )


async def get_account(tx: Tx, email: str) -> Account | None:
    """The person with this normalized address, if they may sign in."""
    return await tx.one(
        Account,
        """select id, home_org_id, email, name, password_hash
             from users where email = %s and deleted_at is null and disabled_at is null""",
        [email],
    )


async def get_user_account(tx: Tx, user_id: UUID) -> Account | None:
    """The person with this id, if they may sign in."""
    return await tx.one(
        Account,
        """select id, home_org_id, email, name, password_hash
             from users where id = %s and deleted_at is null and disabled_at is null""",
        [user_id],
    )


async def update_password(tx: Tx, user_id: UUID, password_hash: str) -> None:
    """Give a person another password."""
    await tx.execute("update users set password_hash = %s where id = %s", [password_hash, user_id])


async def get_preferences(tx: Tx, user_id: UUID) -> dict[str, Any] | None:
    """How a person likes the pages; None until they said so."""
    kept: dict[str, Any] | None = await tx.value("select preferences from users where id = %s", [user_id])
    return kept


async def update_preferences(tx: Tx, user_id: UUID, preferences: Mapping[str, Any]) -> None:
    """Keep how a person likes the pages."""
    await tx.execute("update users set preferences = %s where id = %s", [Jsonb(dict(preferences)), user_id])


async def insert_session(tx: Tx, user_id: UUID, secret_hash: bytes, origin: Origin, lifetime: timedelta) -> UUID:
    """Add a session that ends `lifetime` from now at the latest; forgets those that ended a month ago."""
    await tx.execute(
        "delete from sessions where org_id = %s and user_id = %s and expires_at < now() - interval '30 days'",
        [tx.org_id, user_id],
    )
    session_id: UUID = await tx.value(
        """insert into sessions (org_id, user_id, secret_hash, address, agent, expires_at)
           values (%s, %s, %s, %s, %s, now() + %s) returning id""",
        [tx.org_id, user_id, secret_hash, origin.address, origin.agent[:400], lifetime],
    )
    return session_id


async def session_user(tx: Tx, secret_hash: bytes, idle: timedelta) -> Visitor | None:
    """Whose session this is, if it stands: not ended, not too old, used within `idle`."""
    return await tx.one(
        Visitor,
        """select u.id, u.home_org_id, u.email, u.name, u.preferences
             from sessions s join users u on u.id = s.user_id
            where s.org_id = %s and s.secret_hash = %s and s.ended_at is null
              and s.expires_at > now() and s.used_at > now() - %s::interval
              and u.deleted_at is null and u.disabled_at is null""",
        [tx.org_id, secret_hash, idle],
    )


async def touch_session(tx: Tx, secret_hash: bytes) -> None:
    """Note that the session is in use."""
    await tx.execute(
        "update sessions set used_at = now() where org_id = %s and secret_hash = %s and used_at < now() - %s::interval",
        [tx.org_id, secret_hash, _USED],
    )


async def page_sessions(tx: Tx, user_id: UUID, current: bytes, idle: timedelta) -> list[Session]:
    """A person's standing sessions, newest first."""
    return await tx.all(
        Session,
        """select id, created_at, used_at, expires_at, address, agent, secret_hash = %s as current
             from sessions
            where org_id = %s and user_id = %s and ended_at is null
              and expires_at > now() and used_at > now() - %s::interval
            order by created_at desc, id""",
        [current, tx.org_id, user_id, idle],
    )


async def end_session(tx: Tx, user_id: UUID, session_id: UUID) -> bool:
    """End one session of this person; False when there is none such."""
    touched = await tx.execute(
        "update sessions set ended_at = now() where org_id = %s and user_id = %s and id = %s and ended_at is null",
        [tx.org_id, user_id, session_id],
    )
    return touched > 0


async def end_session_of(tx: Tx, secret_hash: bytes) -> UUID | None:
    """End the session of this secret; its id, or None when it had ended."""
    ended: UUID | None = await tx.value(
        """update sessions set ended_at = now() where org_id = %s and secret_hash = %s and ended_at is null
           returning id""",
        [tx.org_id, secret_hash],
    )
    return ended


async def end_sessions(tx: Tx, user_id: UUID, *, but: bytes = b"") -> int:
    """End every session of this person, save the one of the secret `but`; how many."""
    return await tx.execute(
        """update sessions set ended_at = now()
            where org_id = %s and user_id = %s and secret_hash <> %s and ended_at is null""",
        [tx.org_id, user_id, but],
    )


async def insert_token(
    tx: Tx, user_id: UUID, *, name: str, secret_hash: bytes, expires_at: datetime | None
) -> Token | None:
    """Add a token; raises Duplicate when the person has one of this name."""
    return await tx.one(
        Token,
        """insert into api_tokens (org_id, user_id, name, secret_hash, expires_at) values (%s, %s, %s, %s, %s)
           returning id, name, created_at, used_at, expires_at""",
        [tx.org_id, user_id, name, secret_hash, expires_at],
    )


async def token_user(tx: Tx, secret_hash: bytes) -> Visitor | None:
    """Whose token this is, if it stands."""
    return await tx.one(
        Visitor,
        """select u.id, u.home_org_id, u.email, u.name, u.preferences
             from api_tokens t join users u on u.id = t.user_id
            where t.org_id = %s and t.secret_hash = %s and t.revoked_at is null
              and (t.expires_at is null or t.expires_at > now())
              and u.deleted_at is null and u.disabled_at is null""",
        [tx.org_id, secret_hash],
    )


async def touch_token(tx: Tx, secret_hash: bytes) -> None:
    """Note that the token is in use."""
    await tx.execute(
        """update api_tokens set used_at = now()
            where org_id = %s and secret_hash = %s and (used_at is null or used_at < now() - %s::interval)""",
        [tx.org_id, secret_hash, _USED],
    )


async def page_tokens(tx: Tx, user_id: UUID) -> list[Token]:
    """A person's tokens that are not revoked, newest first; expired ones among them."""
    return await tx.all(
        Token,
        """select id, name, created_at, used_at, expires_at from api_tokens
            where org_id = %s and user_id = %s and revoked_at is null order by created_at desc, id""",
        [tx.org_id, user_id],
    )


async def revoke_token(tx: Tx, user_id: UUID, token_id: UUID) -> str | None:
    """Revoke one token of this person; its name, or None when there is none such."""
    name: str | None = await tx.value(
        """update api_tokens set revoked_at = now()
            where org_id = %s and user_id = %s and id = %s and revoked_at is null returning name""",
        [tx.org_id, user_id, token_id],
    )
    return name


async def revoke_tokens(tx: Tx, user_id: UUID) -> int:
    """Revoke every token of this person; how many."""
    return await tx.execute(
        "update api_tokens set revoked_at = now() where org_id = %s and user_id = %s and revoked_at is null",
        [tx.org_id, user_id],
    )


async def insert_setup_link(tx: Tx, secret_hash: bytes, lifetime: timedelta) -> None:
    """Add a set-up link; earlier ones end."""
    await tx.execute("update setup_links set used_at = now() where used_at is null")
    await tx.execute(
        "insert into setup_links (secret_hash, expires_at) values (%s, now() + %s)", [secret_hash, lifetime]
    )


async def use_setup_link(tx: Tx, secret_hash: bytes) -> bool:
    """Use a set-up link up; False when it is not there, too old, or used. Holds others off until `tx` ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('setup_links'))")
    used = await tx.execute(
        "update setup_links set used_at = now() where secret_hash = %s and used_at is null and expires_at > now()",
        [secret_hash],
    )
    return used > 0


async def spend(tx: Tx, bucket: bytes, *, capacity: int, rate: float) -> float:
    """Take one token from a bucket: 0. When there is none, nothing is taken: the seconds until there is one."""
    words = {"bucket": bucket, "capacity": float(capacity), "rate": rate}
    taken = await tx.value(
        f"""insert into throttles as t (bucket, tokens, at) values (%(bucket)s, %(capacity)s - 1, clock_timestamp())
            on conflict (bucket) do update set tokens = {_REFILLED} - 1, at = clock_timestamp()
                where {_REFILLED} >= 1
            returning true""",  # noqa: S608  # put together from our own constant
        words,
    )
    if taken:
        return 0.0
    left = await tx.value(f"select {_REFILLED} from throttles t where bucket = %(bucket)s", words)  # noqa: S608  # as above
    return max(0.0, 1 - float(left or 0)) / rate


async def fill(tx: Tx, bucket: bytes) -> None:
    """Make a bucket full again, and forget those that have been full for a day."""
    await tx.execute("delete from throttles where bucket = %s or at < now() - interval '1 day'", [bucket])


async def disable_user(tx: Tx, user_id: UUID) -> None:
    """Let a person sign in no more, if the organization of `tx` is their home."""
    await tx.execute(
        "update users set disabled_at = now() where id = %s and home_org_id = %s and disabled_at is null",
        [user_id, tx.org_id],
    )


async def erase_user(tx: Tx, user_id: UUID) -> None:
    """Leave of a person only that there was one: nobody can sign in as them, and nothing names them."""
    await tx.execute(
        """update users set email = 'erased-' || id || '@erased.invalid', name = 'erased', password_hash = null,
                  preferences = null, disabled_at = coalesce(disabled_at, now()),
                  deleted_at = coalesce(deleted_at, now())
            where id = %s""",
        [user_id],
    )


async def erase_sessions(tx: Tx, user_id: UUID) -> None:
    """Forget from where a person used to sign in, in the organization of `tx`."""
    query = "update sessions set address = '', agent = '' where org_id = %s and user_id = %s"
    await tx.execute(query, [tx.org_id, user_id])
