"""Logs: the same question has the same answer, every option narrows it, and refusals are the real server's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from basefly.sim import Cluster
from tests.sim.asking import asking, trusting
from tests.sim.rest.parts.pods import HOUR, POD, ago, plant
from tests.sim.test_clients import Kubectl

DIED = {"exitCode": 1, "reason": "Error", "startedAt": ago(HOUR), "finishedAt": ago(600), "containerID": "c://1"}


async def test_the_same_question_has_the_same_answer(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    since = ago(60)
    first = await kubectl("logs", "web", f"--since-time={since}", "--limit-bytes=500")
    assert first == await kubectl("logs", "web", f"--since-time={since}", "--limit-bytes=500")
    assert len(first) == 500
    assert first.count("\n") > 3


async def test_two_containers_say_different_things(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster, containers=("app", "side"))
    since = f"--since-time={ago(60)}"
    assert await kubectl("logs", "web", "-c", "app", since) != await kubectl("logs", "web", "-c", "side", since)


async def test_kubectl_narrows_by_lines_time_and_bytes(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    whole = (await kubectl("logs", "web")).splitlines()
    assert HOUR / 2 - 20 < len(whole) < HOUR / 2 + 20
    tail = (await kubectl("logs", "web", "--tail=7")).splitlines()
    assert len(tail) == 7
    assert tail[0] in whole or tail[2] in whole
    assert await kubectl("logs", "web", "--tail=0") == ""
    recent = (await kubectl("logs", "web", "--since=30s", "--timestamps")).splitlines()
    assert 10 <= len(recent) <= 20
    moments = [line.split(" ")[0] for line in recent]
    assert moments == sorted(moments)
    assert ago(35) < moments[0] < ago(25)
    assert len(await kubectl("logs", "web", "--limit-bytes=10")) == 10


async def test_a_node_keeps_only_so_many_lines(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    cluster.log_lines = 100
    assert len((await kubectl("logs", "web")).splitlines()) == 100


async def test_a_container_that_died_says_why_at_last(cluster: Cluster, kubectl: Kubectl) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    plant(cluster, state=waiting, last={"terminated": DIED})
    previous = await kubectl("logs", "web", "--previous")
    assert previous.splitlines()[-1] == "FATAL giving up after 5 attempts, exiting with code 1"
    assert await kubectl("logs", "web") == previous
    assert (await kubectl("logs", "web", "--tail=1")) == previous.splitlines()[-1] + "\n"
    assert (await kubectl("logs", "web", "--tail=3")).splitlines() == previous.splitlines()[-3:]


async def test_following_shows_lines_as_time_passes(cluster: Cluster) -> None:
    plant(cluster)
    async with following(cluster, f"{POD}/log?follow=true&tailLines=2&timestamps=true") as lines:
        shown = [await lines.readline() for _ in range(4)]
    assert shown[1].split()[0].decode() <= time.strftime("%Y-%m-%dT%H:%M:%S.9", time.gmtime())
    assert [line.split()[0] for line in shown] == sorted(line.split()[0] for line in shown)


async def test_following_ends_with_the_container_and_says_why_it_died(cluster: Cluster) -> None:
    pod = plant(cluster, state={"running": {"startedAt": DIED["startedAt"]}})
    async with following(cluster, f"{POD}/log?follow=true&tailLines=1") as lines:
        await lines.readline()
        last = {"lastState": {"terminated": DIED | {"finishedAt": ago(-1)}}, "state": {"waiting": {"reason": "x"}}}
        pod["status"]["containerStatuses"][0] |= last
        pod["metadata"].pop("resourceVersion")
        cluster.api.replace(pod)
        await asyncio.sleep(1)
        rest = (await asyncio.wait_for(lines.read(), 10)).decode().splitlines()
    assert rest[-1] == "FATAL giving up after 5 attempts, exiting with code 1"


async def test_following_ends_when_the_pod_goes(cluster: Cluster) -> None:
    plant(cluster)
    async with following(cluster, f"{POD}/log?follow=true&tailLines=1") as lines:
        await lines.readline()
        cluster.api.delete("pods", "web", "default")
        await asyncio.wait_for(lines.read(), 10)


@pytest.mark.parametrize(
    ("query", "pod", "refusal"),
    [
        ("", {"containers": ("a", "b")}, "a container name must be specified for pod web, choose one of: [a b]"),
        ("?container=x", {}, "container x is not valid for pod web"),
        ("?previous=true", {}, 'previous terminated container "app" in pod "web" not found'),
        (
            "",
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
            'container "app" in pod "web" is waiting to start: trying and failing to pull image',
        ),
        (
            "",
            {"state": {"waiting": {"reason": "ContainerCreating"}}},
            'container "app" in pod "web" is waiting to start: ContainerCreating',
        ),
        ("?tailLines=x", {}, 'strconv.ParseInt: parsing "x": invalid syntax'),
    ],
)
async def test_what_cannot_be_shown_is_refused(cluster: Cluster, query: str, pod: dict[str, Any], refusal: str) -> None:
    plant(cluster, **pod)
    async with asking(cluster) as asker:
        status, told = await asker.ask(f"{POD}/log{query}")
    assert (status, told["reason"], told["message"]) == (400, "BadRequest", refusal)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
        (
            "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
            "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
    ],
)
async def test_options_that_make_no_sense_are_invalid(cluster: Cluster, query: str, refusal: str) -> None:
    plant(cluster)
    async with asking(cluster) as asker:
        status, told = await asker.ask(f"{POD}/log?{query}")
    assert (status, told["message"]) == (422, f'PodLogOptions "web" is invalid: {refusal}')


async def test_a_pod_without_a_node_has_an_empty_log(cluster: Cluster) -> None:
    plant(cluster, node="", state={}, phase="Pending")
    async with asking(cluster) as asker:
        assert await asker.ask(f"{POD}/log") == (204, "")


async def test_a_huge_log_waits_for_a_slow_reader(cluster: Cluster) -> None:
    plant(cluster, state={"running": {"startedAt": "1970-01-02T00:00:00Z"}})
    cluster.log_lines = 100_000_000
    async with trusting(cluster) as session, session.get(f"{cluster.server}{POD}/log") as response:
        assert response.status == 200
        await response.content.readexactly(100_000)
        before = memory()
        await asyncio.sleep(1.5)
        await response.content.readexactly(3_000_000)
        assert memory() - before < 30_000_000


def memory() -> int:
    """The resident bytes of this process, which holds cluster and client."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@asynccontextmanager
async def following(cluster: Cluster, path: str) -> AsyncIterator[aiohttp.StreamReader]:
    timeout = aiohttp.ClientTimeout(total=30)
    async with trusting(cluster) as session, session.get(cluster.server + path, timeout=timeout) as response:
        assert response.status == 200, await response.text()
        yield response.content
