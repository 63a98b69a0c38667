"""One seeded cluster: its key, its moment, its cloud and its nodes; everything else follows from these."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache

from basefly.sim.clock import written
from basefly.sim.seeds.chance import Chance, digest
from basefly.sim.seeds.names import CLOUDS, Cloud
from basefly.sim.seeds.stencil import Values

MINUTE, HOUR, DAY = 60, 3600, 86_400
_WELL = {
    "bad": "False",
    "good": "True",
    "no_memory": "KubeletHasSufficientMemory",
    "memory_said": "kubelet has sufficient memory available",
    "no_disk": "KubeletHasNoDiskPressure",
    "disk_said": "kubelet has no disk pressure",
    "no_pid": "KubeletHasSufficientPID",
    "pid_said": "kubelet has sufficient PID available",
    "is_ready": "KubeletReady",
    "ready_said": "kubelet is posting ready status",
}
_LOST = dict.fromkeys(("bad", "good"), "Unknown")
_LOST |= dict.fromkeys(("no_memory", "no_disk", "no_pid", "is_ready"), "NodeStatusUnknown")
_LOST |= dict.fromkeys(("memory_said", "disk_said", "pid_said", "ready_said"), "Kubelet stopped posting node status.")
_IMAGES = 12


@dataclass(frozen=True, eq=False)
class World:
    """`key` decides everything but ages, which are counted back from `at` (seconds since the epoch)."""

    key: str
    cloud: Cloud
    version: str
    nodes: int
    at: int = field(default_factory=lambda: int(time.time()))

    def ago(self, seconds: int) -> str:
        return written(self.at - seconds)

    def node_name(self, number: int) -> str:
        return _node_name(self, number)

    def node_address(self, number: int) -> str:
        return f"10.{16 + number // 62_500}.{number // 250 % 250}.{number % 250 + 4}"


@lru_cache(maxsize=4096)
def _node_name(world: World, number: int) -> str:
    return f"{world.cloud.scheme}-{Chance(world.key, 'node', number).suffix(8)}-{number}"


def cloud_of(key: str) -> Cloud:
    return Chance(key, "cloud").pick(CLOUDS)


def node(world: World, number: int) -> tuple[str, Values]:
    """A node of the cloud's zones and of one of two pools; one in fifty has been lost."""
    cloud, chance = world.cloud, Chance(world.key, "node", number, "held")
    size, cores, gibibytes = cloud.sizes[number % len(cloud.sizes)]
    memory, age = gibibytes * 1024 * 1024, chance.between(6 * HOUR, 90 * DAY)
    lost = bool(number) and chance.happens(0.02)
    since = chance.between(3 * MINUTE, 50 * MINUTE) if lost else age
    return "node", (_LOST if lost else _WELL) | {
        "name": world.node_name(number),
        "uid": chance.uid(),
        "created": world.ago(age),
        "since": world.ago(since),
        "beat": world.ago(since if lost else chance.between(5, 290)),
        "arch": "arm64" if "7g" in size else "amd64",
        "size": size,
        "region": cloud.region,
        "zone": cloud.zones[number % len(cloud.zones)],
        "scheme": cloud.scheme,
        "pool_label": cloud.pool_label,
        "pool": ("general", "spot")[number % 2],
        "network": f"10.244.{number % 256}.0/24",
        "address": world.node_address(number),
        "cores": cores,
        "memory": memory - 524_288,
        "cpu_left": cores * 1000 - 80,
        "memory_left": memory - 1_572_864,
        "machine": digest(world.key, number, "machine")[:32],
        "system": chance.uid(),
        "boot": chance.uid(),
        "kernel": cloud.kernel,
        "os": cloud.image,
        "kubelet": world.version,
        "images": [_image(world, image) for image in range(_IMAGES)],
    }


def lease(world: World, number: int) -> tuple[str, Values]:
    chance = Chance(world.key, "lease", number)
    renewed = world.ago(chance.below(10)).replace("Z", ".000000Z")
    held = {"name": world.node_name(number), "team": "kube-node-lease", "uid": chance.uid()}
    return "lease", held | {"created": world.ago(6 * HOUR), "renewed": renewed}


def storage_class(world: World, name: str, default: str) -> tuple[str, Values]:
    uid = Chance(world.key, "class", name).uid()
    return "storageclass", {"name": name, "uid": uid, "created": world.ago(90 * DAY), "default": default}


def namespace(world: World, name: str) -> tuple[str, Values]:
    return "namespace", {"name": name, "uid": Chance(world.key, "team", name).uid(), "created": world.ago(90 * DAY)}


def default_account(world: World, team: str) -> tuple[str, Values]:
    uid = Chance(world.key, "account", team).uid()
    return "default-account", {"name": "default", "team": team, "uid": uid, "created": world.ago(90 * DAY)}


def root_certificate(world: World, team: str, authority: str) -> tuple[str, Values]:
    held = {"uid": Chance(world.key, "root", team).uid(), "created": world.ago(90 * DAY), "authority": authority}
    return "root-certificate", held | {"name": "kube-root-ca.crt", "team": team}


def _image(world: World, number: int) -> dict[str, object]:
    """The images of a cluster's nodes are much the same."""
    name = f"registry.example.com/{world.cloud.scheme}/{Chance(world.key, 'image', number).suffix(6)}"
    held = digest(world.key, "image", number)
    return {"names": [f"{name}@sha256:{held}", f"{name}:v1"], "sizeBytes": (4 + int(held[:2], 16)) * 1_000_003}
