"""Nodes and namespaces: where things run."""

from __future__ import annotations

import msgspec

from basefly.base.kube import quantity
from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection, terminating

ROLE = "node-role.kubernetes.io/"
POOLS = (  # the label by which each provider says of which pool a node is
    "karpenter.sh/nodepool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "node.kubernetes.io/pool",
)


class NodeCondition(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    status: str = ""


class Taint(msgspec.Struct, frozen=True, gc=False):
    key: str = ""
    effect: str = ""


class Address(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    address: str = ""


class NodeInfo(msgspec.Struct, rename="camel", frozen=True, gc=False):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""


class NodeSpec(msgspec.Struct, frozen=True, gc=False):
    unschedulable: bool = False
    taints: list[Taint] = []


class NodeStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    allocatable: dict[str, str] = {}
    conditions: list[NodeCondition] = []
    addresses: list[Address] = []
    node_info: NodeInfo = NodeInfo()


class Node(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


def project_node(node: Node) -> Projection:
    labels = msgspec.json.decode(node.metadata.labels, type=dict[str, str] | None) or {}
    status, health = _node_status(node)
    allocatable, info = node.status.allocatable, node.status.node_info
    cells = {
        "roles": sorted(label.removeprefix(ROLE) for label in labels if label.startswith(ROLE)),
        "version": info.kubelet_version,
        "pool": next((labels[label] for label in POOLS if label in labels), ""),
        "instance": labels.get("node.kubernetes.io/instance-type", ""),
        "region": labels.get("topology.kubernetes.io/region", ""),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "cpu": quantity.number(allocatable.get("cpu", "0")),
        "memory": int(quantity.number(allocatable.get("memory", "0"))),
        "pods": int(quantity.number(allocatable.get("pods", "0"))),
        "ip": next((a.address for a in node.status.addresses if a.type == "InternalIP"), ""),
        "taints": [f"{t.key}:{t.effect}" for t in node.spec.taints],
        "pressure": [c.type for c in node.status.conditions if c.type != "Ready" and c.status == "True"],
        "os": info.os_image,
        "kernel": info.kernel_version,
        "runtime": info.container_runtime_version,
        "architecture": info.architecture,
    }
    return Projection(status, health, cells)


def _node_status(node: Node) -> tuple[str, Health]:
    ready = next((c.status for c in node.status.conditions if c.type == "Ready"), "")
    status = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")
    health: Health = "ok" if status == "Ready" else "bad"
    if health == "ok" and any(c.type != "Ready" and c.status == "True" for c in node.status.conditions):
        health = "warn"
    if node.spec.unschedulable:
        return f"{status},SchedulingDisabled", "warn" if health == "ok" else health
    return status, health


NODES = Kind(
    resource="nodes",
    kind="Node",
    short=("no",),
    group="cluster",
    columns=(
        Column("roles", "Roles", "list"),
        Column("version", "Version"),
        Column("pool", "Pool"),
        Column("instance", "Instance", wide=True),
        Column("zone", "Zone", wide=True),
        Column("cpu", "CPU", "cores"),
        Column("memory", "Memory", "bytes"),
        Column("pods", "Pods", "number"),
        Column("ip", "Internal IP", wide=True),
        Column("taints", "Taints", "list", wide=True),
        Column("pressure", "Pressure", "list", wide=True),
        Column("region", "Region", wide=True),
        Column("os", "OS image", wide=True),
        Column("kernel", "Kernel", wide=True),
        Column("runtime", "Runtime", wide=True),
        Column("architecture", "Architecture", wide=True),
    ),
    shape=Node,
    project=project_node,
)


class NamespaceStatus(msgspec.Struct, frozen=True, gc=False):
    phase: str = ""


class Namespace(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    status: NamespaceStatus = NamespaceStatus()


def project_namespace(namespace: Namespace) -> Projection:
    active = namespace.status.phase == "Active"
    status, health = terminating(namespace.metadata, namespace.status.phase, "ok" if active else "warn")
    return Projection(status, health, {})


NAMESPACES = Kind(
    resource="namespaces",
    kind="Namespace",
    short=("ns",),
    group="cluster",
    shape=Namespace,
    project=project_namespace,
)
