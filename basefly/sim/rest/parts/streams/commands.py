"""pods/exec and pods/attach: a command in a container, or the output of the one that runs there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from basefly.sim.rest.parts import containers
from basefly.sim.rest.parts.inside.box import Box, Io, enter
from basefly.sim.rest.parts.inside.pipe import Write
from basefly.sim.rest.parts.inside.shell import INTERRUPTED, execute, is_shell, is_there
from basefly.sim.rest.parts.inside.terminal import Terminal
from basefly.sim.rest.parts.streams.channels import Channels, converse, require_websocket
from basefly.sim.rest.parts.streams.lines import Log
from basefly.sim.rest.parts.streams.logs import followed
from basefly.sim.status import bad_request
from basefly.sim.wire.call import Call

Object = dict[str, Any]
_SUCCESS = {"status": "Success"}


async def answer_exec(call: Call) -> web.StreamResponse:
    found = containers.running(call)
    require_websocket(call)
    words = call.request.query.getall("command", [])
    if not words:
        raise bad_request("you must specify at least one command for the container")

    async def work(channels: Channels) -> Object:
        if not is_there(words[0]):
            return _not_started(words[0])
        box = enter(call, found)
        code = await (_at_terminal if channels.tty else _plainly)(box, words, channels)
        return _ended(words, code)

    return await converse(call, work)


def _not_started(name: str) -> Object:
    """What the runtime says of a program that is not there."""
    why = f'exec: "{name}": executable file not found in $PATH'
    message = f"OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown"
    told = f"Internal error occurred: error executing command in container: {message}"
    return {"status": "Failure", "message": told, "reason": "InternalError", "code": 500}


def _ended(words: Sequence[str], code: int) -> Object:
    if code == 0:
        return _SUCCESS
    message = (
        f"command terminated with non-zero exit code: error executing command [{' '.join(words)}], exit code {code}"
    )
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {"status": "Failure", "message": message, "reason": "NonZeroExitCode", "details": {"causes": causes}}


async def _plainly(box: Box, words: Sequence[str], channels: Channels) -> int:
    return await execute(box, words, Io(channels.stdin, channels.out, channels.err))


async def _at_terminal(box: Box, words: Sequence[str], channels: Channels) -> int:
    """Behind a terminal: keys become lines, and Ctrl-C ends what runs."""
    box.terminal = channels
    show = _returning(channels.out)

    async def interrupt() -> None:
        running = box.foreground
        if running is None or not running.cancel():
            await terminal.lines.write(b"\n")

    terminal = Terminal(channels.stdin, channels.out, interrupt)
    running = asyncio.ensure_future(execute(box, words, Io(terminal.lines, show, show)))
    if not is_shell(words):
        box.foreground = running
    keys = asyncio.ensure_future(terminal.work())
    try:
        return await running
    except asyncio.CancelledError:
        if box.foreground is not running or not running.cancelled():
            raise
        return INTERRUPTED
    finally:
        running.cancel()
        keys.cancel()
        await asyncio.gather(running, keys, return_exceptions=True)


def _returning(write: Write) -> Write:
    """A terminal needs a carriage return before each newline."""

    async def show(data: bytes) -> None:
        await write(data.replace(b"\n", b"\r\n"))

    return show


async def answer_attach(call: Call) -> web.StreamResponse:
    """Show the log as it comes; what is typed is read by no one."""
    found = containers.running(call)
    require_websocket(call)
    state = found.state("running") or {}
    log = Log(found.pod["metadata"]["uid"], found.name, state, kept=call.cluster.log_lines)

    async def work(channels: Channels) -> Object:
        await channels.stdin.close()
        show = _returning(channels.out) if channels.tty else channels.out
        async for lines in followed(call, found, log, time.time()):
            await show(b"".join(line.encode(timestamps=False) for line in lines))
        return _SUCCESS

    return await converse(call, work)
