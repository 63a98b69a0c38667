"""Every query of people, sessions, tokens and the throttle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from basefly.base.db import Jsonb
from basefly.base.db.transaction import Tx
from basefly.base.telemetry import trace
from basefly.core.identity.model import (
    Account,
    Link,
    Mail,
    NewSession,
    Origin,
    Pending,
    Purpose,
    Session,
    Token,
    User,
    Visitor,
)

# What is in a bucket at this moment, by the database's clock alone.
_REFILLED = """least(%(capacity)s, t.tokens + %(rate)s
               * greatest(0, extract(epoch from clock_timestamp() - t.at)::double precision))"""
_LISTED = """id, name, created_at, used_at, expires_at, used_address, permissions, clusters,
    coalesce(expires_at between now() and now() + interval '7 days', false) as ends_soon"""
_USED = timedelta(minutes=1)  # how exactly we note when something was last used: not a write a request


async def count_users(tx: Tx) -> int:
    """How many people there are, in all organizations."""
    return int(await tx.value("select count(*) from users where deleted_at is null"))


async def insert_user(tx: Tx, user: User, password_hash: str | None, *, kind: str = "person") -> None:
    """Add a person, or a service account; raises Duplicate when the e-mail address is taken."""
    await tx.execute(
        "insert into users (id, home_org_id, email, name, password_hash, kind) values (%s, %s, %s, %s, %s, %s)",
        [user.id, user.home_org_id, user.email, user.name, password_hash, kind],
    )


async def get_account(tx: Tx, email: str) -> Account | None:
    """The person with this normalized address, if they may sign in."""
    return await tx.one(
        Account,
        """select id, home_org_id, email, name, password_hash
             from users where email = %s and kind = 'person' and deleted_at is null and disabled_at is null""",
        [email],
    )


async def get_user_account(tx: Tx, user_id: UUID) -> Account | None:
    """The person with this id, if they may sign in."""
    return await tx.one(
        Account,
        """select id, home_org_id, email, name, password_hash
             from users where id = %s and kind = 'person' and deleted_at is null and disabled_at is null""",
        [user_id],
    )


async def update_password(tx: Tx, user_id: UUID, password_hash: str) -> None:
    """Give a person another password."""
    await tx.execute("update users set password_hash = %s where id = %s", [password_hash, user_id])


async def update_name(tx: Tx, user_id: UUID, name: str) -> None:
    """Call a person otherwise."""
    await tx.execute("update users set name = %s where id = %s", [name, user_id])


async def verify_email(tx: Tx, user_id: UUID, email: str) -> None:
    """This address is a person's own; raises Duplicate when someone else has it."""
    await tx.execute("update users set email = %s, email_verified_at = now() where id = %s", [email, user_id])


async def get_verified_at(tx: Tx, user_id: UUID) -> datetime | None:
    """When a person showed that their address is their own."""
    shown: datetime | None = await tx.value("select email_verified_at from users where id = %s", [user_id])
    return shown


async def get_preferences(tx: Tx, user_id: UUID) -> dict[str, Any] | None:
    """How a person likes the pages; None until they said so."""
    kept: dict[str, Any] | None = await tx.value("select preferences from users where id = %s", [user_id])
    return kept


async def get_language(tx: Tx, email: str) -> str | None:
    """The language that whoever has this address chose, if they did."""
    query = "select preferences ->> 'language' from users where email = %s and deleted_at is null"
    found: str | None = await tx.value(query, [email])
    return found


async def update_preferences(tx: Tx, user_id: UUID, preferences: Mapping[str, Any]) -> None:
    """Keep how a person likes the pages."""
    await tx.execute("update users set preferences = %s where id = %s", [Jsonb(dict(preferences)), user_id])


async def insert_session(tx: Tx, wish: NewSession, secret_hash: bytes, origin: Origin) -> UUID:
    """Add a session that ends after its lifetime at the latest; forgets those that ended a month ago."""
    await tx.execute(
        "delete from sessions where org_id = %s and user_id = %s and expires_at < now() - interval '30 days'",
        [tx.org_id, wish.user_id],
    )
    session_id: UUID = await tx.value(
        """insert into sessions (org_id, id, user_id, secret_hash, address, agent, expires_at, factors)
           values (%s, coalesce(%s, gen_random_uuid()), %s, %s, %s, %s, now() + %s, %s) returning id""",
        [
            tx.org_id,
            wish.id,
            wish.user_id,
            secret_hash,
            origin.address,
            origin.agent[:400],
            wish.lifetime,
            list(wish.proved),
        ],
    )
    return session_id


async def renew_session(tx: Tx, old: bytes, new: bytes, factors: Sequence[str]) -> UUID | None:
    """Give a session another secret: its person just proved themselves by `factors`. None when it had ended."""
    session_id: UUID | None = await tx.value(
        """update sessions set secret_hash = %(new)s, proved_at = now(),
                  factors = array(select distinct unnest(factors || %(factors)s::text[]) order by 1)
            where org_id = %(org)s and secret_hash = %(old)s and ended_at is null returning id""",
        {"org": tx.org_id, "old": old, "new": new, "factors": list(factors)},
    )
    return session_id


