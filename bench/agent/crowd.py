"""Many agents in one process, each with the whole of its protocol; their keys are on standard input, a line each.

python -m bench.agent.crowd HUB HUB_KEY ORGANIZATION ACCOUNT
"""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path

import structlog

from basefly.agent.config import Config
from basefly.agent.keeping import State
from basefly.agent.program import Agent
from basefly.base.secret import Secret

SPREAD = 5.0  # s over which they begin


class Remembered:
    """Keys that nobody needs afterwards."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def read(self) -> State:
        return self._state

    async def write(self, state: State) -> None:
        self._state = state

    async def token(self) -> Secret:
        return Secret("")


async def crowd(hub: str, hub_key: str, organization: str, keys: list[str], account: Path) -> None:
    """Every agent, for ever."""
    config = Config(
        hub=hub,
        hub_key=base64.b64decode(hub_key.removeprefix("ed25519:")),
        token=Secret(""),
        hub_ca="",
        state="",
        api="https://127.0.0.1:9",
        api_ca=account / "ca.crt",
        api_token=account / "token",
        api_name="",
        health=0,
        proxy="",
        no_proxy="",
    )
    async with asyncio.TaskGroup() as group:
        for number, key in enumerate(keys):
            state = State(organization=organization, current=key, since=2**40)
            group.create_task(_later(Agent(config, Remembered(state)), SPREAD * number / len(keys)))


async def _later(agent: Agent, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await agent.run()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    hub_, hub_key_, organization_, account_ = sys.argv[1:]
    asyncio.run(crowd(hub_, hub_key_, organization_, sys.stdin.read().split(), Path(account_)))
