"""Events as scheduler, kubelet and controllers report them about the seeded pods and nodes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from basefly.sim.seeds.managed import Writer
from basefly.sim.seeds.world import Object, World


class _Report(NamedTuple):
    kind: str
    reason: str
    message: str
    source: str
    times: int = 1


def plant_events(world: World, most: int) -> None:
    """Plant at most `most` events; what goes wrong comes first."""
    pods = world.planted.get("pods", [])
    told = [(pod, report) for pod in pods for report in _troubles(pod)]
    told += [(pod, report) for pod in pods[: most // 3] for report in _births(pod)]
    for pod, report in told[:most]:
        _event(world, pod, report)


def _troubles(pod: Object) -> Iterator[_Report]:
    for held in pod["status"].get("containerStatuses", ()):
        waiting = held["state"].get("waiting")
        if waiting and waiting["reason"] == "CrashLoopBackOff":
            message = f"Back-off restarting failed container {held['name']} in pod {pod['metadata']['name']}"
            yield _Report("Warning", "BackOff", message, "kubelet", held["restartCount"] * 5 + 1)
        elif waiting:
            yield _Report("Warning", "Failed", waiting["message"], "kubelet", 12)
    for held in pod["status"].get("conditions", ()):
        if held.get("reason") == "Unschedulable":
            yield _Report("Warning", "FailedScheduling", held["message"], "default-scheduler", 4)


def _births(pod: Object) -> Iterator[_Report]:
    meta, node = pod["metadata"], pod["spec"].get("nodeName")
    if not node:
        return
    container = pod["spec"]["containers"][0]
    placed = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
    yield _Report("Normal", "Scheduled", placed, "default-scheduler")
    yield _Report("Normal", "Pulled", f'Container image "{container["image"]}" already present on machine', "kubelet")
    yield _Report("Normal", "Started", "Container started", "kubelet")


def _event(world: World, pod: Object, report: _Report) -> None:
    meta = pod["metadata"]
    age = world.age(timedelta(seconds=5), timedelta(minutes=55))
    last = timedelta(seconds=world.chance.randint(1, 5)) if report.times > 1 else age
    name = f"{meta['name']}.{world.chance.getrandbits(60):016x}"
    about = {
        "kind": "Pod",
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
        "apiVersion": "v1",
    }
    by_node = report.source == "kubelet"
    if by_node:
        about["fieldPath"] = f"spec.containers{{{pod['spec']['containers'][0]['name']}}}"
    source = {"component": report.source} | ({"host": pod["spec"]["nodeName"]} if by_node else {})
    event: Object = {
        "metadata": world.metadata(name, meta["namespace"], age=age),
        "involvedObject": about,
        "reason": report.reason,
        "message": report.message,
        "source": source,
        "firstTimestamp": world.ago(age),
        "lastTimestamp": world.ago(last),
        "count": report.times,
        "type": report.kind,
        "eventTime": None,
        "reportingComponent": report.source,
        "reportingInstance": source.get("host", ""),
    }
    paths = tuple(part for part in event if part not in ("metadata", "eventTime"))
    world.add("events", event, Writer(report.source, paths, world.ago(last)))
