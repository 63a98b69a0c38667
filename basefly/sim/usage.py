"""What containers and nodes use: a pure function of a pod's uid, its requests and limits, and the time of day."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

Object = dict[str, Any]
WINDOW = 15
"""Seconds between two samples: noise changes no faster."""
_WINDOWS = 86_400 // WINDOW
_UNITS = {unit: 1000.0 ** (place - 3) for place, unit in enumerate(("n", "u", "m", "", *"kMGTPE"))}
_UNITS |= {f"{unit}i": 1024.0 ** (place + 1) for place, unit in enumerate("KMGTPE")}


class Usage(NamedTuple):
    """`cpu` in cores, `memory` in bytes."""

    cpu: float
    memory: float


def of_pod(pod: Object, day: float, factor: float = 1.0) -> dict[str, Usage]:
    """What each running container uses at a time of day (0 to 1); `factor` is how many times its habit."""
    running = {held["name"] for held in pod["status"].get("containerStatuses", ()) if "running" in held["state"]}
    wanted = [held for held in pod["spec"]["containers"] if held["name"] in running]
    uid, day = pod["metadata"]["uid"], int(day * _WINDOWS) / _WINDOWS
    return {
        held["name"]: _of_container(f"{uid}/{held['name']}", held, (_busy(pod, day), day), factor) for held in wanted
    }


def of_node(node: Object, pods: Iterable[dict[str, Usage]], day: float) -> Usage:
    """The sum of a node's pods and of what the system itself takes, at most what the node has."""
    used = [usage for pod in pods for usage in pod.values()]
    capacity = node["status"]["capacity"]
    cores, memory = quantity(capacity["cpu"]), quantity(capacity["memory"])
    noise = _noise(node["metadata"]["uid"], day)
    cpu = sum(usage.cpu for usage in used) + cores * (0.02 + 0.01 * noise)
    resident = sum(usage.memory for usage in used) + memory * (0.06 + 0.002 * noise)
    return Usage(min(cpu, cores), min(resident, memory))


def quantity(value: str | float) -> float:
    """The number that a quantity means, such as 0.25 for "250m"."""
    digits = str(value).rstrip("numkKMGTPEi")
    return float(digits) * _UNITS[str(value)[len(digits) :]]


def _busy(pod: Object, day: float) -> float:
    """How busy a workload is, from 0.15 to 1: all its pods have their peak at one hour, and most by day."""
    owners = pod["metadata"].get("ownerReferences") or [pod["metadata"]]
    chance = _hash(owners[0]["uid"])
    peak = 0.25 + 0.5 * chance
    wave = (1 + math.cos(2 * math.pi * (day - peak))) / 2
    return 0.15 + 0.85 * wave * (0.3 + 0.7 * _hash(f"{chance}"))


def _of_container(name: str, held: Object, now: tuple[float, float], factor: float) -> Usage:
    """Cpu follows the day and is noisy; memory is mostly held, and neither exceeds its limit."""
    busy, day = now
    resources = held.get("resources") or {}
    limits = resources.get("limits") or {}
    requests = limits | (resources.get("requests") or {})
    habit = 0.5 + _hash(name)
    cpu = quantity(requests.get("cpu", "50m")) * habit * busy * (0.7 + 0.6 * _noise(name, day)) * factor
    share = 0.45 + 0.3 * _hash(name) + 0.1 * busy + 0.02 * _noise(name, day)
    memory = quantity(requests.get("memory", "64Mi")) * share * factor
    most = quantity(limits.get("cpu", "1024")), quantity(limits.get("memory", "1024Ti"))
    return Usage(min(cpu, most[0]), min(memory, most[1] * 0.99))


def _noise(name: str, day: float) -> float:
    return _hash(f"{name}/{int(day * _WINDOWS)}")


def _hash(text: str) -> float:
    """A number from 0 to 1 that looks like chance and is the same for the same text."""
    return (zlib.crc32(text.encode()) * 2_654_435_761 & 0xFFFFFFFF) / 0xFFFFFFFF
