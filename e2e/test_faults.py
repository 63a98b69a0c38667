"""The cluster is restarted, compacted, re-certified and locked down; the inventory follows, and says what it misses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psutil
import pytest
import yaml

from e2e.conftest import NewPlane
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.program import eventually
from e2e.population import populate
from e2e.truth import differences

pytestmark = pytest.mark.upsets
KNOWN = 30  # seconds until a dead cluster is known to be dead
BACK = 10  # seconds until a cluster that answers again is back
FEW = 4  # connections: of all watches one or two, and one each of the probes and of what else is asked now and then
IDLE = 75.0  # s; those that lists were read on are kept for 30 to 60 s


@contextmanager
def registered(hub: Hub, plane: ControlPlane, kubeconfig: str = "") -> Iterator[str]:
    """The plane in the hub while the block runs; yields its id."""
    body = {"kubeconfig": kubeconfig or plane.kubeconfig_text(), "context": plane.context, "name": plane.name}
    cluster = hub.post("/clusters", body)["id"]
    try:
        yield cluster
    finally:
        hub.call("DELETE", f"/clusters/{cluster}")


def test_the_api_server_is_restarted(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("restarted")
    populate(plane, namespaces=1)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        plane.apiserver.kill()
        eventually(lambda: hub.cluster(plane.name)["health"] == "unreachable", seconds=KNOWN)
        rows = hub.get("/objects/configmaps", cluster=plane.name, limit=5)
        assert rows["items"], "a dead cluster stays readable"
        assert [gap["cluster"]["name"] if isinstance(gap["cluster"], dict) else gap["name"] for gap in rows["missing"]]
        plane.start_apiserver()
        plane.kubectl("create", "configmap", "after-the-restart")
        eventually(lambda: hub.cluster(plane.name)["health"] == "healthy", seconds=BACK)
        assert differences(hub, plane) == []


def test_all_watches_of_a_cluster_share_a_few_connections(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("shared")
    populate(plane, namespaces=1)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        eventually(lambda: 1 <= _connections(hub, plane) <= FEW, seconds=IDLE)
        assert _watched(plane) > 10 * FEW

        plane.restart_apiserver()
        plane.kubectl("create", "configmap", "after-the-restart")
        assert differences(hub, plane, seconds=30) == []
        eventually(lambda: 1 <= _connections(hub, plane) <= FEW, seconds=IDLE)


def test_etcd_is_compacted_while_the_hub_is_away(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("compacted")
    populate(plane, namespaces=1)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        hub.program.kill()
        plane.kubectl("delete", "configmap", "settings", "-n", "shop-0")
        plane.kubectl("create", "configmap", "settings", "-n", "shop-0", "--from-literal=other=1")
        for number in range(20):
            plane.kubectl("create", "configmap", f"while-away-{number}")
        plane.compact_etcd()
        plane.restart_apiserver()
        before = len(plane.audit_log())
        hub.begin()
        assert differences(hub, plane) == []
        gone = [e for e in plane.audit_log(after=before) if e.by_basefly and e.response_status.code == 410]
        relisted = [e for e in plane.audit_log(after=before) if e.by_basefly and e.lists]
        assert gone or relisted, "the stored versions were too old, and were noticed"


def test_the_server_certificate_is_rotated(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("rotated")
    populate(plane, namespaces=1)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        plane.rotate_server_certificate()
        plane.kubectl("create", "configmap", "after-the-rotation")
        eventually(lambda: hub.cluster(plane.name)["health"] == "healthy", seconds=BACK)
        assert differences(hub, plane) == []


def test_a_new_authority_is_named_as_the_cause_and_new_credentials_cure_it(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("reissued")
    populate(plane, namespaces=1)
    with registered(hub, plane) as cluster:
        assert differences(hub, plane) == []
        plane.rotate_server_certificate(authority=True)
        eventually(lambda: "certificate" in hub.cluster(plane.name)["health_reason"].lower(), seconds=KNOWN)
        body = {"kubeconfig": plane.kubeconfig_text(), "context": plane.context}
        hub.call("PUT", f"/clusters/{cluster}/credentials", json=body)
        eventually(lambda: hub.cluster(plane.name)["health"] == "healthy", seconds=BACK)
        assert differences(hub, plane) == []


def test_reduced_rights_are_said_and_restored_rights_are_used(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("reduced")
    populate(plane, namespaces=1)
    plane.kubectl("create", "clusterrole", "sees", "--verb=get,list,watch", "--resource=*.*")
    plane.kubectl("create", "clusterrolebinding", "sees", "--clusterrole=sees", "--user=robot")
    with registered(hub, plane, plane.kubeconfig_text(user="robot")):
        assert differences(hub, plane) == []
        plane.kubectl("delete", "clusterrole", "sees")
        plane.kubectl("create", "clusterrole", "sees", "--verb=get,list,watch", "--resource=pods,nodes,namespaces")
        plane.restart_apiserver()  # open watches outlive a right; this ends them
        eventually(_missing(hub, plane, "secrets"), seconds=KNOWN)
        plane.kubectl("delete", "clusterrole", "sees")
        plane.kubectl("create", "clusterrole", "sees", "--verb=get,list,watch", "--resource=*.*")
        assert differences(hub, plane, seconds=90) == []
        eventually(lambda: not _missing(hub, plane, "secrets")(), seconds=90)


def _missing(hub: Hub, plane: ControlPlane, resource: str) -> Callable[[], bool]:
    """Whether the list of this kind says that the cluster's part of it is not to be had."""
    return lambda: bool(hub.get(f"/objects/{resource}", cluster=plane.name, limit=1)["missing"])


def _connections(hub: Hub, plane: ControlPlane) -> int:
    """How many sockets of the hub's processes lead to the API server."""
    port = urlsplit(yaml.safe_load(plane.kubeconfig_text())["clusters"][0]["cluster"]["server"]).port
    root = psutil.Process(hub.program.pid)
    count = 0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one that served a moment ago
            held = process.net_connections("tcp")
            count += sum(each.status == psutil.CONN_ESTABLISHED and each.raddr.port == port for each in held)
    return count


def _watched(plane: ControlPlane) -> int:
    """How many kinds the hub has asked to watch."""
    asked = plane.audit_log()
    return len({entry.object_ref.resource for entry in asked if entry.by_basefly and entry.verb == "watch"})
