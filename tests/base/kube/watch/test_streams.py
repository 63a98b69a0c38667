"""Watches: whatever breaks, stalls, repeats or lies, what is told stays true and in order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from basefly.base.kube.errors import ConnectError, Forbidden, ServerError, Unauthorized
from basefly.base.kube.watch import Alive, Changed, Due, Kept, Listed, Listing, Retrying, Skipped
from tests.base.kube.apiserver import Answer, Apiserver, Asked, bookmark, event, pod, pods
from tests.base.kube.watch.following import Waits, after, lists, pace, said, stream, streams_list, told


async def test_it_goes_on_from_the_version_that_was_kept() -> None:
    async with Apiserver.start(stream(event("MODIFIED", pod("a", 101)))) as server:
        found = await told(server, after(Changed), since="100")
    assert isinstance(found[0], Alive)
    assert said(found) == ["+a@101"]
    assert [asked.query["resourceVersion"] for asked in server.asked] == ["100"]
    assert not server.asked_for(sendInitialEvents="true")


async def test_events_told_twice_or_too_late_are_no_news() -> None:
    lines = [
        event("MODIFIED", pod("a", 105)), event("MODIFIED", pod("a", 105)), event("MODIFIED", pod("a", 102)),
        event("DELETED", pod("b", 103)), bookmark(104), event("MODIFIED", pod("a", 110)),
    ]  # fmt: skip
    async with Apiserver.start(stream(*lines)) as server:
        found = await told(server, after(Changed, 2), since="100")
    assert said(found) == ["+a@105", "+a@110"]


async def test_deleted_and_made_again_are_two_lives() -> None:
    lines = [event("DELETED", pod("a", 101, uid="one")), event("ADDED", pod("a", 102, uid="two"))]
    async with Apiserver.start(stream(*lines)) as server:
        found = await told(server, after(Changed), since="100")
    assert [one.object.metadata.uid for one in found if not isinstance(one, Alive)] == ["one", "two"]  # type: ignore[union-attr]  # both carry an object


@pytest.mark.parametrize("how", ["http", "event"])
async def test_a_410_lists_again(how: str) -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if streams_list(asked):
            await out.begin()
            await out.lines(event("ADDED", pod("a", 150)), bookmark(200, ends_list=True))
            await out.silence()
        elif how == "http":
            await out.status(410, "Expired", "too old resource version: 100 (140)")
        else:
            await out.begin()
            expired = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}
            await out.lines(event("ERROR", expired))
            await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100")
    assert said(found) == ["listing:stream", "+a@", "listed@200"]
    assert server.asked[-1].query["resourceVersion"] == "100"  # nothing older than what was seen


@pytest.mark.parametrize("then", ["end", "cut"])
async def test_a_watch_that_is_over_goes_on_where_it_was(then: str) -> None:
    async with Apiserver.start(stream(event("MODIFIED", pod("a", 101)), bookmark(130), then=then)) as server:
        found = await told(server, lambda events: len(server.asked) == 2 and isinstance(events[-1], Alive), since="100")
    assert said(found)[:2] == ["+a@101", "bookmark@130"]
    assert server.asked[-1].query["resourceVersion"] == "130"
    assert not server.asked_for(sendInitialEvents="true")


async def test_doubt_from_before_is_settled_by_a_list_when_the_watch_ends() -> None:
    async with Apiserver.start(stream(event("MODIFIED", pod("a", 101)), bookmark(130), then="end")) as server:
        doubtful = Kept("100", doubtful=True)
        found = await told(server, lambda events: any(isinstance(e, Listing) for e in events), since=doubtful)
    assert said(found)[:3] == ["+a@101", "bookmark@130", "listing:stream"]
    assert server.asked_for(sendInitialEvents="true")


async def test_a_list_that_was_due_before_comes_first_and_is_no_older_than_what_was_seen() -> None:
    async with Apiserver.start(stream(event("ADDED", pod("a", 90)), bookmark(101, ends_list=True))) as server:
        found = await told(server, after(Listed), since=Kept("100", due=True))
    assert said(found) == ["listing:stream", "+a@", "listed@101"]
    assert server.asked[0].query["resourceVersion"] == "100"
    assert server.asked[0].query["resourceVersionMatch"] == "NotOlderThan"


async def test_a_version_that_is_forgotten_is_told_as_a_list_that_is_due() -> None:
    expired = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}
    async with Apiserver.start(stream(event("ERROR", expired))) as server:
        found = await told(server, lambda events: any(isinstance(e, Due) for e in events), since="100")
    assert isinstance(found[-1], Due)


@pytest.mark.parametrize("at", [1, 10, 40, 80, 120])
async def test_a_line_cut_off_is_never_half_applied(at: int) -> None:
    line = json.dumps(event("MODIFIED", pod("ä", 101)), ensure_ascii=False).encode() + b"\n"

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if len(server.asked) == 1:
            await out.piece(line[:at])
            out.cut()
        else:
            await out.piece(line)
            await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Changed), since="100")
    assert said(found) == ["retrying dropped", "+ä@101"]


async def test_a_line_that_ends_with_the_answer_but_not_with_a_newline_is_no_event() -> None:
    whole = json.dumps(event("MODIFIED", pod("a", 101))).encode()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if len(server.asked) == 1:
            await out.piece(whole)
            await out.end()
        else:
            await out.piece(whole.replace(b"101", b"102") + b"\n")
            await out.silence()

    async with Apiserver.start(serve) as server:
        assert said(await told(server, after(Changed), since="100")) == ["+a@102"]


async def test_silence_is_looked_into_and_is_no_failure_if_the_server_answers() -> None:
    """Bookmarks never come, but all is well: the watch is opened anew from where it was, and nobody hears of it."""
    async with Apiserver.start(stream(event("MODIFIED", pod("a", 101)))) as server:
        found = await told(server, after(Alive, 3), since="100")
    assert said(found) == ["+a@101"]
    assert [lists(asked) for asked in server.asked] == [False, True, False, True, False]
    assert [asked.query["resourceVersion"] for asked in server.asked if not lists(asked)] == ["100", "101", "101"]
    assert [asked.query["limit"] for asked in server.asked if lists(asked)] == ["1", "1"]


async def test_silence_of_a_dead_server_is_a_failure_that_is_raised_in_the_end() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if len(server.asked) == 1:
            await out.begin()
            await out.lines(event("MODIFIED", pod("a", 101)))
        await out.silence()

    async with Apiserver.start(serve) as server:
        with pytest.raises(ConnectError) as caught:
            await told(server, after(Changed, 2), since="100", pace=pace(attempts=2), within=15)
    assert caught.value.kind in ("timeout", "stalled")


async def test_a_restored_cluster_is_noticed_and_listed_anew() -> None:
    """The version goes back, as after an etcd restore: neither old events nor silence may hide it."""
    restored = [event("ADDED", pod("old", 20)), bookmark(50, ends_list=True)]

    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(50))
        elif streams_list(asked) and asked.query.get("resourceVersion"):
            await out.status(410, "Expired", "there is no version like that")
        else:
            await out.begin()
            await out.lines(*(restored if streams_list(asked) else []))
            await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100")
    assert said(found) == ["retrying cluster_behind", "listing:stream", "+old@", "listed@50 restored"]


async def test_old_news_makes_us_ask_whether_the_cluster_was_restored() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(50))
            return
        await out.begin()
        await out.lines(*([bookmark(50, ends_list=True)] if streams_list(asked) else [event("MODIFIED", pod("a", 40))]))
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(idle=30.0))
    assert said(found) == ["retrying cluster_behind", "listing:stream", "listed@50 restored"]


async def test_old_news_of_a_sound_cluster_leads_to_a_list_for_who_knows_what_else_was_lost() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(110))
            return
        await out.begin()
        if streams_list(asked):
            await out.lines(event("ADDED", pod("b", 103)), bookmark(110, ends_list=True))
        else:
            await out.lines(event("MODIFIED", pod("a", 104)), event("ADDED", pod("b", 103)))
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(idle=30.0))
    assert said(found) == ["+a@104", "listing:stream", "+b@", "listed@110"]
    assert server.asked[-1].query["resourceVersion"] == "104"


async def test_what_is_told_twice_leads_to_no_list_even_in_another_order() -> None:
    lines = [event("MODIFIED", pod(name, version)) for name, version in (("a", 101), ("b", 102), ("a", 101))]
    async with Apiserver.start(stream(*lines, event("MODIFIED", pod("c", 103)))) as server:
        found = await told(server, after(Changed, 3), since="100")
    assert said(found) == ["+a@101", "+b@102", "+c@103"]


async def test_watches_that_tell_nothing_though_there_is_news_are_lists_from_then_on() -> None:
    """A proxy that swallows what watches say: what lists show is told, and that watches are deaf is said."""

    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(120, pod("a", 115)))
            return
        await out.begin()
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Retrying), since="100", pace=pace(deaf=2))
    assert said(found)[-4:] == ["listing:pages", "+a@", "listed@120", "retrying stalled"]
    assert isinstance(found[-1], Retrying)


async def test_quiet_watches_without_bookmarks_are_compared_with_lists_and_nobody_hears_of_it() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(120, pod("a", 90)))
            return
        await out.begin()
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed, 2), since="100", pace=pace(deaf=2), within=10)
    assert not [one for one in found if isinstance(one, Retrying)]


async def test_a_trickle_is_a_stall() -> None:
    line = json.dumps(event("MODIFIED", pod("a", 101))).encode()

    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(100))
            return
        await out.begin()
        if len(server.asked) == 1:
            for byte in line:
                await out.piece(bytes([byte]))
                await asyncio.sleep(0.1)
        await out.lines(line)
        await out.silence()

    async with Apiserver.start(serve) as server:
        assert said(await told(server, after(Changed), since="100")) == ["+a@101"]
    assert len(server.asked) == 3


async def test_what_watches_tell_is_compared_with_a_list_now_and_then() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if streams_list(asked):
            await out.lines(event("ADDED", pod("b", 103)), bookmark(200, ends_list=True))
            await out.silence()
        await out.lines(event("MODIFIED", pod("a", 101)))
        await out.end()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(relist=(0.0, 0.0)))
    assert said(found) == ["+a@101", "listing:stream", "+b@", "listed@200"]
    assert server.asked[-1].query["resourceVersion"] == "101"


async def test_a_long_healthy_life_makes_the_next_wait_short_again() -> None:
    waits = Waits()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if len(server.asked) == 4:
            await out.lines(event("MODIFIED", pod("a", 101)))
            await asyncio.sleep(2.2)
        out.cut()

    async with Apiserver.start(serve) as server:
        patient = pace(waits, short=0.4, healthy=2.0, spread=0.7, attempts=9, idle=9.0)
        await told(server, after(Retrying, 6), since="100", pace=patient, within=20)
    assert waits.seconds == pytest.approx([0.8, 1.6, 3.2, 0.7, 0.8])


POISON: list[bytes] = [
    b"no json",
    b'{"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":NaN}}}',
    b'{"type":"ADDED","object":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"\xff\xfe"}}}',
    b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":[]}}',
    b'{"type":"ADDED","object":{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"}}}',
    b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v2","metadata":{"name":"n"}}}',
    b'{"type":"EXPLODED","object":{}}',
    b'{"type":"BOOKMARK","object":7}',
    b'{"type":"ADDED"}',
    b"[]",
    b"x" * 70_000,
]


@pytest.mark.parametrize("poison", POISON, ids=range(len(POISON)))
async def test_what_cannot_be_read_is_set_aside_and_the_stream_goes_on(poison: bytes) -> None:
    async with Apiserver.start(stream(poison, event("MODIFIED", pod("a", 101)))) as server:
        found = await told(server, after(Changed), since="100", pace=pace(line_bytes=65_536, idle=5.0, doubt=5.0))
    assert [type(one) for one in found] == [Alive, Skipped, Changed]
    assert isinstance(found[1], Skipped)
    assert found[1].reason


async def test_what_stays_unreadable_costs_one_list_and_no_more() -> None:
    """The watches end by themselves, again and again; the list after the first of them finds it as it was."""
    odd = (
        b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"odd","namespace":"shop",'
        b'"uid":"u","resourceVersion":"%d"},"x":NaN}}'
    )
    version = 100

    async def serve(asked: Asked, out: Answer) -> None:
        nonlocal version
        version += 1
        await out.begin()
        if streams_list(asked):
            await out.lines(odd % version, bookmark(version, ends_list=True))
        else:
            await out.lines(odd % version)
            await asyncio.sleep(0.1)
            await out.end()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Skipped, 6), since="100")
    assert [one.known for one in found if isinstance(one, Skipped)] == [False, True, True, True, True, True]
    assert sum(isinstance(one, Listed) for one in found) == 1


async def test_what_can_be_read_again_is_doubted_when_it_cannot_another_time() -> None:
    head = b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"shop",'
    lines = [
        head + b'"uid":"u","resourceVersion":"101"},"x":NaN}}',
        head + b'"uid":"u","resourceVersion":"102"}}}',
        head + b'"uid":"u","resourceVersion":"103"},"x":NaN}}',
    ]
    async with Apiserver.start(stream(*lines)) as server:
        found = await told(server, after(Skipped, 2), since="100", pace=pace(idle=5.0))
    assert [one.known for one in found if isinstance(one, Skipped)] == [False, False]


async def test_what_cannot_be_read_at_all_leads_to_a_list() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(110))
            return
        await out.begin()
        if streams_list(asked):
            await out.lines(event("ADDED", pod("b", 103)), bookmark(110, ends_list=True))
        else:
            await out.lines(b"no json")
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100", pace=pace(doubt=0.2))
    assert said(found) == ["skipped @100", "listing:stream", "+b@", "listed@110"]


@pytest.mark.parametrize("tail", [b',"x":NaN}}', b"]}", b',"x":' + b"[" * 9000 + b"]" * 9000 + b"}}"])
async def test_whose_text_is_broken_is_still_known_by_name(tail: bytes) -> None:
    head = b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"shop",'
    line = head + b'"uid":"u","resourceVersion":"101"}' + tail
    async with Apiserver.start(stream(line, event("MODIFIED", pod("b", 102)))) as server:
        found = await told(server, after(Changed), since="100", pace=pace(idle=5.0))
    assert said(found) == ["skipped a@101", "+b@102"]


async def test_a_million_labels_and_a_large_object_pass() -> None:
    big = pod(
        "big", 101, labels={f"label-{number}": "x" for number in range(50_000)}, annotations={"a": "x" * 1_500_000}
    )
    async with Apiserver.start(stream(event("ADDED", big))) as server:
        assert said(await told(server, after(Changed), since="100", pace=pace(idle=5.0))) == ["+big@101"]


async def test_an_object_that_cannot_be_read_is_gone_all_the_same_when_it_is_deleted() -> None:
    class Strict(msgspec.Struct):
        metadata: dict[str, Any]
        spec: int

    async with Apiserver.start(stream(event("DELETED", {**pod("a", 101), "spec": "flipped"}))) as server:
        found = await told(server, lambda events: len(events) == 2, since="100", decoder=msgspec.json.Decoder(Strict))
    assert said(found) == ["-a@101"]


@pytest.mark.parametrize(("code", "kind"), [(401, Unauthorized), (403, Forbidden)])
@pytest.mark.parametrize("how", ["http", "event"])
async def test_rights_lost_on_the_way_are_raised_at_once(how: str, code: int, kind: type[Exception]) -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if how == "http" and len(server.asked) > 1:
            await out.status(code, "No")
            return
        await out.begin()
        await out.lines(event("MODIFIED", pod("a", 101)))
        if how == "event":
            await out.lines(event("ERROR", {"kind": "Status", "code": code, "reason": "No"}))
        await out.end()

    async with Apiserver.start(serve) as server:
        with pytest.raises(kind):
            await told(server, after(Changed, 9), since="100")
    assert len(server.asked) <= 2


async def test_an_error_of_the_server_in_the_stream_is_waited_out_and_then_listed_over() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        if streams_list(asked):
            await out.lines(bookmark(200, ends_list=True))
            await out.silence()
        await out.lines(event("ERROR", {"kind": "Status", "code": 500, "reason": "InternalError", "message": "etcd"}))
        await out.end()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Listed), since="100")
    assert said(found) == ["retrying cluster_failing", "listing:stream", "listed@200"]


async def test_failures_back_off_with_jitter_and_are_raised_after_the_last_attempt() -> None:
    waits = Waits()
    async with Apiserver.start(lambda _asked, out: out.status(503, "ServiceUnavailable")) as server:
        with pytest.raises(ServerError):
            await told(server, after(Listed), since="100", pace=pace(waits, attempts=5))
        assert len(server.asked) == 5
    assert waits.seconds == pytest.approx([0.8, 1.6, 3.2, 6.4])


async def test_a_watch_that_ends_at_once_again_and_again_backs_off() -> None:
    waits = Waits()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.end()

    async with Apiserver.start(serve) as server:
        await told(server, after(Alive, 6), since="100", pace=pace(waits))
    assert waits.seconds == pytest.approx([0.8, 1.6, 3.2, 6.4, 10.0])


async def test_retry_after_wins_over_the_jitter() -> None:
    waits = Waits()

    async def serve(asked: Asked, out: Answer) -> None:
        if len(server.asked) == 1:
            await out.json({}, 429, Retry_After="23")
            return
        await out.begin()
        await out.silence()

    async with Apiserver.start(serve) as server:
        found = await told(server, after(Alive), since="100", pace=pace(waits))
    assert waits.seconds == [23]
    assert isinstance(found[0], Retrying)
    assert found[0].delay == 23
