"""Starts the agent, answers its probes, and ends it in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

import structlog

from basefly.agent.config import Config, load
from basefly.agent.program import Agent
from basefly.base.resilience.ending import end

READ = 5.0  # s that a probe may take to say what it wants


def run(given: Mapping[str, str]) -> None:
    """Until SIGTERM or SIGINT. `given` is put on top of the environment. Raises ConfigError."""
    config = load({**os.environ, **given})
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    with suppress(asyncio.CancelledError):
        asyncio.run(_life(config))


async def _life(config: Config) -> None:
    life = asyncio.current_task()
    assert life is not None, "a coroutine runs in a task"  # noqa: S101  # for the type checker
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, life.cancel)
    agent = Agent(config)
    async with AsyncExitStack() as stack:
        if config.health:
            server = await asyncio.start_server(lambda r, w: _probe(agent, r, w), "", config.health)
            stack.callback(server.close)
        running = asyncio.create_task(agent.run(), name="agent")
        stack.push_async_callback(end, running)
        await running


async def _probe(agent: Agent, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Kubernetes' probes: /healthz while we run, /readyz while the hub knows us."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(READ):
            head = await reader.readuntil(b"\r\n\r\n")
        well = not head.startswith(b"GET /readyz") or agent.connected
        status, body = ("200 OK", "ok") if well else ("503 Service Unavailable", "the hub is away")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
    writer.close()
