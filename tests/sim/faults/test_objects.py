"""Objects as no API server would tell them, in lists and in watches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from basefly.sim import Cluster, Effect
from tests.sim.faults.raw import MAPS, config_map, hear

PATHS = [MAPS, f"{MAPS}/a", f"{MAPS}?watch=1&timeoutSeconds=1"]


async def objects(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    cluster.api.create(config_map("a"))
    heard = await hear(cluster, path)
    assert heard.ended == "whole"
    told = [json.loads(line) for line in heard.lines]
    if "watch" in path:
        return [event["object"] for event in told]
    items: list[dict[str, Any]] = told[0].get("items", told)
    return items


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("effect", "shows"), [(Effect.HUGE, b"xxxxx"), (Effect.LABELS, b'"label-4999":')])
async def test_one_object_grows(cluster: Cluster, path: str, effect: Effect, shows: bytes) -> None:
    with cluster.faults.inject(effect, size=5_000, times=1):
        told = await objects(cluster, path)
    assert [shows in json.dumps(obj, separators=(",", ":")).encode() for obj in told].count(True) == 1
    assert max(len(json.dumps(obj)) for obj in told) > 5_000


@pytest.mark.parametrize("path", PATHS)
async def test_numbers_that_json_does_not_know(cluster: Cluster, path: str) -> None:
    with cluster.faults.inject(Effect.NAN, times=1):
        told = await objects(cluster, path)
    assert [str(obj["metadata"].get("generation")) for obj in told].count("nan") == 1


@pytest.mark.parametrize("path", PATHS)
async def test_an_object_deeper_than_a_parser_likes(cluster: Cluster, path: str) -> None:
    with cluster.faults.inject(Effect.DEEP, times=1, depth=50_000), pytest.raises(RecursionError):
        await objects(cluster, path)


@pytest.mark.parametrize("path", PATHS)
async def test_types_change_but_the_object_stays_known(cluster: Cluster, path: str) -> None:
    with cluster.faults.inject(Effect.FLIPPED, times=1):
        told = await objects(cluster, path)
    flipped = [obj for obj in told if isinstance(obj["data"], list)]
    assert len(flipped) == 1
    assert flipped[0]["metadata"]["name"] in ("a", "kube-root-ca.crt")
    assert isinstance(flipped[0]["metadata"]["creationTimestamp"], int)


@pytest.mark.parametrize("path", PATHS)
async def test_garbled_is_no_json(cluster: Cluster, path: str) -> None:
    with cluster.faults.inject(Effect.GARBLED, times=1), pytest.raises(json.JSONDecodeError):
        await objects(cluster, path)
    assert len((await hear(cluster, MAPS)).lines) == 1
