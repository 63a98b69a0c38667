"""What can be done with agents: make and withdraw tokens, approve, refuse, revoke, say whether approval is needed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.tunnel.identity import fingerprint
from basefly.base.tunnel.words import ENROLMENT
from basefly.base.web.language import sentence
from basefly.core.access.actions import standing
from basefly.core.agents import keys, store
from basefly.core.agents.model import LONGEST, Agent, Enrolment, NewToken, Row, Token
from basefly.core.agents.ways.held import Sessions
from basefly.core.audit.actions import record
from basefly.core.clusters import actions as clusters
from basefly.core.clusters import checks
from basefly.core.clusters import model as cluster_model
from basefly.core.clusters.actions import READ, WRITE
from basefly.core.clusters.model import Cluster
from basefly.core.identity import model as secrets

GOVERN = "access:write"  # whether agents need approval is a matter of who may what

_DECIDED = {
    "approved": sentence("This agent was approved already."),
    "refused": sentence("This agent was refused."),
    "revoked": sentence("This agent was revoked."),
}


async def create_token(house: House, tx: Tx, by: Principal, wish: Enrolment) -> NewToken:
    """Make a token that lets one agent enrol, shown this once. Without approval nobody looks at who comes with it."""
    by.require_everywhere(WRITE)
    if not timedelta(minutes=5) <= wish.lifetime <= LONGEST:
        raise _wrong("/minutes", "A token is good for 5 minutes to 7 days.")
    cluster_id = (await clusters.find(tx, by, wish.cluster)).id if wish.cluster else None
    if cluster_id is None:
        cluster_model.name(wish.wishes.name)
        cluster_model.labels(wish.wishes.labels)
    hub = await keys.of(house, tx)
    if hub.approval and not wish.approval:
        raise Conflict(
            "This organization wants every agent approved by a person.",
            cure="Switch it off for the organization first.",
        )
    secret = ENROLMENT + secrets.mint(by.org_id).reveal()
    values = {"secret_hash": secrets.fingerprint(secret), "cluster_id": cluster_id, "approval": wish.approval}
    made = await store.insert_token(tx, values | {"created_by": by.user_id}, wish.wishes, wish.lifetime)
    told = {"name": wish.wishes.name, "cluster": str(cluster_id or ""), "approval": wish.approval}
    await record(tx, by, "agent_token.created", f"agent-tokens/{made.id}", told)
    return NewToken(**{name: getattr(made, name) for name in Token.__struct_fields__}, token=secret)


async def tokens(tx: Tx, by: Principal) -> list[Token]:
    """Tokens that still let an agent in."""
    by.require_everywhere(WRITE)
    return await store.page_tokens(tx)


async def withdraw_token(tx: Tx, by: Principal, token_id: UUID) -> None:
    """Let nobody in by it."""
    by.require_everywhere(WRITE)
    if await store.get_token(tx, token_id) is None:
        raise NotFound("There is no such token.")
    if not await store.withdraw_token(tx, token_id):
        raise Conflict("This token is used, withdrawn or over.")
    await record(tx, by, "agent_token.withdrawn", f"agent-tokens/{token_id}")


async def agents(tx: Tx, by: Principal) -> list[Agent]:
    """The agents of the clusters in sight; with all clusters in sight those that wait, too."""
    by.require(READ)
    scope = by.scope(READ)
    return [row.agent() for row in await store.page(tx) if _seen(row, by) or scope.everything]


async def find(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """One agent. Raises NotFound."""
    return (await _row(tx, by, agent_id)).agent()


async def of_cluster(tx: Tx, cluster_id: UUID) -> Agent | None:
    """The agent of a cluster, if it has one; the cluster's reader is the caller's to check."""
    row = await store.get_of_cluster(tx, cluster_id)
    return row.agent() if row else None


async def approve(house: House, by: Principal, agent_id: UUID) -> Cluster:
    """Connect the cluster of an agent that waits, once it has passed every check through its tunnel.

    Raises NotFound, Conflict, Invalid with the checks that failed.
    """
    by.require_everywhere(WRITE)
    async with house.db.transaction(by.org_id) as tx:
        found = _pending(await _row(tx, by, agent_id))
        credentials = await keys.pending_access(house, tx, agent_id)
    dialer = house.get(Sessions).dialer_of(by.org_id, agent_id)
    report = await checks.check(credentials, private=True, dialer=dialer)
    report.require()
    async with house.db.transaction(by.org_id) as tx:
        found = _pending(await _row(tx, by, agent_id, lock=True))
        token = await store.get_token(tx, found.token_id)
        if token is not None and token.cluster_id is not None:
            cluster = await clusters.readmit(tx, by, house.vault, token.cluster_id, credentials, report)
            await store.revoke_others(tx, cluster.id, agent_id)
        else:
            cluster = await clusters.admit(tx, by, house.vault, credentials, report, found.wishes.settings)
        await store.decide(tx, agent_id, "approved", by=by.user_id, cluster_id=cluster.id)
        await _done(tx, by, found, "agent.approved", {"cluster": str(cluster.id)})
    return cluster


async def approve_for(house: House, org_id: UUID, agent_id: UUID) -> None:
    """Connect a cluster whose token asked for no approval: in the name, and with the rights, of who made the token.

    Raises as `approve` does, and Unauthenticated when they are no member any more, or disabled.
    """
    async with house.db.transaction(org_id) as tx:
        found = await store.get(tx, agent_id)
        token = await store.get_token(tx, found.token_id) if found and found.state == "pending" else None
        hub = await keys.of(house, tx)
    if token is None or token.approval or hub.approval:
        return
    await approve(house, await standing(house, org_id, token.created_by), agent_id)


async def refuse(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """Send an agent that waits away for good."""
    by.require_everywhere(WRITE)
    found = _pending(await _row(tx, by, agent_id, lock=True))
    await store.decide(tx, agent_id, "refused", by=by.user_id)
    await _done(tx, by, found, "agent.refused", {})
    return await find(tx, by, agent_id)


async def revoke(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """Take an agent's key out of use. Its cluster stays, and is unreachable until it has another way."""
    found = await _row(tx, by, agent_id, lock=True)
    by.require(WRITE, found.cluster_id)
    if found.state != "approved":
        raise Conflict(_DECIDED.get(found.state, sentence("This agent was not approved yet.")))
    await store.decide(tx, agent_id, "revoked", by=by.user_id)
    await _done(tx, by, found, "agent.revoked", {"cluster": str(found.cluster_id)})
    return await find(tx, by, agent_id)


