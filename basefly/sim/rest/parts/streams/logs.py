"""pods/log: the lines of a container, from a moment on, at most so many, and on as time passes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice

import msgspec
from aiohttp import web

from basefly.sim.rest.options import integer
from basefly.sim.rest.parts import containers
from basefly.sim.rest.parts.containers import Chosen
from basefly.sim.rest.parts.streams.lines import STEP, Line, Log, seconds
from basefly.sim.rest.paths import truthy
from basefly.sim.status import Cause, bad_request, invalid, not_simulated
from basefly.sim.wire.call import Call

_BLOCK = 500
"""Lines in one write: of a long log, no more than these are in memory."""


class _Options(msgspec.Struct, frozen=True):
    """What is asked of a log; `since` in seconds since the epoch, None where nothing is asked."""

    follow: bool
    previous: bool
    timestamps: bool
    tail: int | None
    limit: int | None
    since: float | None


async def answer_log(call: Call) -> web.StreamResponse:
    options = _options(call.query, call.target.name)
    found = containers.chosen(call)
    if not found.pod["spec"].get("nodeName"):
        return web.Response(status=204)
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    state, runs = containers.logged(found, previous=options.previous)
    log = Log(found.pod["metadata"]["uid"], found.name, state, kept=call.cluster.log_lines)
    await response.prepare(call.request)
    left = options.limit
    async for lines in _lines(call, (found, log), options, follow=options.follow and runs):
        text = b"".join(line.encode(timestamps=options.timestamps) for line in lines)[:left]
        await response.write(text)
        left = None if left is None else left - len(text)
        if left == 0:
            break
    await response.write_eof()
    return response


def _options(query: Mapping[str, str], name: str) -> _Options:
    """The options, or the refusal of those that make no sense."""
    numbers = {key: integer(query[key]) for key in ("tailLines", "limitBytes", "sinceSeconds") if query.get(key)}
    tail, limit, ago = (numbers.get(key) for key in ("tailLines", "limitBytes", "sinceSeconds"))
    wrong = []
    if tail is not None and tail < 0:
        wrong.append(_invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        wrong.append(_invalid("limitBytes", limit, "must be greater than 0"))
    if ago is not None and query.get("sinceTime"):
        both = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        wrong.append(Cause("FieldValueForbidden", both, "[]"))
    elif ago is not None and ago < 1:
        wrong.append(_invalid("sinceSeconds", ago, "must be greater than 0"))
    if wrong:
        raise invalid("PodLogOptions", name, wrong)
    if query.get("stream", "All") != "All":
        raise not_simulated("the choice of one stream of a log")
    since = time.time() - ago if ago is not None else _since(query.get("sinceTime"))
    follow, previous, timestamps = (truthy(query.get(key)) for key in ("follow", "previous", "timestamps"))
    return _Options(follow, previous, timestamps, tail, limit, since)


def _invalid(field: str, value: int, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", field)


def _since(moment: str | None) -> float | None:
    try:
        return seconds(moment) if moment else None
    except ValueError:
        wanted = f'parsing time "{moment}" as "2006-01-02T15:04:05Z07:00"'
        raise bad_request(f'{wanted}: cannot parse "{moment}" as "2006"') from None


async def _lines(call: Call, of: tuple[Chosen, Log], options: _Options, *, follow: bool) -> AsyncIterator[list[Line]]:
    found, log = of
    now = time.time()
    for block in _blocks(log.between(options.since or 0, now, tail=options.tail)):
        yield block
    if follow:
        async for block in followed(call, found, log, now):
            yield block


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    left = iter(lines)
    while block := list(islice(left, _BLOCK)):
        yield block


async def followed(call: Call, found: Chosen, log: Log, after: float) -> AsyncIterator[list[Line]]:
    """The lines that come as time passes, until this run of the container is over."""
    while True:
        await call.cluster.clock.sleep(STEP / 4)
        state, runs = _now(call, found, log)
        now = time.time()
        if state and not runs:
            log = Log(found.pod["metadata"]["uid"], found.name, state, kept=call.cluster.log_lines)
            # Its end is told in whole seconds, and later than it came: the last words are still to be said.
            after, now = min(after, log.ended - 0.001), log.ended
        if lines := list(log.between(after, now)):
            yield lines
        if not runs:
            return
        after = now


def _now(call: Call, found: Chosen, log: Log) -> tuple[dict[str, str] | None, bool]:
    """How the run that is followed fares: that it runs on, or how it ended."""
    held = call.cluster.store.get("pods", call.namespace, call.target.name)
    if held is None or held.uid != found.pod["metadata"]["uid"]:
        return None, False
    status = containers.status_of(held.load(), found.name)
    current = Chosen(found.pod, found.spec, status)
    states = [current.state("running"), current.state("terminated"), current.state("terminated", last=True)]
    for state in states:
        if state and seconds(state["startedAt"]) == log.started:
            return state, "finishedAt" not in state
    return None, False
