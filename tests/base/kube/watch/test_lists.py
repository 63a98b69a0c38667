"""Lists: streamed where the server can, in pages where not; one snapshot, bounded, never older than what was seen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from basefly.base.kube.client import Client
from basefly.base.kube.errors import BadRequest, Forbidden, NotFound, Unauthorized
from basefly.base.kube.objects import METADATA
from basefly.base.kube.watch import Following, Listed, Skipped, Turns
from tests.base.kube.apiserver import Answer, Apiserver, Asked, bookmark, event, pod, pods
from tests.base.kube.watch.following import PODS, Waits, after, lists, pace, said, streams_list, told


async def without_streams(asked: Asked, out: Answer) -> None:
    """How a server before 1.27 refuses a streamed list."""
    await out.status(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch")


async def test_a_streamed_list_goes_over_into_the_watch() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.lines(event("ADDED", pod("b", 7)), event("ADDED", pod("a", 3)), bookmark(9, ends_list=True))
        await out.lines(event("MODIFIED", pod("a", 11)), event("DELETED", pod("b", 12)), bookmark(15))
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, lambda events: "bookmark@15" in said(events))
    assert said(found) == ["listing:stream", "+b@", "+a@", "listed@9", "+a@11", "-b@12", "bookmark@15"]
    (asked,) = server.asked
    assert asked.path == "/api/v1/pods"
    assert asked.query.items() >= {
        "watch": "1", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }.items()  # fmt: skip
    assert 1200 <= int(asked.query["timeoutSeconds"]) <= 2400


async def test_where_streams_are_refused_it_lists_in_pages_of_one_snapshot() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if streams_list(asked):
            await without_streams(asked, out)
        elif lists(asked):
            second = asked.query.get("continue") == "more"
            await out.json(pods(20, pod("b", 2)) if second else pods(20, pod("a", 1), following="more"))
        else:
            await out.begin()
            await out.lines(event("ADDED", pod("c", 21)))
            await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, lambda events: "+c@21" in said(events))
    assert said(found) == ["listing:pages", "+a@", "+b@", "listed@20", "+c@21"]
    assert [asked.query["limit"] for asked in server.asked if lists(asked)] == ["500", "500"]
    assert server.asked[-1].query["resourceVersion"] == "20"
    assert len(server.asked_for(sendInitialEvents="true")) == 1


async def test_a_streamed_list_that_never_ends_is_given_up_for_pages() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(20, pod("a", 1)))
            return
        await out.begin()
        if streams_list(asked):
            await out.lines(event("ADDED", pod("a", 1)))
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed))
    assert said(found) == ["listing:stream", "+a@", "listing:pages", "+a@", "listed@20"]


async def test_a_410_half_way_gives_the_whole_list_up() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if streams_list(asked):
            await without_streams(asked, out)
        elif asked.query.get("continue") == "old":
            await out.status(410, "Expired", "The provided continue parameter is too old")
        elif len(server.asked_for(limit="500")) == 1:
            await out.json(pods(20, pod("a", 1), following="old"))
        else:
            await out.json(pods(30, pod("b", 2)))

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed))
    assert said(found) == ["listing:pages", "+a@", "listing:pages", "+b@", "listed@30"]


async def test_a_page_too_large_is_asked_for_in_smaller_ones() -> None:
    items = [pod(f"pod-{number:02}", number + 1, padding="x" * 1000) for number in range(16)]

    async def serve(asked: Asked, out: Answer) -> None:
        if not lists(asked):
            await out.begin()
            await out.silence()
        start, limit = int(asked.query.get("continue", 0)), int(asked.query["limit"])
        end = start + limit
        await out.json(pods(99, *items[start:end], following=str(end) if end < len(items) else ""))

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), pace=pace(streamed=False, page=16, page_bytes=6000))
    assert said(found) == ["listing:pages", *[f"+pod-{number:02}@" for number in range(16)], "listed@99"]


@pytest.mark.parametrize(
    "poison",
    [
        {"metadata": {"name": 5, "uid": "u", "resourceVersion": "4"}},
        {"metadata": {"name": ["flipped"], "uid": "u"}},
        {"metadata": None},
        "no object at all",
    ],
)
async def test_an_object_of_another_shape_is_set_aside_and_the_list_goes_on(poison: Any) -> None:
    page = pods(20, pod("a", 1), pod("b", 2))
    page["items"].insert(1, poison)

    async def serve(asked: Asked, out: Answer) -> None:
        await out.json(page)

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), pace=pace(streamed=False))
    assert [word.split()[0] for word in said(found)] == ["listing:pages", "+a@", "skipped", "+b@", "listed@20"]


@pytest.mark.parametrize("alphabetical", [False, True])
async def test_an_object_that_is_no_json_costs_only_itself(alphabetical: bool) -> None:
    deep = "[" * 5000 + "]" * 5000
    texts = [json.dumps(pod("a", 1)), f'{{"metadata":{{"name":"b"}},"deep":{deep}}}', json.dumps(pod("c", 3))]

    async def serve(asked: Asked, out: Answer) -> None:
        start, limit = int(asked.query.get("continue", 0)), int(asked.query["limit"])
        following = str(start + limit) if start + limit < len(texts) else ""
        metadata = json.dumps({"resourceVersion": "20", "continue": following})
        items = ",".join(texts[start : start + limit])
        if alphabetical:
            text = f'{{"apiVersion":"v1","items":[{items}],"kind":"PodList","metadata":{metadata}}}'
        else:
            text = f'{{"kind":"PodList","apiVersion":"v1","metadata":{metadata},"items":[{items}]}}'
        await out.whole(text.encode())

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), pace=pace(streamed=False))
    assert said(found) == ["listing:pages", "+a@", "skipped @", "+c@", "listed@20"]


def lagging(catches_up: bool) -> Any:
    """A server that stands at 40, and at 110 from the fifth question on if it catches up."""

    async def serve(asked: Asked, out: Answer) -> None:
        serve.asked += 1  # type: ignore[attr-defined]  # the server's own memory
        version = 110 if catches_up and serve.asked > 4 else 40  # type: ignore[attr-defined]  # the same
        if lists(asked):
            await out.json(pods(version, pod("a", 30)))
        elif not streams_list(asked):
            await out.status(410, "Expired", "too old")
        elif int(asked.query.get("resourceVersion", 0)) > version:
            causes = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}
            await out.status(504, "Timeout", "Too large resource version: 100, current: 40", details=causes)
        else:
            await out.begin()
            await out.lines(event("ADDED", pod("a", 30)), bookmark(version, ends_list=True))
            await out.silence()

    serve.asked = 0  # type: ignore[attr-defined]  # the same
    return serve


async def test_a_list_older_than_what_was_seen_is_taken_only_from_a_restored_cluster() -> None:
    """Whoever stays behind was restored, and whoever follows hears of it."""
    async with Apiserver.start(lagging(catches_up=False)) as server:
        found = await told(server, after(Listed), since="100")
    assert said(found) == ["retrying cluster_failing", "listing:stream", "+a@", "listed@40 restored"]


async def test_a_lagging_server_is_waited_for() -> None:
    async with Apiserver.start(lagging(catches_up=True)) as server:
        found = await told(server, after(Listed), since="100", pace=pace(proof=60.0))
    assert {"retrying cluster_behind", "listed@110"} <= set(said(found))
    assert "listed@40" not in " ".join(said(found))


async def test_an_old_list_in_pages_is_given_up_before_it_is_told() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if not lists(asked):
            await out.status(410, "Expired", "too old")
        await out.json(pods(40 if len(server.asked) < 5 else 110, pod("a", 30)))

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(streamed=False, proof=60.0))
    assert said(found)[-3:] == ["listing:pages", "+a@", "listed@110"]
    assert said(found).count("+a@") == 1


async def test_a_streamed_list_that_changes_all_the_time_but_never_ends_is_given_up_for_pages() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(20, pod("a", 1)))
            return
        await out.begin()
        while True:
            await out.lines(event("MODIFIED", pod("a", len(server.asked))))
            await asyncio.sleep(0.05)

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), pace=pace(listing=0.5))
    assert said(found)[-3:] == ["listing:pages", "+a@", "listed@20"]


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (401, "Unauthorized", Unauthorized), (403, "Forbidden", Forbidden), (404, "NotFound", NotFound),
        (400, "BadRequest", BadRequest),
    ],
)  # fmt: skip
async def test_what_only_people_can_mend_is_raised_at_once(code: int, reason: str, kind: type[Exception]) -> None:
    async with Apiserver.start(lambda _asked, out: out.status(code, reason)) as server:
        with pytest.raises(kind):
            await told(server, after(Listed))
        assert len(server.asked) <= 2  # a 400 may only mean that there are no streamed lists


async def test_only_so_many_lists_run_at_once() -> None:
    """The semaphore is held while a list runs, and let go when it is complete, though the stream goes on."""
    running = most = 0
    gate = Turns(2)

    async def serve(asked: Asked, out: Answer) -> None:
        nonlocal running, most
        await out.begin()
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await out.lines(bookmark(5, ends_list=True))
        await out.silence()

    async with Apiserver.start(serve) as server, server.client() as client:
        tasks = [asyncio.create_task(_first_listed(client, gate)) for _ in range(6)]
        assert await asyncio.gather(*tasks) == ["5"] * 6
    assert most == 2


async def _first_listed(client: Client, gate: Turns) -> str:
    async for one in Following(client, PODS, pace=pace(lists=gate)).events():
        if isinstance(one, Listed):
            await asyncio.sleep(0.2)  # the stream goes on meanwhile
            return one.resource_version
    raise AssertionError("following ended by itself")


async def test_a_slow_list_goes_on_without_its_turn() -> None:
    turns = Turns(3, of_one=2, lent=0.2)
    slow, other = turns.of_a_cluster(), turns.of_a_cluster()
    order: list[str] = []

    async def listing(name: str, cluster: Turns, takes: float) -> None:
        async with cluster.turn():
            order.append(name)
            await asyncio.sleep(takes)

    tasks = [asyncio.create_task(listing(f"slow-{number}", slow, 30)) for number in range(3)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(listing("other", other, 0)))
    await asyncio.sleep(0.1)
    assert order == ["slow-0", "slow-1", "other"]  # a cluster has its own bound
    async with asyncio.timeout(5):
        while "slow-2" not in order:
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_list_of_which_nothing_is_heard_keeps_its_turn_for_a_moment_only() -> None:
    turns = Turns(1, lent=60.0, silent=0.05)
    order: list[str] = []

    async def listing(name: str, *, answers: bool) -> None:
        async with turns.turn() as heard:
            order.append(name)
            if answers:
                heard()
            await asyncio.sleep(30)

    tasks = [asyncio.create_task(listing("hangs", answers=False)), asyncio.create_task(listing("well", answers=True))]
    tasks.append(asyncio.create_task(listing("waits", answers=True)))
    async with asyncio.timeout(5):
        while "well" not in order:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert order == ["hangs", "well"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_object_too_large_for_any_page_is_set_aside_by_its_metadata() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if not lists(asked):
            await out.begin()
            await out.silence()
            return
        found = [pod("a", 1), {**pod("giant", 2), "spec": {"x": "y" * 9000}}, pod("c", 3)]
        first = int(asked.query.get("continue") or 0)
        shown, more = found[first : first + int(asked.query["limit"])], first + int(asked.query["limit"])
        if "PartialObjectMetadataList" in asked.headers["accept"]:
            shown = [{"metadata": one["metadata"]} for one in shown]
        token = str(more) if more < len(found) else ""
        await out.json(pods(20, *shown, following=token))

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), pace=pace(streamed=False, page=4, page_bytes=6000))
    assert said(found) == ["listing:pages", "+a@", "skipped giant@", "+c@", "listed@20"]


async def test_metadata_is_asked_for_in_the_form_of_each_request() -> None:
    partial = {**pod("a", 1), "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}

    async def serve(asked: Asked, out: Answer) -> None:
        if streams_list(asked):
            await without_streams(asked, out)
        elif lists(asked):
            await out.json({**pods(20, partial), "kind": "PartialObjectMetadataList"})
        else:
            await out.begin()
            await out.lines(event("MODIFIED", {**partial, "metadata": pod("a", 21)["metadata"]}))
            await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, lambda events: "+a@21" in said(events), accept=METADATA)
    assert after(Skipped)(found) is False
    kinds = [asked.headers["accept"].split(";")[1] for asked in server.asked]
    assert kinds == ["as=PartialObjectMetadata", "as=PartialObjectMetadataList", "as=PartialObjectMetadata"]


@pytest.mark.parametrize("wait", [17, 10**9])
async def test_a_list_waits_for_its_retry_after_within_reason(wait: int) -> None:
    waits = Waits()

    async def serve(asked: Asked, out: Answer) -> None:
        if len(server.asked) == 1:
            await out.status(429, "TooManyRequests", details={"retryAfterSeconds": wait})
        else:
            await out.json(pods(20))

    async with Apiserver.start(serve) as server:
        await told(server, after(Listed), pace=pace(waits, streamed=False))
    assert waits.seconds == [min(wait, 300)]


async def test_lists_of_a_lower_rank_go_first_and_who_gives_up_keeps_no_turn() -> None:
    turns, order = Turns(1, of_one=1), []

    async def listing(name: str, rank: int) -> None:
        async with turns.turn(rank):
            order.append(name)
            await asyncio.sleep(0)

    async with turns.turn():
        waiting = [asyncio.create_task(listing(*one)) for one in (("pods", 2), ("gone", 0), ("nodes", 0), ("sets", 1))]
        await asyncio.sleep(0)
        waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["nodes", "sets", "pods"]


async def test_a_watch_that_told_what_cannot_be_read_ends_before_its_time() -> None:
    """Its server would keep it open; a list tells what became of the object."""

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if streams_list(asked):
            await out.lines(bookmark(110, ends_list=True))
        else:
            await out.lines(b"[]", event("MODIFIED", pod("a", 101)))
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(idle=60.0, odd=0.05))
    assert [type(one) for one in found if isinstance(one, Skipped | Listed)] == [Skipped, Listed]
