"""The manifests give what their profile needs, and no more."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from basefly.core.clusters import manifest
from tests.people import Person


def rules(profile: str) -> list[dict[str, Any]]:
    objects = [o for o in yaml.safe_load_all(manifest.render(profile)) if o["kind"] == "ClusterRole"]
    return [rule for o in objects for rule in o["rules"]]


@pytest.mark.parametrize("profile", list(manifest.SAYS))
def test_it_is_an_account_with_a_token_bound_to_its_roles(profile: str) -> None:
    objects = {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(manifest.render(profile))}
    name = f"basefly-{profile}"
    secret = objects["Secret", f"{name}-token"]
    assert secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] == name
    assert ("ServiceAccount", name) in objects
    for (kind, _), o in objects.items():
        if kind == "ClusterRoleBinding":
            assert o["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": manifest.NAMESPACE}]
            assert ("ClusterRole", o["roleRef"]["name"]) in objects or o["roleRef"]["name"] == "cluster-admin"


def test_view_changes_nothing_and_reads_no_secrets() -> None:
    for rule in rules("view"):
        asks = rule.get("resources") == ["subjectaccessreviews"]
        assert set(rule["verbs"]) <= ({"create"} if asks else {"get", "list", "watch"})
        if "" in rule.get("apiGroups", ()):
            assert not {"*", "secrets", "pods/exec", "serviceaccounts/token"} & set(rule["resources"])
        assert "*" not in rule.get("apiGroups", ())


def test_operate_cannot_raise_its_own_rights() -> None:
    for rule in rules("operate"):
        if set(rule["verbs"]) - {"get", "list", "watch"}:
            assert "rbac.authorization.k8s.io" not in rule["apiGroups"]
            assert not {"secrets", "serviceaccounts", "*"} & set(rule["resources"])
            assert not {"impersonate", "escalate", "bind", "*"} & set(rule["verbs"])


async def test_it_is_handed_out(owner: Person) -> None:
    answer = await owner.http.get("/api/v1/manifests/view")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert answer.text == manifest.render("view")
    assert (await owner.http.get("/api/v1/manifests/root")).status_code == 404
