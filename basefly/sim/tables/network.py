"""Rows of services and of what leads to them."""

from __future__ import annotations

from typing import Any

from basefly.sim.tables.cells import NONE, Object, Printer, age, joined, labels, name, selector


def service(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    address = (spec.get("clusterIPs") or [spec.get("clusterIP") or NONE])[0]
    ports = joined([_service_port(port) for port in spec.get("ports") or ()])
    kind = spec.get("type", "ClusterIP")
    return [name(obj), kind, address, _external(obj), ports, age(obj), labels(spec.get("selector"))]


def _service_port(port: Object) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _external(obj: Object) -> str:
    spec = obj.get("spec", {})
    given = spec.get("externalIPs") or []
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", NONE))
    if spec.get("type") != "LoadBalancer":
        return joined(given)
    balanced = _ingress_points(obj)
    if not balanced and not given:
        return "<pending>"
    return ",".join([balanced, *given] if balanced else given)


def _ingress_points(obj: Object) -> str:
    points = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    return ",".join(point.get("ip") or point.get("hostname", "") for point in points)


def endpoint_slice(obj: Object) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint["addresses"]]
    shown = joined(ports, 3) if ports else "<unset>"
    reached = joined(addresses, 3) if addresses else "<unset>"
    return [name(obj), obj.get("addressType", ""), shown, reached, age(obj)]


def endpoints(obj: Object) -> list[Any]:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return [name(obj), joined(found, 3), age(obj)]


def ingress(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    ports = "80, 443" if spec.get("tls") else "80"
    shown = joined(hosts, 3) if hosts else "*"
    return [name(obj), spec.get("ingressClassName") or NONE, shown, _ingress_points(obj), ports, age(obj)]


def ingress_class(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    held = spec.get("parameters")
    parameters = NONE
    if held:
        group = f".{held['apiGroup']}" if held.get("apiGroup") else ""
        parameters = f"{held['kind']}{group}/{held['name']}"
    return [name(obj), spec.get("controller", ""), parameters, age(obj)]


def network_policy(obj: Object) -> list[Any]:
    return [name(obj), selector(obj.get("spec", {}).get("podSelector")), age(obj)]


PRINTERS: dict[str, Printer] = {
    "services": service,
    "endpoints": endpoints,
    "endpointslices.discovery.k8s.io": endpoint_slice,
    "ingresses.networking.k8s.io": ingress,
    "ingressclasses.networking.k8s.io": ingress_class,
    "networkpolicies.networking.k8s.io": network_policy,
}
