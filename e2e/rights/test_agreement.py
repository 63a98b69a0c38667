"""Whom a cluster lets see what: the hub's own account of it, against SubjectAccessReview of a real API server.

2,000 random pairs of a person and an object agree, before and after 200 random changes of roles and bindings. What a
person sees is asked of the hub itself, over HTTP, and the cluster is asked about each pair.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.core.rights.reviews import Question, ask, question
from e2e.conftest import NewPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually

PAIRS, CHANGES, SEED = 2000, 200, 6
PEOPLE = {"ada": "viewer", "bo": "viewer", "cy": "operator", "di": "admin"}
IN_SHOP = {"bo": "developer"}  # and this over one namespace, where clusters see more groups of them
NAMESPACES = ("shop", "bank", "lab")
NAMES = ("a", "b", "c")
RBAC = "rbac.authorization.k8s.io"
VIEWED = (
    "configmaps", "secrets", "serviceaccounts", "services", "namespaces", "deployments.apps", "persistentvolumes",
    f"roles.{RBAC}", f"rolebindings.{RBAC}", f"clusterroles.{RBAC}", f"clusterrolebindings.{RBAC}",
)  # fmt: skip
GROUPS = ("basefly:view", "basefly:edit", "basefly:exec", "basefly:secrets", "basefly:admin")
RESOURCES = (
    ["configmaps"], ["secrets", "services"], ["deployments"], ["namespaces"], ["*"], ["pods/log"], ["*/status"],
    ["roles", "rolebindings"], ["clusterroles"], ["serviceaccounts", "configmaps"],
)  # fmt: skip
OF_ROLES = {"viewer": GROUPS[:1], "developer": GROUPS[:4], "operator": GROUPS[:4], "admin": GROUPS}
PASSWORD = "nine otters under the bridge"

Object = dict[str, Any]
Path = tuple[str, str, str]


class Member(NamedTuple):
    """Someone at the hub, with a token, and as whom clusters know them: everywhere, and in the namespace shop."""

    token: str
    user: str
    groups: tuple[str, ...]
    in_shop: tuple[str, ...]

    def about(self, resource: str, namespace: str, name: str) -> Question:
        """Whether they may get an object."""
        place = name if resource == "namespaces" else namespace
        return question(self.user, self.in_shop if place == "shop" else self.groups, resource, namespace, name)


def things() -> list[Object]:
    """Objects of several kinds, alike in each namespace."""
    found: list[Object] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": each}} for each in NAMESPACES]
    for namespace in NAMESPACES:
        for name in NAMES:
            meta = {"name": name, "namespace": namespace}
            found += [
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta},
                {"apiVersion": "v1", "kind": "Secret", "metadata": meta},
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
                {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]}},
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": meta,
                    "spec": {
                        "replicas": 0,
                        "selector": {"matchLabels": {"app": name}},
                        "template": {
                            "metadata": {"labels": {"app": name}},
                            "spec": {"containers": [{"name": "app", "image": "app:1"}]},
                        },
                    },
                },
            ]
    return found


def rule(dice: random.Random) -> Object:
    """A rule, of every sort: with stars, of subresources, of single names, of verbs that do not read."""
    told: Object = {
        "verbs": dice.choice([["get"], ["get", "list", "watch"], ["*"], ["list"], ["create", "get"], ["delete"]]),
        "apiGroups": dice.choice([[""], ["apps"], ["", "apps"], [RBAC], ["*"]]),
        "resources": dice.choice(RESOURCES),
    }
    if dice.random() < 0.4:
        told["resourceNames"] = dice.sample([*NAMES, *NAMESPACES], dice.randint(1, 3))
    return told


def role(dice: random.Random, number: int) -> Object:
    """A role in a namespace, or for the whole cluster."""
    namespace = dice.choice([None, *NAMESPACES])
    meta: Object = {"name": f"r{number}"} | ({"namespace": namespace} if namespace else {})
    kind = "Role" if namespace else "ClusterRole"
    rules = [rule(dice) for _ in range(dice.randint(1, 2))]
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": meta, "rules": rules}


def binding(dice: random.Random, number: int, role: Object, members: list[Member], org: str) -> Object:
    """A binding of a role to some people, groups and accounts."""
    namespace = role["metadata"].get("namespace") or dice.choice([None, *NAMESPACES])
    subjects = [
        {"apiGroup": RBAC, "kind": "User", "name": dice.choice(members).user},
        {
            "apiGroup": RBAC,
            "kind": "Group",
            "name": dice.choice([*GROUPS, "system:authenticated", f"basefly:org:{org}", "others"]),
        },
        {"kind": "ServiceAccount", "name": "a", "namespace": "shop"},
    ]
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": f"b{number}"} | ({"namespace": namespace} if namespace else {}),
        "roleRef": {"apiGroup": RBAC, "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": dice.sample(subjects, dice.randint(1, 2)),
    }


@pytest.fixture
def upset(new_plane: NewPlane, hub: Hub) -> Iterator[Cluster]:
    """A cluster of this test's own, registered, in an organization that wants the clusters' rules to count."""
    plane = new_plane("rights", controllers=False)
    plane.apply(*things())
    hub.register(plane, name="rights")
    hub.call("PUT", "/rights", json={"choice": "clusters"})
    yield plane
    hub.call("PUT", "/rights", json={"choice": "hub"})
    hub.call("DELETE", f"/clusters/{hub.cluster('rights')['id']}")


@pytest.mark.upsets
def test_the_hub_and_the_cluster_agree(hub: Hub, upset: Cluster) -> None:
    dice = random.Random(SEED)  # noqa: S311  # the same on every run, and no secret
    org = hub.get("/me")["organization"]["id"]
    members = [join(hub, name, org) for name in PEOPLE]
    roles = [role(dice, number) for number in range(40)]
    bindings = [binding(dice, number, dice.choice(roles), members, org) for number in range(60)]
    upset.apply(*roles, *bindings)
    compared = agree(hub, upset, dice, members)
    assert 0.05 < compared < 0.95, "almost all or nothing is allowed: that compares little"
    change(upset, dice, roles, bindings, members, org)
    compared = agree(hub, upset, dice, members)
    assert 0.05 < compared < 0.95


def join(hub: Hub, name: str, org: str) -> Member:
    """A new member of the organization."""
    role, email = PEOPLE[name], f"{name}@example.com"
    made = hub.post("/members", {"email": email, "name": name, "password": PASSWORD, "role": role})
    more = IN_SHOP.get(name, role)
    if more != role:
        subject, where = {"kind": "user", "id": made["id"]}, {"namespaces": ["shop"]}
        hub.post("/grants", {"subject": subject, "role": more, "where": where})
    with httpx.Client(base_url=f"{hub.url}/api/v1", headers={"Origin": hub.url}) as browser:
        browser.post("/sessions", json={"email": email, "password": PASSWORD}).raise_for_status()
        token = browser.post("/tokens", json={"name": "rights"}).raise_for_status().json()["token"]
    everybody = f"basefly:org:{org}"
    return Member(token, f"basefly:{made['id']}", (*OF_ROLES[role], everybody), (*OF_ROLES[more], everybody))


def change(
    cluster: Cluster, dice: random.Random, roles: list[Object], bindings: list[Object], members: list[Member], org: str
) -> None:
    """CHANGES random changes: rules of roles, subjects of bindings, and bindings that come and go."""
    for number in range(100, 100 + CHANGES):
        act = dice.choice(["rules", "subjects", "gone", "new"])
        if act == "rules":
            one = dice.choice(roles)
            one["rules"] = [rule(dice) for _ in range(dice.randint(1, 2))]
            cluster.apply(one)
        elif act == "subjects":
            one = dice.choice(bindings)
            one["subjects"] = binding(dice, number, roles[0], members, org)["subjects"]
            cluster.apply(one)
        elif act == "gone" and len(bindings) > 10:
            one = bindings.pop(dice.randrange(len(bindings)))
            place = ["-n", one["metadata"]["namespace"]] if "namespace" in one["metadata"] else []
            cluster.kubectl("delete", one["kind"].lower(), one["metadata"]["name"], *place)
        else:
            bindings.append(binding(dice, number, dice.choice(roles), members, org))
            cluster.apply(bindings[-1])


def agree(hub: Hub, cluster: Cluster, dice: random.Random, members: list[Member]) -> float:
    """Assert that the hub shows what the cluster allows, within ten seconds; returns how much of it is allowed."""
    objects = sorted(everything(cluster))
    pairs = [(dice.choice(members), dice.choice(objects)) for _ in range(PAIRS)]
    allowed = asyncio.run(asked(cluster, [member.about(*path) for member, path in pairs]))

    def differing() -> list[Path]:
        seen = {member: shown(hub, member) for member in members}
        return [
            (member.user, *path)  # type: ignore[misc]  # who, and what
            for (member, path), may in zip(pairs, allowed, strict=True)
            if (path in seen[member]) is not may
        ]

    eventually(lambda: not differing(), seconds=10)
    return sum(allowed) / len(allowed)


async def asked(cluster: Cluster, questions: list[Question]) -> list[bool]:
    """The cluster's own answers."""
    contexts = kubeconfig.read(cluster.kubeconfig.read_text())
    credentials = next(each.credentials for each in contexts if each.name == cluster.context)
    assert credentials is not None
    async with Client(credentials, private=True) as client:
        found = []
        for start in range(0, len(questions), 100):
            found += await ask(client, questions[start : start + 100])
        return found


def everything(cluster: Cluster) -> set[Path]:
    """Every object of the kinds that are looked at."""
    listed = json.loads(cluster.kubectl("get", ",".join(VIEWED), "-A", "-o", "json"))["items"]
    plurals = {each.split(".")[0].rstrip("s"): each for each in VIEWED}
    return {
        (plurals[each["kind"].lower()], each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for each in listed
    }


def shown(hub: Hub, member: Member) -> set[Path]:
    """What someone sees at the hub, of the cluster, kind by kind."""
    found: set[Path] = set()
    with httpx.Client(base_url=f"{hub.url}/api/v1", headers={"Authorization": f"Bearer {member.token}"}) as http:
        for resource in VIEWED:
            cursor: str | None = ""
            while cursor is not None:
                asked = {"cluster": "rights", "limit": "500", "cursor": cursor}
                page = http.get(f"/objects/{resource}", params=asked).raise_for_status().json()
                found |= {(resource, item["namespace"], item["name"]) for item in page["items"]}
                cursor = page.get("next")
    return found
