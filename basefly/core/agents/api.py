"""Agents as JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, delete, get, post, put
from basefly.core.agents import actions, keys, manifest
from basefly.core.agents.model import LIFETIME, Agent, Enrolment, NewToken, Profile, Token, Wishes
from basefly.core.clusters.actions import READ, WRITE

Minutes = Annotated[int, msgspec.Meta(ge=5, le=7 * 24 * 60)]
Text = Annotated[str, msgspec.Meta(max_length=253)]


class NewAgentToken(Body):
    """What the cluster is to be called and where it is; or, in `cluster`, the one that is there and gets this agent.

    Without `approval` the cluster is connected as soon as its agent is there, if the organization allows that.
    """

    name: Text = ""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    region: Text | None = None
    provider: Text | None = None
    cluster: Text = ""
    approval: bool = True
    minutes: Minutes = int(LIFETIME.total_seconds() // 60)


class IssuedToken(NewToken, frozen=True, kw_only=True):
    """A token just made, shown this once, with the address and the key of the hub that the agent must know."""

    hub: str
    hub_key: str


class TokenList(msgspec.Struct, frozen=True):
    """Tokens that still let an agent in."""

    items: list[Token]


class AgentList(msgspec.Struct, frozen=True):
    """Agents, those that wait first."""

    items: list[Agent]


class AgentSettings(Body):
    """Whether every agent of the organization needs a person's approval."""

    approval: bool


@post("/agent-tokens", permission=WRITE, summary="Make a token that lets an agent enrol")
async def create_agent_token(house: House, tx: Tx, by: Principal, data: NewAgentToken) -> IssuedToken:
    """Good once and for an hour, unless `minutes` says otherwise. Needs clusters:write over the whole organization."""
    wishes = Wishes(name=data.name, labels=data.labels, region=data.region, provider=data.provider)
    lifetime = timedelta(minutes=data.minutes)
    wish = Enrolment(wishes=wishes, cluster=data.cluster, approval=data.approval, lifetime=lifetime)
    made = await actions.create_token(house, tx, by, wish)
    hub = await keys.of(house, tx)
    values = {name: getattr(made, name) for name in NewToken.__struct_fields__}
    return IssuedToken(**values, hub=house.settings.url, hub_key=keys.told(hub.public))


@get("/agent-tokens", permission=WRITE, summary="List tokens that still let an agent enrol")
async def list_agent_tokens(tx: Tx, by: Principal) -> TokenList:
    """Newest first, without their secrets."""
    return TokenList(await actions.tokens(tx, by))


@delete("/agent-tokens/{token_id:uuid}", permission=WRITE, summary="Withdraw a token")
async def withdraw_agent_token(tx: Tx, by: Principal, token_id: UUID) -> None:
    """Nobody enrols with it any more."""
    await actions.withdraw_token(tx, by, token_id)


@get("/agents", permission=READ, summary="List agents")
async def list_agents(tx: Tx, by: Principal) -> AgentList:
    """Those of the clusters that you see; and those that wait, if you see all clusters."""
    return AgentList(await actions.agents(tx, by))


@get("/agents/{agent_id:uuid}", permission=READ, summary="Read an agent")
async def get_agent(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """Its state, its session, and the fingerprint of its key, which its own log shows too."""
    return await actions.find(tx, by, agent_id)


@post("/agents/{agent_id:uuid}/approvals", permission=WRITE, status_code=200, summary="Approve an agent")
async def approve_agent(house: House, by: Principal, agent_id: UUID) -> Agent:
    """Its cluster is checked through the tunnel, and connected. Compare the fingerprint first."""
    await actions.approve(house, by, agent_id)
    async with house.db.transaction(by.org_id) as tx:
        return await actions.find(tx, by, agent_id)


@post("/agents/{agent_id:uuid}/refusals", permission=WRITE, status_code=200, summary="Refuse an agent")
async def refuse_agent(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """It is sent away, and its key is of no use any more."""
    return await actions.refuse(tx, by, agent_id)


@post("/agents/{agent_id:uuid}/revocations", permission=WRITE, status_code=200, summary="Revoke an agent")
async def revoke_agent(tx: Tx, by: Principal, agent_id: UUID) -> Agent:
    """Its session ends at once. Its cluster stays in the hub, and is unreachable until it has another way."""
    return await actions.revoke(tx, by, agent_id)


@get("/agent-settings", permission=WRITE, summary="Read whether agents need approval")
async def get_agent_settings(house: House, tx: Tx, by: Principal) -> AgentSettings:
    """Of this organization."""
    return AgentSettings(await actions.needs_approval(house, tx, by))


@put("/agent-settings", permission=actions.GOVERN, summary="Say whether agents need approval")
async def set_agent_settings(house: House, tx: Tx, by: Principal, data: AgentSettings) -> AgentSettings:
    """Needs access:write as well. Where all agents need approval, no token can do without."""
    return AgentSettings(await actions.set_approval(house, tx, by, approval=data.approval))


@get(
    "/agent-manifest",
    permission=WRITE,
    summary="What `kubectl apply -f` takes to run an agent",
    media_type="text/plain",
)
async def get_agent_manifest(
    house: House,
    tx: Tx,
    by: Principal,
    profile: Annotated[Profile, QueryParameter(description="What the agent's account may do.")] = "view",
) -> str:
    """Namespace, account, rights, and the agent itself; the token goes into it where it says so."""
    by.require_everywhere(WRITE)
    hub = await keys.of(house, tx)
    return manifest.render(profile, house.settings.url, keys.told(hub.public))


HANDLERS = (
    create_agent_token,
    list_agent_tokens,
    withdraw_agent_token,
    list_agents,
    get_agent,
    approve_agent,
    refuse_agent,
    revoke_agent,
    get_agent_settings,
    set_agent_settings,
    get_agent_manifest,
)
