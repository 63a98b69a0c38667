"""How the agents plug into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.base.tunnel.words import PATH, PEER_PATH
from basefly.base.web.boundary.tunnels import Tunnels
from basefly.core.agents import api, pages
from basefly.core.agents.controller import AgentsController
from basefly.core.agents.keys import HubKeys
from basefly.core.agents.sessions.attending import Attending
from basefly.core.agents.ways.held import Sessions
from basefly.core.clusters.connections import Connections


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """The sessions, the addresses at which agents and peers ask, and the way to the clusters."""
    house.put(HubKeys())
    sessions = Sessions(house)
    house.put(sessions)
    if "web" in house.settings.role:
        house.get(Tunnels).open(PATH, Attending(house.backstage, sessions).attend)
        house.get(Tunnels).open(PEER_PATH, sessions.peers.attend)
    house.get(Connections).ways = sessions
    try:
        yield
    finally:
        await sessions.close()


agents = Slice(
    name="agents",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    controllers={"web": lambda house: (AgentsController(house),)},
)