async def needs_approval(house: House, tx: Tx, by: Principal) -> bool:
    """Whether every agent of this organization needs a person's approval."""
    by.require_everywhere(WRITE)
    return (await keys.of(house, tx)).approval


async def set_approval(house: House, tx: Tx, by: Principal, *, approval: bool) -> bool:
    """Say whether every agent needs approval. Where not, a token says so of its own agent."""
    by.require_everywhere(GOVERN)
    await keys.of(house, tx)
    if await store.update_approval(tx, approval=approval):
        told = {"approval": {"from": not approval, "to": approval}}
        await record(tx, by, "agent_settings.changed", "agent-settings", told)
    return approval


async def _row(tx: Tx, by: Principal, agent_id: UUID, *, lock: bool = False) -> Row:
    row = await store.get(tx, agent_id, lock=lock)
    if row is None or not (_seen(row, by) or by.scope(READ).everything):
        raise NotFound("There is no such agent.")
    return row


def _seen(row: Row, by: Principal) -> bool:
    return row.cluster_id is not None and by.scope(READ).sees(row.cluster_id)


def _pending(row: Row) -> Row:
    if row.state != "pending":
        raise Conflict(_DECIDED[row.state])
    return row


async def _done(tx: Tx, by: Principal, found: Row, act: str, told: dict[str, str]) -> None:
    detail = {"fingerprint": fingerprint(found.public), **told}
    await record(tx, by, act, f"agents/{found.id}", detail)
    await tx.notify(f"clusters/agents/{found.id}")


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),))
