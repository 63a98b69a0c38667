"""One organization with one of everything: whatever a path can name. Every text of it carries a word of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec

from basefly.base.db import Jsonb
from basefly.base.runtime import operations
from basefly.core.agents import store as agents
from basefly.core.drains import store as drains
from basefly.core.drains.model import Options
from basefly.core.drains.store import NewDrain
from basefly.core.factors import store as factors
from basefly.core.terminals import store as terminals
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
    async with join(hub, name, "viewer", org) as member:
        ids = {"member": str(member.by.user_id), "org": str(org), "cluster id": str(cluster)}
        ids |= await _own(hub, owner, name)
        wish = {"role": "operator", "reason": name, "where": {"clusters": "ids", "cluster_ids": [str(cluster)]}}
        ids["elevation"] = (await _post(member, "/api/v1/elevations", wish))["id"]
        email = member.by.email
    ids |= await _governed(owner, name, str(cluster))
    ids["drain"] = await _drain(hub, owner, cluster, name)
    ids["recording"] = await _recorded(hub, owner, cluster, name)
    ids |= await _agent(hub, owner, name)
    ids["record"] = (await owner.http.get("/api/v1/audit", params={"limit": 1})).json()["items"][0]["id"]
    return _world(name, ids, email)


async def build_cluster(hub: Hub, org: UUID, name: str) -> World:
    """A cluster with what runs in it, and nothing else."""
    cluster = await register(hub, org, name)
    await _inventory(hub, org, cluster, name)
    ids = {**{kind: str(uuid4()) for kind in IDS}, "cluster id": str(cluster)}
    return _world(name, ids, f"{name}@example.com")


def absent() -> World:
    """As a world is named, but nothing of it is there."""
    name = word()
    return _world(name, {kind: str(uuid4()) for kind in IDS}, f"{name}@example.com")


IDS = (
    "session", "token", "view", "member", "org", "cluster id", "elevation", "export", "passkey", "role", "team",
    "grant", "invitation", "account", "service token", "stream", "provider", "record", "drain", "recording",
    "agent token", "agent",
)  # fmt: skip


def _world(name: str, ids: dict[str, str], email: str) -> World:
    """What there is, with the cluster told by its name, and by its id."""
    assert set(ids) == set(IDS)
    known = {"email": email, "audited": f"members/{ids['member']}", "subject": f"user/{ids['member']}"}
    common = {**_texts(name), **ids, **known}
    by_name = {**common, "cluster": name, "resource": f"{name}s.{name}.example"}
    address = f"/clusters/{ids['cluster id']}/objects/pods/{name}"
    return World(name, (by_name, {**common, "cluster": ids["cluster id"], "resource": "pods", "address": address}))


async def _own(hub: Hub, person: Person, name: str) -> dict[str, str]:
    """What is a person's own."""
    token = await _post(person, "/api/v1/tokens", {"name": name})
    view = await _post(person, "/api/v1/views", {"name": name, "address": f"/pods?q={name}"})
    export = await _post(person, "/api/v1/me/exports", {})
    session = (await person.http.get("/api/v1/sessions")).json()["items"][0]["id"]
    async with hub.house.db.transaction(person.by.org_id) as tx:
        made = await factors.insert_passkey(
            tx, person.by.user_id, name=name, credential_id=name.encode(), public_key=b"none", counted=(0, False)
        )
    assert made
    ids = {"token": token, "view": view, "export": export}
    return {"session": session, "passkey": str(made.id)} | {kind: each["id"] for kind, each in ids.items()}


async def _recorded(hub: Hub, person: Person, cluster: UUID, name: str) -> str:
    """A session in a container."""
    id_ = uuid4()
    async with hub.house.db.transaction(person.by.org_id) as tx:
        place = f"terminal_recordings/command/{id_}"
        recording = {
            "id": id_,
            "cluster_id": cluster,
            "cluster_name": name,
            "namespace": name,
            "pod": name,
            "container": name,
            "command": await hub.house.vault.seal(tx, msgspec.json.encode([name]), purpose=place),
            "user_id": person.by.user_id,
            "way": "page",
            "terminal": True,
        }
        await terminals.insert(tx, recording)
    return str(id_)


async def _agent(hub: Hub, owner: Person, name: str) -> dict[str, str]:
    """A token for an agent, and an agent that waits."""
    token = await _post(owner, "/api/v1/agent-tokens", {"name": name})
    values = {"token_id": token["id"], "public": os.urandom(32), "version": name, "kubernetes": "", "identity": ""}
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        agent = await agents.insert(tx, values)
    return {"agent token": token["id"], "agent": str(agent)}


async def _governed(owner: Person, name: str, cluster: str) -> dict[str, str]:
    """Who is who, who may what, and where the audit goes."""
    role = await _post(owner, "/api/v1/roles", {"name": name, "permissions": ["inventory:read"]})
    team = await _post(owner, "/api/v1/teams", {"name": name})
    where = {"clusters": "ids", "cluster_ids": [cluster], "namespaces": [name]}
    wish = {"subject": {"kind": "team", "id": team["id"]}, "role": role["id"], "where": where, "reason": name}
    grant = await _post(owner, "/api/v1/grants", wish)
    invited = await _post(owner, "/api/v1/invitations", {"email": f"guest-{name}@example.com"})
    account = await _post(owner, "/api/v1/service-accounts", {"name": name})
    token = await _post(owner, f"/api/v1/service-accounts/{account['id']}/tokens", {"name": name})
    address = f"https://{name}.example"
    stream = await _post(owner, "/api/v1/audit/streams", {"name": name, "kind": "webhook", "address": address})
    provider = {"name": name, "issuer": address, "client_id": name, "client_secret": name}
    issuer = await _post(owner, "/api/v1/identity-providers", provider)
    assert (await owner.http.put("/api/v1/sign-in-address", json={"slug": name})).status_code == 200
    ids = {"role": role, "team": team, "grant": grant, "account": account, "provider": issuer}
    more = {"invitation": invited, "service token": token, "stream": stream["stream"]}
    return {kind: each["id"] for kind, each in (ids | more).items()}


async def _drain(hub: Hub, owner: Person, cluster: UUID, name: str) -> str:
    """A drain of a node; the cluster does not answer, so it could not be ordered over the API."""
    drain_id = uuid4()
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        operation = await operations.start(tx, "drain", {"drain": str(drain_id)}, by=owner.by.user_id)
        new = NewDrain(
            cluster_id=cluster, operation_id=operation, options=Options(), by=owner.by.user_id, held=(), nodes=(name,)
        )
        await drains.insert(tx, drain_id, new)
    return str(drain_id)


def _texts(name: str) -> dict[str, str]:
    return {
        "object": name,
        "namespace": name,
        "text": name,
        "slug": name,
        "service role": "viewer",
        "selector": f"{name}={name}",
        "chosen": "all",
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
        await tx.execute("update clusters set labels = %s where id = %s", [Jsonb({name: name}), cluster])
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
