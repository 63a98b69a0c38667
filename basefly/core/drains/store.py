"""Every query of drains, their nodes and their pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Json, Tx
from basefly.core.drains.model import Drain, DrainNode, DrainPod, Options

MOST = 5_000  # pods of a drain that are shown

# What the table of operations knows better: a drain whose operation was given up has failed, whoever died over it.
_SELECT = """
    select d.id, d.cluster_id, c.name as cluster_name, d.operation_id,
           case when died then 'failed' else d.state end as state,
           case when died then coalesce(o.error, '') else d.reason end as reason,
           d.options, d.started_by, coalesce(nullif(u.name, ''), u.email) as started_by_name, d.acting_for, d.held,
           (select array_agg(n.name order by n.position) from drain_nodes n
             where n.org_id = d.org_id and n.drain_id = d.id) as nodes,
           d.created_at, d.finished_at,
           (select jsonb_build_object(
                       'pods', count(*),
                       'gone', count(*) filter (where p.state = 'gone'),
                       'skipped', count(*) filter (where p.state = 'skipped'),
                       'blocked', count(*) filter (where p.state = 'blocked'),
                       'failed', count(*) filter (where p.state = 'failed'))
              from drain_pods p where p.org_id = d.org_id and p.drain_id = d.id) as tally
      from drains d join clusters c on c.org_id = d.org_id and c.id = d.cluster_id
           join operations o on o.org_id = d.org_id and o.id = d.operation_id
           join users u on u.id = d.started_by
           cross join lateral (select o.state = 'failed' and d.state in ('running', 'cancelling') as died) as x
     where d.org_id = %(org)s"""


async def page(
    tx: Tx, clusters: Sequence[UUID] | None, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Drain]:
    """Drains of these clusters (None: of all), newest first."""
    query = f"""{_SELECT} and (%(clusters)s::uuid[] is null or d.cluster_id = any(%(clusters)s))
        and (%(at)s::timestamptz is null or (d.created_at, d.id) < (%(at)s, %(id)s::uuid))
        order by d.created_at desc, d.id desc limit %(limit)s"""
    at, last = after or (None, None)
    seen = None if clusters is None else list(clusters)
    return await tx.all(Drain, query, {"org": tx.org_id, "clusters": seen, "at": at, "id": last, "limit": limit})


async def get(tx: Tx, drain_id: UUID) -> Drain | None:
    """One drain."""
    return await tx.one(Drain, f"{_SELECT} and d.id = %(id)s", {"org": tx.org_id, "id": drain_id})


async def lock(tx: Tx, drain_id: UUID) -> None:
    """Nobody else decides about this drain until `tx` ends."""
    await tx.execute("select from drains where org_id = %s and id = %s for update", [tx.org_id, drain_id])


async def get_open(tx: Tx, cluster_id: UUID, nodes: Sequence[str]) -> tuple[UUID, str] | None:
    """A drain that has one of these nodes in hand, and the node."""
    found = await tx.one(
        dict,
        """select drain_id, name from drain_nodes where org_id = %s and cluster_id = %s and name = any(%s)
              and state in ('waiting', 'draining') order by name limit 1""",
        [tx.org_id, cluster_id, list(nodes)],
    )
    return (found["drain_id"], found["name"]) if found else None


class NewDrain(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is kept."""

    cluster_id: UUID
    operation_id: UUID
    options: Options
    by: UUID
    held: Sequence[str]
    nodes: Sequence[str]


