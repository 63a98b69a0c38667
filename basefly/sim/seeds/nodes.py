"""Nodes with the labels, capacity and conditions of real ones, and their leases."""

from __future__ import annotations

from datetime import timedelta

from basefly.sim.seeds.managed import Writer
from basefly.sim.seeds.names import CLOUDS, Cloud
from basefly.sim.seeds.world import Object, World

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_IMAGES = 12


def plant_nodes(world: World, count: int, version: str) -> list[Object]:
    """Plant `count` nodes of one cloud, spread over its zones and two pools."""
    cloud = world.pick(CLOUDS)
    return [_node(world, cloud, number, version) for number in range(count)]


def _node(world: World, cloud: Cloud, number: int, version: str) -> Object:
    zone = cloud.zones[number % len(cloud.zones)]
    size = cloud.sizes[number % len(cloud.sizes)]
    name = f"{cloud.scheme}-{world.suffix(8)}-{number}"
    age = world.age(timedelta(hours=6), timedelta(days=90))
    labels = _labels(cloud, name=name, zone=zone, size=size[0], pool=("general", "spot")[number % 2])
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    network = f"10.244.{number % 256}.0/24"
    ready = not (number and world.happens(0.02))
    node: Object = {
        "metadata": world.metadata(name, age=age, labels=labels, annotations=annotations),
        "spec": {"podCIDR": network, "podCIDRs": [network], "providerID": f"{cloud.scheme}:///{zone}/{name}"},
        "status": {
            **_capacity(size),
            "conditions": [_condition(world, age, held, ready) for held in _CONDITIONS],
            "addresses": _addresses(name, number),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _info(world, cloud, size[0], version),
            "images": [_image(world, cloud) for _ in range(_IMAGES)],
        },
    }
    created, reported = world.ago(age), world.ago(timedelta(seconds=world.chance.randint(5, 290)))
    seen = ("status.conditions", "status.images", "status.allocatable")
    world.add(
        "nodes",
        node,
        Writer("cloud-controller-manager", ("metadata.labels", "spec.providerID"), created),
        Writer("kube-controller-manager", ("metadata.annotations", "spec.podCIDR", "spec.podCIDRs"), created),
        Writer("kubelet", seen, reported, subresource="status"),
    )
    _lease(world, name, age)
    return node


def _addresses(name: str, number: int) -> list[Object]:
    address = f"10.{16 + number // 62_500}.{number // 250 % 250}.{number % 250 + 4}"
    return [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]


def _labels(cloud: Cloud, *, name: str, zone: str, size: str, pool: str) -> dict[str, str]:
    architecture = "arm64" if "7g" in size else "amd64"
    return {
        "beta.kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": size,
        "topology.kubernetes.io/region": cloud.region,
        "topology.kubernetes.io/zone": zone,
        cloud.pool_label: pool,
    }


def _capacity(size: tuple[str, int, int]) -> Object:
    """What the machine has and what of it pods may use."""
    _, cores, gibibytes = size
    capacity = {
        "cpu": str(cores),
        "ephemeral-storage": "83873772Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": f"{gibibytes * 1024 * 1024 - 524_288}Ki",
        "pods": "110",
    }
    kept = {"cpu": f"{cores * 1000 - 80}m", "memory": f"{gibibytes * 1024 * 1024 - 1_572_864}Ki"}
    return {"capacity": capacity, "allocatable": capacity | kept}


def _condition(world: World, age: timedelta, held: tuple[str, str, str, str], ready: bool) -> Object:
    kind, value, reason, message = held
    since = age
    if not ready:
        value, reason, message = "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."
        since = timedelta(minutes=world.chance.randint(3, 50))
    beat = since if not ready else timedelta(seconds=world.chance.randint(5, 290))
    times = {"lastHeartbeatTime": world.ago(beat), "lastTransitionTime": world.ago(since)}
    return {"type": kind, "status": value, **times, "reason": reason, "message": message}


def _image(world: World, cloud: Cloud) -> Object:
    digest = f"{world.chance.getrandbits(256):064x}"
    name = f"registry.example.com/{cloud.scheme}/{world.suffix(6)}"
    return {"names": [f"{name}@sha256:{digest}", f"{name}:v1"], "sizeBytes": world.chance.randint(4, 400) * 1_000_003}


def _info(world: World, cloud: Cloud, size: str, version: str) -> Object:
    return {
        "machineID": f"{world.chance.getrandbits(128):032x}",
        "systemUUID": world.uid(),
        "bootID": world.uid(),
        "kernelVersion": cloud.kernel,
        "osImage": cloud.image,
        "containerRuntimeVersion": "containerd://2.1.4",
        "kubeletVersion": version,
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "arm64" if "7g" in size else "amd64",
    }


def _lease(world: World, name: str, age: timedelta) -> None:
    renewed = (world.at - timedelta(seconds=world.chance.randint(0, 9))).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed}
    lease = {"metadata": world.metadata(name, "kube-node-lease", age=age), "spec": spec}
    world.add(
        "leases.coordination.k8s.io", lease, Writer("kubelet", ("spec",), world.ago(age), "coordination.k8s.io/v1")
    )