async def insert_pending(tx: Tx, user_id: UUID, secret_hash: bytes, proved: Sequence[str], life: timedelta) -> UUID:
    """Add a sign-in that waits for its second factor; forgets those of yesterday."""
    await tx.execute(
        "delete from pending_sign_ins where org_id = %s and expires_at < now() - interval '1 day'", [tx.org_id]
    )
    pending: UUID = await tx.value(
        """insert into pending_sign_ins (org_id, user_id, secret_hash, proved, expires_at)
           values (%s, %s, %s, %s, now() + %s) returning id""",
        [tx.org_id, user_id, secret_hash, list(proved), life],
    )
    return pending


async def lock_pending(tx: Tx, secret_hash: bytes) -> Pending | None:
    """The waiting sign-in of this secret, held until `tx` ends; None when it ended or waited too long."""
    return await tx.one(
        Pending,
        """select id, user_id, proved from pending_sign_ins
            where org_id = %s and secret_hash = %s and ended_at is null and expires_at > now() for update""",
        [tx.org_id, secret_hash],
    )


async def end_pending(tx: Tx, pending_id: UUID) -> None:
    """The sign-in waits no more."""
    await tx.execute(
        "update pending_sign_ins set ended_at = now() where org_id = %s and id = %s", [tx.org_id, pending_id]
    )


async def session_user(tx: Tx, secret_hash: bytes, idle: timedelta) -> Visitor | None:
    """Whose session this is, if it stands: not ended, not too old, used within `idle`."""
    return await tx.one(
        Visitor,
        """select u.id, u.home_org_id, u.email, u.name, u.preferences, s.proved_at, s.factors
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
        """select id, created_at, used_at, expires_at, address, agent, factors, secret_hash = %s as current
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
    tx: Tx,
    user_id: UUID,
    *,
    name: str,
    secret_hash: bytes,
    expires_at: datetime | None,
    limits: tuple[Sequence[str] | None, Sequence[UUID] | None] = (None, None),
) -> Token | None:
    """Add a token; raises Duplicate when its owner has one of this name. `limits` are permissions and clusters."""
    permissions, clusters = (None if each is None else list(each) for each in limits)
    return await tx.one(
        Token,
        f"""insert into api_tokens (org_id, user_id, name, secret_hash, expires_at, permissions, clusters)
           values (%s, %s, %s, %s, %s, %s, %s) returning {_LISTED}""",  # noqa: S608  # our own constant
        [tx.org_id, user_id, name, secret_hash, expires_at, permissions, clusters],
    )


async def token_user(tx: Tx, secret_hash: bytes) -> Visitor | None:
    """Whose token this is, if it stands."""
    return await tx.one(
        Visitor,
        """select u.id, u.home_org_id, u.email, u.name, u.preferences, null as proved_at, '{}'::text[] as factors,
                  t.permissions, t.clusters, u.kind = 'service' as machine
             from api_tokens t join users u on u.id = t.user_id
            where t.org_id = %s and t.secret_hash = %s and t.revoked_at is null
              and (t.expires_at is null or t.expires_at > now())
              and u.deleted_at is null and u.disabled_at is null""",
        [tx.org_id, secret_hash],
    )


async def touch_token(tx: Tx, secret_hash: bytes) -> None:
    """Note that the token is in use, and from where."""
    here = trace.current()
    await tx.execute(
        """update api_tokens set used_at = now(), used_address = %s
            where org_id = %s and secret_hash = %s and (used_at is null or used_at < now() - %s::interval)""",
        [here.address if here else "", tx.org_id, secret_hash, _USED],
    )


