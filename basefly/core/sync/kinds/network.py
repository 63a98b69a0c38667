"""Network: services, endpoint slices, ingresses and network policies."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection, terminating


class Port(msgspec.Struct, rename="camel", frozen=True, gc=False):
    port: int | None = None
    node_port: int = 0
    protocol: str = "TCP"


class IngressAddress(msgspec.Struct, frozen=True, gc=False):
    ip: str = ""
    hostname: str = ""


class LoadBalancer(msgspec.Struct, frozen=True, gc=False):
    ingress: list[IngressAddress] | None = None


class WithLoadBalancer(msgspec.Struct, rename="camel", frozen=True, gc=False):
    load_balancer: LoadBalancer = LoadBalancer()

    def addresses(self) -> list[str]:
        return [a.ip or a.hostname for a in self.load_balancer.ingress or ()]


class ServiceSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    external_name: str = ""
    external_ips: list[str] = msgspec.field(name="externalIPs", default_factory=list)
    ports: list[Port] = []
    selector: dict[str, str] | None = None


class Service(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: ServiceSpec = ServiceSpec()
    status: WithLoadBalancer = WithLoadBalancer()


def project_service(service: Service) -> Projection:
    spec = service.spec
    external = spec.external_ips + service.status.addresses() + ([spec.external_name] if spec.external_name else [])
    waiting = spec.type == "LoadBalancer" and not external
    status, health = terminating(service.metadata, "Pending" if waiting else "Active", "warn" if waiting else "ok")
    ports = [f"{p.port}:{p.node_port}/{p.protocol}" if p.node_port else f"{p.port}/{p.protocol}" for p in spec.ports]
    cells = {"type": spec.type, "ip": spec.cluster_ip, "external": external, "ports": ports}
    return Projection(status, health, {**cells, "selector": spec.selector or {}})


SERVICES = Kind(
    resource="services",
    kind="Service",
    short=("svc",),
    group="network",
    columns=(
        Column("type", "Type"),
        Column("ip", "Cluster IP"),
        Column("external", "External", "list"),
        Column("ports", "Ports", "list"),
    ),
    shape=Service,
    project=project_service,
)


class EndpointConditions(msgspec.Struct, frozen=True, gc=False):
    ready: bool | None = None


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    conditions: EndpointConditions = EndpointConditions()


class EndpointSlice(msgspec.Struct, rename="camel", frozen=True, gc=False):
    metadata: Meta
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[Port] | None = None


def project_endpoint_slice(endpoint_slice: EndpointSlice) -> Projection:
    """An endpoint whose `ready` is not said counts as ready (discovery.k8s.io/v1)."""
    endpoints = endpoint_slice.endpoints or []
    ready = sum(1 for e in endpoints if e.conditions.ready is not False)
    cells = {
        "type": endpoint_slice.address_type,
        "ready": ready,
        "endpoints": len(endpoints),
        "ports": [f"{p.port}/{p.protocol}" for p in endpoint_slice.ports or ()],
    }
    if not endpoints:
        return Projection("Empty", "idle", cells)
    return Projection("Ready", "ok", cells) if ready else Projection("NotReady", "warn", cells)


ENDPOINT_SLICES = Kind(
    resource="endpointslices.discovery.k8s.io",
    kind="EndpointSlice",
    group="network",
    columns=(
        Column("type", "Addresses"),
        Column("ready", "Ready", "number"),
        Column("endpoints", "Endpoints", "number"),
        Column("ports", "Ports", "list"),
    ),
    shape=EndpointSlice,
    project=project_endpoint_slice,
)


class Rule(msgspec.Struct, frozen=True, gc=False):
    host: str = "*"


class Tls(msgspec.Struct, rename="camel", frozen=True, gc=False):
    secret_name: str = ""


class IngressSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    ingress_class_name: str = ""
    rules: list[Rule] | None = None
    tls: list[Tls] | None = None


class Ingress(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: IngressSpec = IngressSpec()
    status: WithLoadBalancer = WithLoadBalancer()


def project_ingress(ingress: Ingress) -> Projection:
    addresses = ingress.status.addresses()
    cells = {
        "class": ingress.spec.ingress_class_name,
        "hosts": [r.host for r in ingress.spec.rules or ()],
        "addresses": addresses,
        "tls": bool(ingress.spec.tls),
    }
    status, health = terminating(ingress.metadata, "Active" if addresses else "Pending", "ok" if addresses else "warn")
    return Projection(status, health, cells)


INGRESSES = Kind(
    resource="ingresses.networking.k8s.io",
    kind="Ingress",
    short=("ing",),
    group="network",
    columns=(
        Column("class", "Class"),
        Column("hosts", "Hosts", "list"),
        Column("addresses", "Addresses", "list"),
        Column("tls", "TLS", wide=True),
    ),
    shape=Ingress,
    project=project_ingress,
)


class PolicySpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    pod_selector: msgspec.Raw = msgspec.Raw(b"{}")
    policy_types: list[str] = []


class NetworkPolicy(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: PolicySpec = PolicySpec()


def project_network_policy(policy: NetworkPolicy) -> Projection:
    selector = bytes(policy.spec.pod_selector).decode()
    cells = {"selector": "all pods" if selector == "{}" else selector, "types": policy.spec.policy_types}
    status, health = terminating(policy.metadata, "Active", "ok")
    return Projection(status, health, cells)


NETWORK_POLICIES = Kind(
    resource="networkpolicies.networking.k8s.io",
    kind="NetworkPolicy",
    short=("netpol",),
    group="network",
    columns=(Column("selector", "Pod selector"), Column("types", "Types", "list")),
    shape=NetworkPolicy,
    project=project_network_policy,
)
