"""Bytes on their way: slow, in pieces, cut, or never again."""

from __future__ import annotations

import asyncio
import json

import pytest

from basefly.sim import Cluster, Effect
from tests.sim.faults.raw import MAPS, config_map, hear

SEEN = f"{MAPS}?watch=1&timeoutSeconds=1"
FOREVER = f"{MAPS}?watch=1"


@pytest.mark.parametrize("path", [MAPS, SEEN])
async def test_pieces_are_many_and_whole(cluster: Cluster, path: str) -> None:
    plain = await hear(cluster, path)
    with cluster.faults.inject(Effect.PIECES, size=2):
        heard = await hear(cluster, path)
    assert (heard.text, heard.ended) == (plain.text, "whole")
    assert heard.pieces > plain.pieces


async def test_a_trickle_keeps_to_its_rate(cluster: Cluster) -> None:
    length = len((await hear(cluster, "/version")).text)
    with cluster.faults.inject(Effect.TRICKLE, rate=length):
        began = asyncio.get_running_loop().time()
        heard = await hear(cluster, "/version")
        took = asyncio.get_running_loop().time() - began
    assert (len(heard.text), heard.ended) == (length, "whole")
    assert took > 0.8


@pytest.mark.parametrize("path", [MAPS, FOREVER])
async def test_half_open_sends_nothing_more_and_closes_nothing(cluster: Cluster, path: str) -> None:
    with cluster.faults.inject(Effect.HALF_OPEN, after=40):
        heard = await hear(cluster, path)
    assert (heard.status, len(heard.text), heard.ended) == (200, 40, "silent")


@pytest.mark.parametrize("path", [MAPS, FOREVER])
@pytest.mark.parametrize("clean", [True, False])
async def test_truncated_ends_in_the_middle_of_a_line(cluster: Cluster, path: str, clean: bool) -> None:
    with cluster.faults.inject(Effect.TRUNCATED, clean=clean):
        heard = await hear(cluster, path)
    assert heard.ended == ("whole" if clean else "cut")
    assert heard.text
    assert not heard.text.endswith(b"\n")
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard.lines[-1])


async def test_a_cut_on_the_border_of_a_line_moves_into_the_next(cluster: Cluster) -> None:
    cluster.api.create(config_map("a"))
    first = (await hear(cluster, SEEN)).lines[0]
    with cluster.faults.inject(Effect.TRUNCATED, after=len(first) + 1):
        heard = await hear(cluster, FOREVER)
    assert heard.text == first + b"\n{"


@pytest.mark.parametrize("path", [MAPS, FOREVER])
@pytest.mark.parametrize("text", ["plain", "größer 🚀 als"])
async def test_split_falls_inside_a_character(cluster: Cluster, path: str, text: str) -> None:
    cluster.api.create(config_map("zz", text))
    with cluster.faults.inject(Effect.SPLIT):
        heard = await hear(cluster, path)
    assert heard.ended == "cut"
    with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
        heard.text.decode()


async def test_an_open_watch_is_cut_too(cluster: Cluster) -> None:
    listening = asyncio.create_task(hear(cluster, f"{FOREVER}&resourceVersion={cluster.store.version}", silence=10))
    while not cluster.faults.open_watches:
        await asyncio.sleep(0.01)
    cluster.faults.add(Effect.TRUNCATED)
    cluster.api.create(config_map("a"))
    assert (await listening).ended == "cut"
