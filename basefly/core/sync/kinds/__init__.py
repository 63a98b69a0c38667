"""The kinds we know more of than their metadata. A new kind is a file here and a name in KINDS."""

from __future__ import annotations

from basefly.core.sync.kind import Column, Kind, Meta, Row, row, unreadable
from basefly.core.sync.kinds import (
    access,
    batch,
    config,
    custom,
    events,
    network,
    nodes,
    pods,
    policy,
    quotas,
    storage,
    workloads,
)
from basefly.core.sync.printed import Printed, printed_kind

__all__ = ["IGNORED", "KINDS", "Column", "Kind", "Meta", "Row", "by_resource", "named", "row", "unreadable"]

KINDS: tuple[Kind, ...] = (
    nodes.NODES,
    nodes.NAMESPACES,
    pods.PODS,
    workloads.DEPLOYMENTS,
    workloads.STATEFUL_SETS,
    workloads.DAEMON_SETS,
    workloads.REPLICA_SETS,
    batch.JOBS,
    batch.CRON_JOBS,
    policy.AUTOSCALERS,
    policy.DISRUPTION_BUDGETS,
    quotas.RESOURCE_QUOTAS,
    quotas.LIMIT_RANGES,
    network.SERVICES,
    network.ENDPOINT_SLICES,
    network.INGRESSES,
    network.NETWORK_POLICIES,
    config.CONFIG_MAPS,
    config.SECRETS,
    storage.PERSISTENT_VOLUMES,
    storage.PERSISTENT_VOLUME_CLAIMS,
    storage.STORAGE_CLASSES,
    access.SERVICE_ACCOUNTS,
    access.ROLES,
    access.ROLE_BINDINGS,
    access.CLUSTER_ROLES,
    access.CLUSTER_ROLE_BINDINGS,
    custom.DEFINITIONS,
    events.EVENTS,
)

# Not followed: signs of life that change every few seconds, and second faces of kinds that are followed.
IGNORED = frozenset({"leases.coordination.k8s.io", "events.events.k8s.io"})

_BY_RESOURCE = {kind.resource: kind for kind in KINDS}
_BY_NAME = {
    name.lower(): kind
    for kind in KINDS
    for name in (kind.resource, kind.resource.split(".")[0], kind.kind, *kind.short)
}


def by_resource(resource: str, kind: str, printed: tuple[Printed, ...] = ()) -> Kind:
    """The kind for a resource as discovery names it.

    A stranger has the columns that its definition prints; one without them is kept as metadata.
    """
    return _BY_RESOURCE.get(resource) or printed_kind(resource, kind, printed) or custom.unknown(resource, kind)


def named(name: str) -> Kind | None:
    """The kind people mean by "po", "pod", "pods", "Pod" or "pods.": plural, kind or short name in any case."""
    return _BY_NAME.get(name.lower())
