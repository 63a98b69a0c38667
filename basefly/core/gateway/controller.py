"""What happens by itself: the gateway listens for as long as the hub runs."""

from __future__ import annotations

import asyncio

from basefly.base.authority import Authority, listening
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy.callers import Callers
from basefly.core.gateway.proxy.listener import Listener


class GatewayController:
    """The gateway's listener."""

    name = "gateway"

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self) -> None:
        """Listen until the hub ends, and wait to be cancelled."""
        settings = self._house.settings
        host, port = settings.gateway
        tls = listening(settings, self._house.get(Authority))
        await Listener(self._house, Callers(self._house)).serve(host, port, tls)
        await asyncio.Event().wait()  # the hub ends, and us with it: who returned would be begun again