async def insert(tx: Tx, drain_id: UUID, new: NewDrain) -> None:
    """Keep an order with its nodes. Duplicate when one of them is being drained."""
    await tx.execute(
        """insert into drains (org_id, id, cluster_id, operation_id, options, started_by, acting_for, held)
           values (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [tx.org_id, drain_id, new.cluster_id, new.operation_id, new.options, new.by, new.by, list(new.held)],
    )
    await tx.execute(
        """insert into drain_nodes (org_id, drain_id, cluster_id, name, position)
           select %s, %s, %s, name, position from unnest(%s::text[]) with ordinality as t (name, position)""",
        [tx.org_id, drain_id, new.cluster_id, list(new.nodes)],
    )


async def update(tx: Tx, drain_id: UUID, state: str, reason: str = "", *, was: str | None = None) -> bool:
    """Where a drain stands; False if it no longer is where it `was`."""
    touched = await tx.execute(
        """update drains set state = %(state)s, reason = %(reason)s,
                  finished_at = case when %(state)s in ('running', 'cancelling', 'paused') then null else now() end
            where org_id = %(org)s and id = %(id)s and (%(was)s::text is null or state = %(was)s)""",
        {"org": tx.org_id, "id": drain_id, "state": state, "reason": reason[:1000], "was": was},
    )
    return touched == 1


async def update_acting(tx: Tx, drain_id: UUID, user_id: UUID, held: Sequence[str]) -> None:
    """In whose name it goes on, with no more than these permissions."""
    query = "update drains set acting_for = %s, held = %s where org_id = %s and id = %s"
    await tx.execute(query, [user_id, list(held), tx.org_id, drain_id])


async def reopen(tx: Tx, drain_id: UUID) -> None:
    """Nodes that are not done begin anew, and of their pods those that did not go. Duplicate as for `insert`."""
    await tx.execute(
        """update drain_nodes set state = 'waiting', reason = '', cordoned_at = null, deadline_at = null,
                  finished_at = null where org_id = %s and drain_id = %s and state <> 'done'""",
        [tx.org_id, drain_id],
    )
    await tx.execute(
        """update drain_pods set state = 'waiting', reason = '', facts = '{}', tries = 0, due_at = now(),
                  changed_at = now() where org_id = %s and drain_id = %s and state in ('blocked', 'failed')""",
        [tx.org_id, drain_id],
    )


async def get_nodes(tx: Tx, drain_id: UUID) -> list[DrainNode]:
    """The nodes of a drain, in their order."""
    query = """select name, state, reason, uid, was_cordoned, cordoned_at, finished_at,
                      coalesce(deadline_at <= clock_timestamp(), false) as late
                 from drain_nodes where org_id = %s and drain_id = %s order by position"""
    return await tx.all(DrainNode, query, [tx.org_id, drain_id])


async def update_node(tx: Tx, drain_id: UUID, name: str, state: str, reason: str = "") -> None:
    """Where a node stands."""
    await tx.execute(
        """update drain_nodes set state = %(state)s, reason = %(reason)s,
                  finished_at = case when %(state)s in ('waiting', 'draining') then null else now() end
            where org_id = %(org)s and drain_id = %(id)s and name = %(name)s""",
        {"org": tx.org_id, "id": drain_id, "name": name, "state": state, "reason": reason[:1000]},
    )


async def begin_node(tx: Tx, drain_id: UUID, name: str, seconds: int) -> None:
    """A node's turn, for so many seconds."""
    await tx.execute(
        """update drain_nodes set state = 'draining', reason = '', deadline_at = now() + make_interval(secs => %s)
            where org_id = %s and drain_id = %s and name = %s""",
        [seconds, tx.org_id, drain_id, name],
    )


async def note_found(tx: Tx, drain_id: UUID, name: str, uid: str, *, cordoned: bool) -> None:
    """Which node it is, and whether somebody had cordoned it before us."""
    await tx.execute(
        "update drain_nodes set uid = %s, was_cordoned = %s where org_id = %s and drain_id = %s and name = %s",
        [uid, cordoned, tx.org_id, drain_id, name],
    )


async def note_cordoned(tx: Tx, drain_id: UUID, name: str) -> None:
    """We have cordoned it."""
    query = "update drain_nodes set cordoned_at = now() where org_id = %s and drain_id = %s and name = %s"
    await tx.execute(query, [tx.org_id, drain_id, name])


async def cancel_nodes(tx: Tx, drain_id: UUID, reason: str = "") -> None:
    """What is not done will not be."""
    await tx.execute(
        """update drain_nodes set state = 'cancelled', reason = %s, finished_at = now()
            where org_id = %s and drain_id = %s and state <> 'done'""",
        [reason[:1000], tx.org_id, drain_id],
    )


async def get_pods(tx: Tx, drain_id: UUID, node: str | None = None) -> list[DrainPod]:
    """The pods of a drain, or of one of its nodes: what is held back first, what has left last."""
    query = f"""select node, uid, namespace, name, owner, state, reason, facts, tries, changed_at,
                      due_at <= clock_timestamp() as due
                  from drain_pods
                 where org_id = %(org)s and drain_id = %(id)s and (%(node)s::text is null or node = %(node)s)
                 order by array_position('{{failed,blocked,leaving,evicting,waiting,gone,skipped}}'::text[], state),
                          reason = '', node, namespace, name, uid limit {MOST}"""  # noqa: S608  # our own constant
    return await tx.all(DrainPod, query, {"org": tx.org_id, "id": drain_id, "node": node})


async def insert_pods(tx: Tx, drain_id: UUID, node: str, pods: Sequence[Mapping[str, Any]]) -> None:
    """Pods that were found on a node; those that are known stay as they are."""
    await tx.execute(
        """insert into drain_pods (org_id, drain_id, node, uid, namespace, name, owner, state, reason)
           select %s, %s, %s, p.uid, p.namespace, p.name, p.owner, p.state, p.reason
             from jsonb_to_recordset(%s) as p (uid text, namespace text, name text, owner text, state text, reason text)
           on conflict do nothing""",
        [tx.org_id, drain_id, node, Json(list(pods))],
    )


async def intend(tx: Tx, drain_id: UUID, uid: str) -> bool:
    """Note that a pod is about to be evicted; False when the drain is not to go on."""
    touched = await tx.execute(
        """update drain_pods p set state = 'evicting', reason = '', tries = tries + 1, changed_at = now()
             from (select org_id, id from drains where org_id = %(org)s and id = %(id)s and state = 'running'
                      for share) d
            where p.org_id = d.org_id and p.drain_id = d.id and p.uid = %(uid)s""",
        {"org": tx.org_id, "id": drain_id, "uid": uid},
    )
    return touched == 1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a pod; `wait`: seconds until it is looked at again."""

    uid: str
    state: str
    reason: str = ""
    facts: Mapping[str, Any] = {}
    wait: float = 0.0


async def end_pods(tx: Tx, drain_id: UUID, node: str, *, but: Sequence[str] = ()) -> int:
    """The pods of a node that are on it no more, but for those with these uids; how many are news."""
    return await tx.execute(
        """update drain_pods set state = 'gone', reason = '', facts = '{}', changed_at = now()
            where org_id = %s and drain_id = %s and node = %s and uid <> all(%s)
              and state not in ('gone', 'skipped')""",
        [tx.org_id, drain_id, node, list(but)],
    )


async def update_pod(tx: Tx, drain_id: UUID, change: Change) -> None:
    """What became of a pod."""
    await tx.execute(
        """update drain_pods set state = %(state)s, reason = %(reason)s, facts = %(facts)s,
                  changed_at = case when (state, reason) = (%(state)s, %(reason)s) then changed_at else now() end,
                  due_at = now() + make_interval(secs => %(wait)s)
            where org_id = %(org)s and drain_id = %(drain)s and uid = %(uid)s""",
        {**msgspec.structs.asdict(change), "facts": dict(change.facts), "org": tx.org_id, "drain": drain_id},
    )
