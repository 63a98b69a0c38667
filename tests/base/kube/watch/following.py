"""Following a scripted API server: what it tells, up to a mark, without waiting for real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from basefly.base.kube.discovery import Resource
from basefly.base.kube.watch import (
    Alive,
    Bookmark,
    Changed,
    Deleted,
    Due,
    Event,
    Following,
    Listed,
    Pace,
    Retrying,
    Skipped,
)
from tests.base.kube.apiserver import Answer, Apiserver, Asked, pods

PODS = Resource("", "v1", "pods", "Pod", namespaced=True, verbs=frozenset({"list", "watch"}))


class Waits:
    """Sleeps that only note how long they would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def pace(waits: Waits | None = None, **more: Any) -> Pace:
    """Quick, and always the longest wait that the jitter allows."""
    sleep = (waits or Waits()).sleep
    quick: dict[str, Any] = {
        "idle": 0.3,
        "listing_idle": 0.3,
        "short": 0.05,
        "spread": 0.0,
        "proof": 0.0,
        "deaf": 9,
        "jitter": max,
        "sleep": sleep,
    }
    return Pace(**quick | more)


async def told(
    server: Apiserver, until: Callable[[list[Event]], bool], *, within: float = 5.0, **options: Any
) -> list[Event]:
    """Everything that following tells until the condition holds; fails when that takes too long."""
    found: list[Event] = []
    options.setdefault("pace", pace())
    async with server.client() as client:
        try:
            async with asyncio.timeout(within), aclosing(Following(client, PODS, **options).events()) as events:
                async for one in events:
                    found.append(one)
                    if until(found):
                        return found
        except TimeoutError:
            raise AssertionError(f"told only {said(found)}") from None
    raise AssertionError("following ended by itself")


def after(kind: type[Event], times: int = 1) -> Callable[[list[Event]], bool]:
    """Until so many events of a kind were told."""
    return lambda found: sum(isinstance(one, kind) for one in found) >= times


def said(events: list[Event]) -> list[str]:
    """Events in short: "+a@5" changed, "-a@5" deleted, "listed@5", and so on."""
    return [_short(one) for one in events if not isinstance(one, Alive | Due)]


def _short(one: Event) -> str:
    match one:
        case Changed():
            return f"+{one.object.metadata.name}@{one.resource_version}"
        case Deleted():
            return f"-{one.object.metadata.name}@{one.resource_version}"
        case Listed():
            return f"listed@{one.resource_version}" + (" restored" if one.restored else "")
        case Bookmark():
            return f"bookmark@{one.resource_version}"
        case Skipped():
            return f"skipped {one.name}@{one.resource_version}"
        case Retrying():
            return f"retrying {getattr(one.error, 'kind', one.error.code)}"
        case _:
            return type(one).__name__.lower() + ":" + getattr(one, "mode", "")


def lists(asked: Asked) -> bool:
    """Whether this asks for a plain list."""
    return "watch" not in asked.query


def streams_list(asked: Asked) -> bool:
    """Whether this asks for a list within a watch."""
    return "sendInitialEvents" in asked.query


def stream(*lines: dict[str, Any] | bytes, then: str = "silence") -> Any:
    """A server whose first watch tells these lines and then falls silent, ends or breaks; later ones are silent."""

    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(int(asked.query.get("resourceVersion", 500))))
            return
        first = not getattr(serve, "done", False)
        serve.done = True  # type: ignore[attr-defined]  # the server's own memory
        await out.begin()
        if first:
            await out.lines(*lines)
            if then == "end":
                await out.end()
                return
            if then == "cut":
                out.cut()
                return
        await out.silence()

    return serve
