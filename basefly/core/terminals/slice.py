"""How terminals plug into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from basefly.base.runtime.house import House
from basefly.base.runtime.rounds import Rounds
from basefly.base.slice import Nav, Slice
from basefly.core.gateway.proxy.witness import Witnesses
from basefly.core.terminals import actions, api, pages
from basefly.core.terminals.model import RECORDINGS
from basefly.core.terminals.recording.keeping import witness


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Whoever enters a pod, by whichever way, is recorded where their organization wants it."""
    house.get(Witnesses).call = partial(witness, house)
    yield


terminals = Slice(
    name="terminals",
    permissions={RECORDINGS: "Read the recordings of sessions in containers"},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    sockets=pages.SOCKETS,
    offers=pages.offers,
    furnish=furnish,
    controllers={"worker": lambda house: (Rounds(house, "terminals.retention", actions.sweep),)},
    nav=(
        Nav(
            label="Recordings",
            href="/recordings",
            group="Govern",
            icon="square-terminal",
            permission=RECORDINGS,
            order=835,
        ),
    ),
)
