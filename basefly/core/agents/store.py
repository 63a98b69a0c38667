"""Every query of the agents, their tokens, and who the hub is to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx, sql
from basefly.core.agents.model import ALIVE, PENDING, STEADY, Keys, Place, Row, Token, Wishes

_TOKEN = sql.SQL("id, cluster_id, wishes, approval, created_by, created_at, expires_at, used_at, withdrawn_at")
_TOKENS = sql.SQL("select {} from agent_tokens where org_id = %s").format(_TOKEN)
_CONNECTED = sql.SQL("(a.holder <> '' and a.seen_at > now() - {})").format(ALIVE)
_AGENTS = sql.SQL("""
    select a.id, a.token_id, a.cluster_id, coalesce(c.name, '') as cluster, t.wishes, a.public, a.next_public, a.state,
           a.epoch, a.holder, a.version, a.kubernetes, a.identity, a.address, a.flaps, a.created_at, a.decided_at,
           a.rotated_at, a.connected_at, a.seen_at, a.cut_at, a.cut_reason, {} as connected
    from agents a
    join agent_tokens t on (t.org_id, t.id) = (a.org_id, a.token_id)
    left join clusters c on (c.org_id, c.id) = (a.org_id, coalesce(a.cluster_id, t.cluster_id))
""").format(_CONNECTED)


async def get_keys(tx: Tx) -> Keys | None:
    """Who the hub is to this organization's agents."""
    return await tx.one(Keys, "select public, sealed, approval from agent_settings where org_id = %s", [tx.org_id])


async def insert_keys(tx: Tx, public: bytes, sealed: bytes) -> None:
    """Make it so, unless another process was faster."""
    await tx.execute(
        "insert into agent_settings (org_id, public, sealed) values (%s, %s, %s) on conflict (org_id) do nothing",
        [tx.org_id, public, sealed],
    )


async def update_approval(tx: Tx, *, approval: bool) -> bool:
    """Keep whether every agent needs approval; whether that is a change."""
    query = "update agent_settings set approval = %(approval)s where org_id = %(org)s and approval <> %(approval)s"
    return await tx.execute(query, {"approval": approval, "org": tx.org_id}) == 1


async def insert_token(tx: Tx, values: Mapping[str, Any], wishes: Wishes, lifetime: timedelta) -> Token:
    """A new token."""
    made = await tx.one(
        Token,
        sql.SQL("""
            insert into agent_tokens (org_id, secret_hash, cluster_id, wishes, approval, created_by, expires_at)
            values (%(org)s, %(secret_hash)s, %(cluster_id)s, %(wishes)s, %(approval)s, %(created_by)s,
                    now() + %(lifetime)s)
            returning {}
        """).format(_TOKEN),
        {**values, "wishes": wishes, "lifetime": lifetime, "org": tx.org_id},
    )
    assert made is not None, "an insert returns its row"  # noqa: S101  # for the type checker
    return made


async def page_tokens(tx: Tx) -> list[Token]:
    """Tokens that still let an agent in, newest first."""
    query = sql.SQL("""{} and used_at is null and withdrawn_at is null and expires_at > now()
        order by created_at desc limit 200""").format(_TOKENS)
    return await tx.all(Token, query, [tx.org_id])


async def get_token(tx: Tx, token_id: UUID) -> Token | None:
    """One token."""
    return await tx.one(Token, sql.SQL("{} and id = %s").format(_TOKENS), [tx.org_id, token_id])


async def use_token(tx: Tx, secret_hash: bytes) -> Token | None:
    """Use a token up; None for one that is unknown, used, withdrawn or too old."""
    query = sql.SQL("""update agent_tokens set used_at = now()
        where org_id = %s and secret_hash = %s and used_at is null and withdrawn_at is null and expires_at > now()
        returning {}""").format(_TOKEN)
    return await tx.one(Token, query, [tx.org_id, secret_hash])


async def withdraw_token(tx: Tx, token_id: UUID) -> bool:
    """Let nobody in by it; whether it was still good."""
    query = """update agent_tokens set withdrawn_at = now()
        where org_id = %s and id = %s and used_at is null and withdrawn_at is null and expires_at > now()"""
    return await tx.execute(query, [tx.org_id, token_id]) == 1


async def insert(tx: Tx, values: Mapping[str, Any]) -> UUID:
    """A new agent, which waits."""
    query = """insert into agents (org_id, token_id, public, version, kubernetes, identity)
        values (%(org)s, %(token_id)s, %(public)s, %(version)s, %(kubernetes)s, %(identity)s) returning id"""
    created: UUID = await tx.value(query, {**values, "org": tx.org_id})
    return created


async def page(tx: Tx) -> list[Row]:
    """Those that wait, and those that have a cluster; what waits first."""
    query = sql.SQL("""{} where a.org_id = %s and (a.state = 'approved'
        or (a.state = 'pending' and a.created_at > now() - {}))
        order by a.state = 'approved', lower(coalesce(c.name, '')), a.created_at""").format(_AGENTS, PENDING)
    return await tx.all(Row, query, [tx.org_id])


async def get(tx: Tx, agent_id: UUID, *, lock: bool = False) -> Row | None:
    """One agent."""
    query = sql.SQL("{} where a.org_id = %s and a.id = %s {}").format(
        _AGENTS, sql.SQL("for update of a" if lock else "")
    )
    return await tx.one(Row, query, [tx.org_id, agent_id])


