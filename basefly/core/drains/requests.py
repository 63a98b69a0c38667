"""What a drain asks of a cluster, each as the person in whose name it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from basefly.base.kube import errors as kube
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.drains.budgets import Budget, budget
from basefly.core.drains.model import Pod, pod
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import MANAGER, MERGE

PAGE = 250  # pods of an answer


class Node(msgspec.Struct, frozen=True):
    """A node as far as a drain cares."""

    uid: str
    cordoned: bool


class Reach:
    """One cluster, asked in one person's name."""

    def __init__(self, house: House, by: Principal, cluster: UUID) -> None:
        self._house = house
        self._by = by
        self._cluster = str(cluster)

    async def node(self, name: str) -> Node | None:
        """The node, if it is there."""
        try:
            found = await self._get(_node(name))
        except kube.NotFound:
            return None
        return Node(found["metadata"]["uid"], bool(found.get("spec", {}).get("unschedulable")))

    async def cordon(self, name: str, *, cordoned: bool = True) -> None:
        """Let no new pods come to it, or let them come again."""
        request = ("PATCH", f"{_node(name)}?fieldManager={MANAGER}")
        change = {"spec": {"unschedulable": cordoned or None}}
        await asking.ask(self._house, self._by, self._cluster, request, body=change, media=MERGE)

    async def pods(self, node: str) -> list[Pod]:
        """Every pod on a node."""
        query = {"fieldSelector": f"spec.nodeName={node}"}
        return [pod(each) for each in await self._list("/api/v1/pods", query)]

    async def pod(self, namespace: str, name: str) -> Pod | None:
        """The pod of this name, if there is one."""
        try:
            return pod(await self._get(f"{_within(namespace)}/pods/{quote(name)}"))
        except kube.NotFound:
            return None

    async def budgets(self, namespace: str) -> list[Budget]:
        """The disruption budgets of a namespace; none where this person may not read them."""
        path = f"/apis/policy/v1/namespaces/{quote(namespace)}/poddisruptionbudgets"
        try:
            return [budget(each) for each in await self._list(path, {})]
        except kube.Forbidden:
            return []

    async def evict(self, namespace: str, name: str, uid: str, grace: int | None) -> None:
        """Evict exactly this pod; a namesake that came after it is left alone (Conflict)."""
        options: dict[str, Any] = {"preconditions": {"uid": uid}}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": namespace, "name": name},
            "deleteOptions": options,
        }
        path = f"{_within(namespace)}/pods/{quote(name)}/eviction"
        await asking.ask(self._house, self._by, self._cluster, ("POST", path), body=body)

    async def _list(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        more = ""
        while True:
            asked_for = {**query, "limit": str(PAGE), **({"continue": more} if more else {})}
            page = await self._get(f"{path}?{urlencode(asked_for)}")
            items += page.get("items") or ()
            more = page["metadata"].get("continue", "")
            if not more:
                return items

    async def _get(self, target: str) -> dict[str, Any]:
        found: dict[str, Any] = await asking.get(self._house, self._by, self._cluster, target)
        return found


def _node(name: str) -> str:
    return f"/api/v1/nodes/{quote(name, safe='')}"


def _within(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}"
