"""Which containers an object's log is made of: those of a pod, or of every pod that a workload selects."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec

from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.perform import Target, address

MOST = 40  # containers in one stream
LOGGED = (
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "replicationcontrollers",
    "jobs.batch",
)  # kinds that have a log


class Source(msgspec.Struct, frozen=True):
    """One container of one pod."""

    pod: str
    container: str


class Sources(msgspec.Struct, frozen=True):
    """The containers of an object's log, in the cluster and namespace where they run; `more` were left out."""

    cluster: str
    namespace: str
    found: tuple[Source, ...]
    more: int = 0


async def find(house: House, by: Principal, target: Target, container: str = "") -> Sources:
    """The containers, all or those of one name. Raises what the cluster says, NotFound, and Invalid."""
    cluster, resource, path = await address(house, by, target)
    if resource not in LOGGED:
        detail = f"{resource} has no log."
        raise Invalid(detail, errors=(FieldError("/resource", detail),))
    whole = await _get(house, by, cluster, path)
    namespace = whole["metadata"]["namespace"]
    pods = [whole] if resource == "pods" else await _pods(house, by, cluster, whole)
    found = [
        Source(pod["metadata"]["name"], name)
        for pod in pods
        for name in _containers(pod["spec"])
        if container in ("", name)
    ]
    if container and not found:
        raise NotFound(f"There is no container {container!r}.", cure="Look at the page of the pod for its containers.")
    return Sources(cluster, namespace, tuple(found[:MOST]), max(0, len(found) - MOST))


async def _pods(house: House, by: Principal, cluster: str, workload: Any) -> list[Any]:
    selector = _selector(workload["spec"].get("selector") or {})
    namespace = workload["metadata"]["namespace"]
    path = f"/api/v1/namespaces/{quote(namespace)}/pods?labelSelector={quote(selector)}&limit=500"
    listed = await _get(house, by, cluster, path)
    return list(listed["items"])


async def _get(house: House, by: Principal, cluster: str, path: str) -> Any:
    return json.loads(await asking.ask(house, by, cluster, ("GET", path)))


def _selector(selector: dict[str, Any]) -> str:
    """A LabelSelector as it stands in an address; of a ReplicationController, which has but labels, too."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in selector.items())
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or []:
        values = f" ({','.join(each.get('values') or [])})"
        parts.append({
            "In": f"{each['key']} in{values}",
            "NotIn": f"{each['key']} notin{values}",
            "Exists": each["key"],
            "DoesNotExist": f"!{each['key']}",
        }[each["operator"]])  # fmt: skip
    return ",".join(parts)


def _containers(spec: dict[str, Any]) -> list[str]:
    """Those that run for good, then those that came before and those that came in between."""
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return [each["name"] for kind in kinds for each in spec.get(kind) or []]
