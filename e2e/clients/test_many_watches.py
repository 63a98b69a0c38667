"""What k9s does: lists and watches of many kinds at once, as tables and as metadata, with questions about rights."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from bench.proxy.ways import Way, of
from e2e.clients.conftest import Reached
from e2e.hub import Hub
from e2e.plane.program import eventually

KINDS = (
    "/api/v1/pods", "/api/v1/nodes", "/api/v1/services", "/api/v1/configmaps", "/api/v1/secrets", "/api/v1/events",
    "/api/v1/namespaces", "/api/v1/serviceaccounts", "/api/v1/persistentvolumeclaims", "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets", "/apis/apps/v1/daemonsets", "/apis/apps/v1/statefulsets", "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs", "/apis/networking.k8s.io/v1/ingresses", "/apis/policy/v1/poddisruptionbudgets",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)  # fmt: skip
FORMS = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json",
    "application/vnd.kubernetes.protobuf,application/json",
)
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ROUNDS = 5
HEARD = 20.0  # s
PAGE = os.sysconf("SC_PAGE_SIZE")
SPARE_FILES = 40  # the connections that are kept for the next request, and what the hub opens by itself
MOST_GROWTH = 24 * 2**20  # bytes, after the first round


def test_watches_of_many_kinds_leave_nothing_behind(hub: Hub, reached: Reached, folder: Path) -> None:
    config = folder / f"{reached.name}-watches.kubeconfig"
    assert hub.cli("kubeconfig", reached.name, "--file", str(config), "--token").returncode == 0
    way, process, sizes = of("hub", config), Path(f"/proc/{hub.program.pid}"), list[int]()
    before = files(process)
    for number in range(ROUNDS):
        asyncio.run(watched(way, reached, f"{reached.name}-{number}"))
        sizes.append(memory(process))
    eventually(lambda: files(process) <= before + SPARE_FILES, seconds=20)
    assert sizes[-1] - sizes[0] < MOST_GROWTH, sizes


def files(process: Path) -> int:
    """What a process has open."""
    return len(list((process / "fd").iterdir()))


def memory(process: Path) -> int:
    """What a process holds in memory, in bytes."""
    return int((process / "statm").read_text().split()[1]) * PAGE


async def watched(way: Way, reached: Reached, name: str) -> None:
    """Everything listed and watched in each form; then one thing happens, and whoever watches it hears of it."""
    trust, headers = way.tls or False, {name: value for name, value in way.headers.items() if name != "Accept"}
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, headers=headers))

        async def open_watch(kind: str, form: str) -> aiohttp.ClientResponse:
            of_lists = {"Accept": form.replace("as=PartialObjectMetadata", "as=PartialObjectMetadataList")}
            async with session.get(way.url + kind, params={"limit": "500"}, headers=of_lists, ssl=trust) as listed:
                assert listed.status == 200, await listed.text()
                await listed.read()
            asked = session.get(way.url + kind, params={"watch": "true"}, headers={"Accept": form}, ssl=trust)
            return await stack.enter_async_context(asked)

        places = [(kind, form) for kind in KINDS for form in FORMS]
        asking = asyncio.create_task(reviewed(session, way))
        streams = dict(zip(places, await asyncio.gather(*(open_watch(*place) for place in places)), strict=True))
        await asking
        assert {stream.status for stream in streams.values()} == {200}
        reached.node.plane.kubectl("create", "configmap", name)
        mine = [streams["/api/v1/configmaps", form] for form in FORMS]
        await asyncio.wait_for(asyncio.gather(*(heard(stream, name.encode()) for stream in mine)), HEARD)


async def reviewed(session: aiohttp.ClientSession, way: Way) -> None:
    """What k9s asks before it shows anything: may I?"""
    for verb in ("get", "list", "watch", "delete", "patch"):
        attributes = {"verb": verb, "resource": "pods", "namespace": "default"}
        asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                 "spec": {"resourceAttributes": attributes}}  # fmt: skip
        async with session.post(way.url + REVIEWS, json=asked, ssl=way.tls or False) as answer:
            told: dict[str, Any] = json.loads(await answer.read())
            assert told["status"]["allowed"] is True, told


async def heard(stream: aiohttp.ClientResponse, what: bytes) -> None:
    """Return once a watch has told of something."""
    seen = b""
    async for piece in stream.content.iter_any():
        seen = (seen + piece)[-(2**16) :]
        if what in seen:
            return
    raise AssertionError("the watch ended")
