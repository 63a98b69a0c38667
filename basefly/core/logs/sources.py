"""Which containers a log is made of: those of a pod, of every pod of a workload, or of pods with labels, anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.kube import selectors
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.perform import Target, address
from basefly.core.inventory.answers import ListRequest, list_objects

MOST = 40  # containers in one stream
SOUGHT = 200  # pods that the inventory is asked for
AT_ONCE = 16  # clusters asked side by side
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
    """One container of one pod. The cluster is named by its id, and as people call it."""

    cluster: str
    called: str
    namespace: str
    pod: str
    container: str


class Sources(msgspec.Struct, frozen=True):
    """The containers that a log is made of; `more` were left out, and `untold` says what else could not be read."""

    found: tuple[Source, ...]
    more: int = 0
    untold: tuple[str, ...] = ()
    labels: str = ""  # the selector that a workload chooses its pods by

    def name(self, source: Source) -> str:
        """What tells a container from the others: its cluster and namespace only where there are several."""
        parts = [source.called] if len({each.cluster for each in self.found}) > 1 else []
        parts += [source.namespace] if len({each.namespace for each in self.found}) > 1 else []
        return "/".join([*parts, source.pod, source.container]) if len(self.found) > 1 else ""


async def find(house: House, by: Principal, target: Target, container: str = "") -> Sources:
    """The containers of an object, all or those of one name. Raises what the cluster says, NotFound, and Invalid."""
    cluster, resource, path = await address(house, by, target)
    if resource not in LOGGED:
        detail = f"{resource} has no log."
        raise Invalid(detail, errors=(FieldError("/resource", detail),))
    whole = await asking.get(house, by, cluster, path)
    if resource == "pods":
        return _chosen(_sources((cluster, target.cluster), [whole], container), container)
    labels = selectors.written(whole["spec"].get("selector") or {})
    pods = await _labelled(house, by, cluster, whole["metadata"]["namespace"], labels)
    return replace(_chosen(_sources((cluster, target.cluster), pods, container), container), labels=labels)


def _chosen(found: Sequence[Source], container: str, untold: tuple[str, ...] = ()) -> Sources:
    if container and not found:
        raise NotFound(f"There is no container {container!r}.", cure="Look at the page of the pod for its containers.")
    return Sources(tuple(found[:MOST]), max(0, len(found) - MOST), untold)


def _sources(cluster: tuple[str, str], pods: Iterable[Any], container: str) -> list[Source]:
    """The containers of these pods; the cluster by its id and its name."""
    return [
        Source(*cluster, pod["metadata"]["namespace"], pod["metadata"]["name"], name)
        for pod in pods
        for name in _containers(pod["spec"])
        if container in ("", name)
    ]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Pods by their labels, in some clusters or all in sight, in some namespaces or all."""

    labels: str
    cluster: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    container: str = ""


async def select(house: House, by: Principal, wanted: Selection) -> Sources:
    """The containers of the pods that are selected: the inventory knows where such pods are, the clusters the rest.

    A cluster that does not tell is named among what is untold. Raises Invalid for a selector that is none, NotFound
    for a cluster that is not there, and what a cluster says where it is the only one.
    """
    if not wanted.labels.strip():
        detail = "Say which pods, by their labels: app=web."
        raise Invalid(detail, errors=(FieldError("/labels", detail),))
    asked = ListRequest(
        resource="pods",
        labels=wanted.labels,
        cluster=wanted.cluster,
        set=wanted.set,
        namespace=wanted.namespace,
        limit=SOUGHT,
    )
    async with house.db.transaction(by.org_id) as tx:
        rows = (await list_objects(tx, by, asked)).items
    places = list({(str(row.cluster.id), row.cluster.name, row.namespace): None for row in rows})
    turns = asyncio.Semaphore(AT_ONCE)

    async def within(place: tuple[str, str, str]) -> list[Source] | BaseflyError:
        cluster, called, namespace = place
        try:
            async with turns:
                pods = await _labelled(house, by, cluster, namespace, wanted.labels)
        except BaseflyError as error:
            return error
        return _sources((cluster, called), pods, wanted.container)

    answers = await asyncio.gather(*(within(place) for place in places))
    failed = {place: answer for place, answer in zip(places, answers, strict=True) if isinstance(answer, BaseflyError)}
    if failed and len(failed) == len(places) == 1:
        raise next(iter(failed.values()))
    untold = tuple(f"{called}/{where}: {error.detail or error.title}" for (_, called, where), error in failed.items())
    found = [source for answer in answers if not isinstance(answer, BaseflyError) for source in answer]
    return _chosen(found, wanted.container, untold)


async def _labelled(house: House, by: Principal, cluster: str, namespace: str, selector: str) -> list[Any]:
    path = f"/api/v1/namespaces/{quote(namespace)}/pods?labelSelector={quote(selector)}&limit=500"
    return list((await asking.get(house, by, cluster, path))["items"])


def _containers(spec: dict[str, Any]) -> list[str]:
    """Those that run for good, then those that came before and those that came in between."""
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return [each["name"] for kind in kinds for each in spec.get(kind) or []]
