"""The clients that others use: kubectl, and the official Python client's list and watch."""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from basefly.sim import Cluster

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")


class Kubectl:
    """The real kubectl, pointed at a cluster, with a home of its own."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        assert KUBECTL, "kubectl is not installed: it comes with the development dependencies"
        self._config = folder / "config"
        self._config.write_text(cluster.kubeconfig())
        self.environment = {"HOME": str(folder), "KUBECONFIG": str(self._config), "PATH": "/usr/bin:/bin"}

    async def __call__(self, *words: str, text: str = "") -> str:
        """What a command prints; it must succeed."""
        code, told = await self.run(*words, text=text)
        assert code == 0, told
        return told

    async def run(self, *words: str, text: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment,
        )
        told, _ = await asyncio.wait_for(process.communicate(text.encode()), 60)
        return process.returncode or 0, told.decode()


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster, tmp_path)


async def test_kubectl_reads_a_seeded_cluster(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.seed(nodes=3, pods=40)
    listed = json.loads(await kubectl("get", "pods", "-A", "-o", "json"))
    assert len(listed["items"]) == 40
    wide = await kubectl("get", "nodes", "-o", "wide")
    assert wide.splitlines()[0].split()[:4] == ["NAME", "STATUS", "ROLES", "AGE"]
    assert len(wide.splitlines()) == 4
    deployment = listed["items"][0]["metadata"]["labels"]["app.kubernetes.io/name"]
    assert deployment in await kubectl("describe", "pods", "-n", listed["items"][0]["metadata"]["namespace"])
    assert "deployments" in await kubectl("api-resources", "-o", "name")
    assert "FIELD: nodeName <string>" in await kubectl("explain", "pods.spec.nodeName")


async def test_kubectl_changes_what_it_is_told_to(cluster: Cluster, kubectl: Kubectl) -> None:
    await kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
    await kubectl("label", "deployment", "web", "tier=front")
    await kubectl("scale", "deployment", "web", "--replicas=5")
    await kubectl("set", "image", "deployment/web", "nginx=nginx:2")
    await kubectl("wait", "--for=jsonpath={.spec.replicas}=5", "deployment/web", "--timeout=5s")
    held = cluster.api.get("deployments.apps", "web", "default")
    assert held["metadata"]["labels"] == {"app": "web", "tier": "front"}
    assert held["spec"]["replicas"] == 5
    assert held["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    await kubectl("delete", "deployment", "web")
    code, told = await kubectl.run("get", "deployment", "web")
    assert (code, told) == (1, 'Error from server (NotFound): deployments.apps "web" not found\n')


async def test_kubectl_applies_twice_and_asks_what_it_may(kubectl: Kubectl) -> None:
    def config_map(value: str) -> str:
        meta = {"name": "settings", "namespace": "default"}
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": value}})

    assert "created" in await kubectl("apply", "-f", "-", text=config_map("1"))
    assert "configured" in await kubectl("apply", "-f", "-", text=config_map("2"))
    assert await kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.k}") == "2"
    assert await kubectl("auth", "can-i", "delete", "pods") == "yes\n"
    code, told = await kubectl.run("auth", "can-i", "get", "pods", "--as=nobody")
    assert (code, told) == (1, "no\n")


def follow_with_the_official_client(config: str) -> tuple[int, list[tuple[str, str]]]:
    kubernetes: Any = importlib.import_module("kubernetes")  # it carries no types
    core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(config))
    listed = core.list_namespace(limit=2)
    more = core.list_namespace(limit=2, _continue=listed.metadata._continue)
    events = []
    stream = kubernetes.watch.Watch()
    core.create_namespace({"metadata": {"name": "new"}})
    version = listed.metadata.resource_version
    for event in stream.stream(core.list_namespace, resource_version=version, timeout_seconds=5):
        events.append((event["type"], event["object"].metadata.name))
        stream.stop()
    return len(listed.items) + len(more.items), events


async def test_the_official_python_client_lists_and_watches(
    cluster: Cluster,
    tmp_path: Path,
) -> None:
    path = tmp_path / "config"
    path.write_text(cluster.kubeconfig())
    counted, events = await asyncio.to_thread(follow_with_the_official_client, str(path))
    assert counted == 4
    assert events == [("ADDED", "new")]