async def page_tokens(tx: Tx, user_id: UUID) -> list[Token]:
    """A person's tokens that are not revoked, newest first; expired ones among them."""
    return await tx.all(
        Token,
        f"""select {_LISTED} from api_tokens
            where org_id = %s and user_id = %s and revoked_at is null order by created_at desc, id""",  # noqa: S608  # as above
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


async def delete_groups(tx: Tx, user_id: UUID) -> None:
    """A person is in no group any more."""
    await tx.execute("delete from user_groups where org_id = %s and user_id = %s", [tx.org_id, user_id])


async def session_id_of(tx: Tx, secret_hash: bytes) -> UUID | None:
    """The session of this secret."""
    query = "select id from sessions where org_id = %s and secret_hash = %s"
    return await tx.one(UUID, query, [tx.org_id, secret_hash])


async def end_sessions_of(tx: Tx, session_ids: list[UUID]) -> list[UUID]:
    """End these sessions, and those that wait to begin; those that had not ended."""
    await tx.execute(
        "update pending_sign_ins set ended_at = now() where org_id = %s and id = any(%s) and ended_at is null",
        [tx.org_id, session_ids],
    )
    return await tx.all(
        UUID,
        "update sessions set ended_at = now() where org_id = %s and id = any(%s) and ended_at is null returning id",
        [tx.org_id, session_ids],
    )


async def replace_groups(tx: Tx, user_id: UUID, issuer: str, names: Sequence[str]) -> None:
    """Write the groups that an issuer says a person is in; those that it said before and says no more are gone."""
    await tx.execute(
        "delete from user_groups where org_id = %s and user_id = %s and issuer = %s and not name = any(%s)",
        [tx.org_id, user_id, issuer, list(names)],
    )
    await tx.execute(
        """insert into user_groups (org_id, user_id, issuer, name)
           select %s, %s, %s, name from unnest(%s::text[]) as given (name) on conflict do nothing""",
        [tx.org_id, user_id, issuer, list(names)],
    )


async def page_groups(tx: Tx, user_id: UUID) -> list[str]:
    """The groups of a person, by name."""
    return await tx.all(
        str,
        "select distinct name from user_groups where org_id = %s and user_id = %s order by name",
        [tx.org_id, user_id],
    )


async def enable_user(tx: Tx, user_id: UUID) -> None:
    """Undo `disable_user`."""
    await tx.execute(
        "update users set disabled_at = null where id = %s and home_org_id = %s and disabled_at is not null",
        [user_id, tx.org_id],
    )


async def end_pendings(tx: Tx, user_id: UUID) -> None:
    """No sign-in of this person waits any more."""
    await tx.execute(
        "update pending_sign_ins set ended_at = now() where org_id = %s and user_id = %s and ended_at is null",
        [tx.org_id, user_id],
    )


async def insert_link(
    tx: Tx, user_id: UUID, purpose: Purpose, email: str, *, secret_hash: bytes, life: timedelta
) -> None:
    """Add a link; forgets those of yesterday."""
    await tx.execute(
        "delete from account_links where org_id = %s and expires_at < now() - interval '1 day'", [tx.org_id]
    )
    await tx.execute(
        """insert into account_links (org_id, user_id, purpose, email, secret_hash, expires_at)
           values (%s, %s, %s, %s, %s, now() + %s)""",
        [tx.org_id, user_id, purpose, email, secret_hash, life],
    )


async def lock_link(tx: Tx, purpose: Purpose, secret_hash: bytes) -> Link | None:
    """The link of this secret, held until `tx` ends; None when it was used, or its time is over."""
    return await tx.one(
        Link,
        """select id, user_id, email from account_links
            where org_id = %s and purpose = %s and secret_hash = %s and used_at is null and expires_at > now()
              for update""",
        [tx.org_id, purpose, secret_hash],
    )


async def use_links(tx: Tx, user_id: UUID, purpose: Purpose) -> None:
    """Use up every link of this person and purpose."""
    await tx.execute(
        """update account_links set used_at = now()
            where org_id = %s and user_id = %s and purpose = %s and used_at is null""",
        [tx.org_id, user_id, purpose],
    )


async def insert_mail(tx: Tx, kind: str, recipient: str, words: Mapping[str, str]) -> None:
    """Add a mail that is to go out."""
    await tx.execute(
        "insert into mails (kind, recipient, words) values (%s, %s, %s)", [kind, recipient, Jsonb(dict(words))]
    )


async def take_mail(tx: Tx, pause: timedelta) -> Mail | None:
    """The mail that has waited longest. Until `pause` is over nobody else takes it, nor ever if it is sent."""
    return await tx.one(
        Mail,
        """update mails set attempts = attempts + 1, available_at = now() + %s * least(2 ^ attempts, 120)
            where id = (select id from mails where sent_at is null and given_up_at is null and available_at <= now()
                        order by available_at limit 1 for update skip locked)
           returning id, kind, recipient, words, attempts, created_at""",
        [pause],
    )


async def note_sent(tx: Tx, mail_id: UUID) -> None:
    """The relay has taken the mail; whom it went to is forgotten with it a week later."""
    await tx.execute("update mails set sent_at = now(), error = '' where id = %s", [mail_id])
    await tx.execute("delete from mails where created_at < now() - interval '7 days'")


async def note_trouble(tx: Tx, mail_id: UUID, error: str, *, over: bool) -> None:
    """The relay has not taken the mail; `over` when it is not tried again."""
    await tx.execute(
        "update mails set error = %s, given_up_at = case when %s then now() end where id = %s", [error, over, mail_id]
    )


async def count_mails(tx: Tx) -> tuple[int, int]:
    """How many mails wait, and how many were given up in the last week."""
    waiting = await tx.value("select count(*) from mails where sent_at is null and given_up_at is null")
    return int(waiting), int(await tx.value("select count(*) from mails where given_up_at is not null"))


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