async def get_of_cluster(tx: Tx, cluster_id: UUID) -> Row | None:
    """The agent of a cluster."""
    query = sql.SQL("{} where a.org_id = %s and a.cluster_id = %s and a.state = 'approved'").format(_AGENTS)
    return await tx.one(Row, query, [tx.org_id, cluster_id])


async def get_by_token(tx: Tx, token_id: UUID) -> Row | None:
    """The agent that a token let in."""
    return await tx.one(
        Row, sql.SQL("{} where a.org_id = %s and a.token_id = %s").format(_AGENTS), [tx.org_id, token_id]
    )


async def lock_by_key(tx: Tx, public: bytes) -> Row | None:
    """The agent of a key, be it its next one."""
    query = sql.SQL("{} where a.org_id = %s and (a.public = %s or a.next_public = %s) for update of a").format(_AGENTS)
    return await tx.one(Row, query, [tx.org_id, public, public])


async def get_place(tx: Tx, cluster_id: UUID) -> Place | None:
    """Where the session of a cluster's agent is."""
    query = sql.SQL("""select a.id, a.holder, {} as connected
        from agents a where a.org_id = %s and a.cluster_id = %s and a.state = 'approved'""").format(_CONNECTED)
    return await tx.one(Place, query, [tx.org_id, cluster_id])


async def get_place_of(tx: Tx, agent_id: UUID) -> Place | None:
    """Where an agent's session is."""
    query = sql.SQL("select a.id, a.holder, {} as connected from agents a where a.org_id = %s and a.id = %s")
    return await tx.one(Place, query.format(_CONNECTED), [tx.org_id, agent_id])


async def begin_session(tx: Tx, agent_id: UUID, values: Mapping[str, Any]) -> int:
    """A new session, which counts from now on: its epoch. A key that is used for the first time is the only one."""
    epoch: int = await tx.value(
        sql.SQL("""
            update agents
            set epoch = epoch + 1, holder = %(holder)s, version = %(version)s, address = %(address)s,
                kubernetes = case when %(kubernetes)s = '' then kubernetes else %(kubernetes)s end,
                flaps = case when connected_at > now() - {steady} then flaps + 1 else 0 end,
                connected_at = now(), seen_at = now(),
                rotated_at = case when next_public = %(public)s then now() else rotated_at end,
                public = %(public)s,
                next_public = case when next_public = %(public)s then null else next_public end
            where org_id = %(org)s and id = %(id)s
            returning epoch
        """).format(steady=STEADY),
        {**values, "org": tx.org_id, "id": agent_id},
    )
    return epoch


async def since_connected(tx: Tx, agent_id: UUID) -> float:
    """How many seconds ago an agent came last."""
    query = """select coalesce(extract(epoch from now() - connected_at), 1e9)::float8
        from agents where org_id = %s and id = %s"""
    return float(await tx.value(query, [tx.org_id, agent_id]))


async def touch(tx: Tx, epochs: Mapping[UUID, int]) -> list[UUID]:
    """These sessions live; those of them that still count."""
    query = """
        update agents a set seen_at = now() from unnest(%s::uuid[], %s::bigint[]) as s (id, epoch)
        where a.org_id = %s and a.id = s.id and a.epoch = s.epoch returning a.id"""
    return await tx.all(UUID, query, [list(epochs), list(epochs.values()), tx.org_id])


async def end_session(tx: Tx, agent_id: UUID, epoch: int, reason: str) -> bool:
    """A session is over, unless a newer one counts."""
    query = """update agents set holder = '', cut_at = now(), cut_reason = %s
        where org_id = %s and id = %s and epoch = %s and holder <> ''"""
    return await tx.execute(query, [reason[:300], tx.org_id, agent_id, epoch]) == 1


async def update_next_key(tx: Tx, agent_id: UUID, public: bytes) -> None:
    """The key that an agent may use as well from now on."""
    query = "update agents set next_public = %s where org_id = %s and id = %s"
    await tx.execute(query, [public, tx.org_id, agent_id])


async def update_sealed(tx: Tx, agent_id: UUID, sealed: bytes | None) -> None:
    """How a cluster that waits is spoken to."""
    await tx.execute("update agents set sealed = %s where org_id = %s and id = %s", [sealed, tx.org_id, agent_id])


async def get_sealed(tx: Tx, agent_id: UUID) -> bytes | None:
    """How a cluster that waits is spoken to."""
    return await tx.one(bytes, "select sealed from agents where org_id = %s and id = %s and sealed is not null",
                        [tx.org_id, agent_id])  # fmt: skip


async def decide(tx: Tx, agent_id: UUID, state: str, *, by: UUID | None, cluster_id: UUID | None = None) -> None:
    """What became of an agent; of its cluster's credentials it keeps nothing."""
    query = """update agents set state = %(state)s, decided_by = %(by)s, decided_at = now(), sealed = null,
        cluster_id = coalesce(%(cluster)s, cluster_id) where org_id = %(org)s and id = %(id)s"""
    values = {"state": state, "by": by, "cluster": cluster_id, "org": tx.org_id, "id": agent_id}
    await tx.execute(query, values)


async def revoke_others(tx: Tx, cluster_id: UUID, agent_id: UUID) -> Sequence[UUID]:
    """Another agent takes a cluster over: whoever had it before."""
    query = """update agents set state = 'revoked', decided_at = now()
        where org_id = %s and cluster_id = %s and id <> %s and state = 'approved' returning id"""
    return await tx.all(UUID, query, [tx.org_id, cluster_id, agent_id])
