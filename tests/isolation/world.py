"""One organization with one of everything: whatever a path can name. Every text of it carries a word of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from basefly.base.db import Jsonb
from tests.features.rows import put, register
from tests.people import Hub, Person, join

LENGTH = 7
OWN = "pqstuvwyz"  # letters of the stranger's own names: none is ever suggested in place of another's


def word() -> str:
    """A name that nothing else has, as long as every other."""
    return f"heron{uuid4().hex[:LENGTH]}"


def own_word() -> str:
    """Such a name, unlike all those."""
    return "gannet" + "".join(secrets.choice(OWN) for _ in range(LENGTH))


@dataclass(frozen=True)
class World:
    """What there is of one organization, by kind, in each way that it can be named."""

    word: str
    ways: tuple[Mapping[str, str], ...]

    @property
    def secrets(self) -> set[str]:
        """Whatever no answer to a stranger may hold."""
        return {value for way in self.ways for value in way.values() if self.word in value or _is_id(value)}


async def build(hub: Hub, owner: Person, name: str) -> World:
    """One of everything in the organization of `owner`, made over the API where the API makes it."""
    org = owner.by.org_id
    cluster = await register(hub, org, name)
    await _inventory(hub, org, cluster, name)
    token = await _post(owner, "/api/v1/tokens", {"name": name})
    view = await _post(owner, "/api/v1/views", {"name": name, "address": f"/pods?q={name}"})
    session = (await owner.http.get("/api/v1/sessions")).json()["items"][0]["id"]
    async with join(hub, name, "viewer", org) as member:
        ids = {"session": session, "token": token["id"], "view": view["id"], "member": str(member.by.user_id)}
        email = member.by.email
    common = {**_texts(name), **ids, "email": email, "audited": f"members/{ids['member']}"}
    by_name = {**common, "cluster": name, "resource": f"{name}s.{name}.example"}
    by_id = {
        **common,
        "cluster": str(cluster),
        "resource": "pods",
        "address": f"/clusters/{cluster}/objects/pods/{name}",
    }
    return World(name, (by_name, by_id))


def absent() -> World:
    """As a world is named, but nothing of it is there."""
    name, id_ = word(), str(uuid4())
    ids = {kind: str(uuid4()) for kind in ("session", "token", "view", "member")}
    common = {**_texts(name), **ids, "email": f"{name}@example.com", "audited": f"members/{ids['member']}"}
    by_name = {**common, "cluster": name, "resource": f"{name}s.{name}.example"}
    by_id = {**common, "cluster": id_, "resource": "pods", "address": f"/clusters/{id_}/objects/pods/{name}"}
    return World(name, (by_name, by_id))


def _texts(name: str) -> dict[str, str]:
    return {
        "object": name,
        "namespace": name,
        "text": name,
        "label": f"{name}={name}",
        "repository": f"registry.example/{name}",
        "topic": f"inventory/{name}/pods",
        "file": f"{name}.js",
        "profile": "read",
        "address": f"/clusters/{name}/objects/pods/{name}",
    }


async def _post(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await person.http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _inventory(hub: Hub, org: UUID, cluster: UUID, name: str) -> None:
    """A namespace, a node, a workload with a pod, an event, and a kind of its own: rows as the sync writes them."""
    custom = f"{name}s.{name}.example"
    kinds = {"namespaces": "Namespace", "nodes": "Node", "deployments.apps": "Deployment", "pods": "Pod",
             "events": "Event", custom: "Heron"}  # fmt: skip
    async with hub.house.db.transaction(org) as tx:
        await tx.execute("update clusters set labels = %s where org_id = %s", [Jsonb({name: name}), org])
        for resource, kind in kinds.items():
            await tx.execute(
                "insert into sync_streams (org_id, cluster_id, resource, kind, version, namespaced, state, as_of)"
                " values (%s, %s, %s, %s, 'v1', %s, 'live', now())",
                [org, cluster, resource, kind, resource not in ("namespaces", "nodes")],
            )
    uid, labels = f"uid-{name}", {"app.kubernetes.io/name": name, "app": name}
    image = {"images": [f"registry.example/{name}:1"]}
    event = {"type": "Warning", "reason": name, "message": name, "kind": "Pod", "object": name, "uid": uid, "count": 1}
    await put(hub, org, cluster, "namespaces", name, namespace="", labels=labels)
    await put(hub, org, cluster, "nodes", name, namespace="", labels=labels, cells={"cpu": 4, "memory": 1e9, "pods": 9})
    await put(hub, org, cluster, "deployments.apps", name, namespace=name, uid=uid, labels=labels,
              cells={"ready": "0/1", **image}, health="bad", status=name)  # fmt: skip
    await put(hub, org, cluster, "pods", name, namespace=name, owner=uid, labels=labels, health="bad", status=name,
              cells={"node": name, **image})  # fmt: skip
    await put(hub, org, cluster, "events", name, namespace=name, cells=event, health="warn", status=name)
    await put(hub, org, cluster, custom, name, namespace=name, labels=labels)


def _is_id(value: str) -> bool:
    return len(value) == 36 and value.count("-") == 4
