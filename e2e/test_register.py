"""A kubeconfig is given, and what is wrong with it is said exactly."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from e2e.conftest import NewPlane
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually, free_port


def test_the_command_line_registers_every_context_of_merged_kubeconfigs(hub: Hub, clusters: list[Cluster]) -> None:
    files = ":".join(dict.fromkeys(str(cluster.kubeconfig) for cluster in clusters))
    done = hub.cli("clusters", "register", "--all", KUBECONFIG=files)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {cluster["name"] for cluster in hub.get("/clusters")["items"]}
    assert names >= {cluster.context for cluster in clusters}


def test_a_registered_cluster_is_on_screen_within_ten_seconds(hub: Hub, fleet: list[Cluster]) -> None:
    for cluster in fleet:
        eventually(partial(_shows_namespaces, hub, cluster.context), seconds=10)
        shown = hub.cluster(cluster.context)
        assert shown["health"] == "healthy", shown["health_reason"]
        assert shown["version"].startswith("v1."), shown


@pytest.mark.upsets
class TestWhatIsWrongIsSaid:
    """Each fault of a cluster's address or credentials has its own sentence and its own cure."""

    def test_nothing_listens_there(self, hub: Hub, new_plane: NewPlane) -> None:
        plane = new_plane("wrong-port", controllers=False)
        text = plane.kubeconfig_text().replace(plane.server, f"https://127.0.0.1:{free_port()}")
        assert "refused" in _complaint(hub, text, plane)

    def test_another_authority_signed_the_certificate(self, hub: Hub, new_plane: NewPlane) -> None:
        plane = new_plane("wrong-ca", controllers=False)
        text = plane.kubeconfig_text()
        plane.rotate_server_certificate(authority=True)
        assert "certificate" in _complaint(hub, text, plane)

    def test_the_certificate_has_expired(self, hub: Hub, new_plane: NewPlane) -> None:
        plane = new_plane("expired", controllers=False)
        plane.rotate_server_certificate(expired=True)
        assert "expired" in _complaint(hub, plane.kubeconfig_text(), plane)

    def test_the_token_is_not_known(self, hub: Hub, new_plane: NewPlane) -> None:
        plane = new_plane("wrong-token", controllers=False)
        text = plane.kubeconfig_text(certificate=False).replace(plane.token, "a-token-of-yesterday")
        assert "401" in _complaint(hub, text, plane)

    def test_the_missing_rights_are_named(self, hub: Hub, new_plane: NewPlane) -> None:
        plane = new_plane("no-rights", controllers=False)
        assert "pods" in _complaint(hub, plane.kubeconfig_text(user="nobody-special"), plane)


@pytest.mark.upsets
def test_the_least_privilege_manifest_is_enough(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("least")
    manifest = hub.ask("GET", "/manifests/view").text
    plane.kubectl("apply", "-f", "-", stdin=manifest)
    account = _service_account(plane)
    token = plane.kubectl("create", "token", account["name"], "-n", account["namespace"], "--duration=1h").strip()
    hub.post("/clusters", {"name": "least", "server": plane.server, "ca": plane.ca, "token": token})
    eventually(lambda: bool(hub.objects("namespaces", cluster="least")), seconds=15)
    hub.call("DELETE", f"/clusters/{hub.cluster('least')['id']}")


def _shows_namespaces(hub: Hub, cluster: str) -> bool:
    return bool(hub.objects("namespaces", cluster=cluster))


def _complaint(hub: Hub, kubeconfig: str, plane: ControlPlane) -> str:
    body = {"kubeconfig": kubeconfig, "context": plane.context}
    checks: dict[str, Any] = hub.post("/cluster-checks", body)
    assert not checks["ok"], checks
    failed = next(check for check in checks["checks"] if not check["ok"])
    assert failed["cure"], failed
    assert hub.ask("POST", "/clusters", json=body).status_code == 422
    return json.dumps(checks)


def _service_account(plane: ControlPlane) -> dict[str, str]:
    accounts = plane.get("serviceaccounts")
    found: dict[str, str] = next(a["metadata"] for a in accounts if "basefly" in a["metadata"]["name"])
    return found
