"""kill -9 of the hub at any moment: the inventory equals the cluster again, and only what changed is listed again."""

from __future__ import annotations

import random
import time

import pytest

from e2e.conftest import NewPlane
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.audit_log import Entry
from e2e.plane.program import eventually
from e2e.population import populate
from e2e.test_faults import registered
from e2e.truth import differences

pytestmark = pytest.mark.upsets
FIRST_SYNC_KILLS = 5
STEADY_KILLS = 4
RESUMED = 25  # seconds until the lease of the killed hub is over and every watch goes on
ONE_BY_NAME = "fieldSelector=metadata.name"  # is it still the same cluster?
moments = random.Random(2)  # noqa: S311 - moments of death, no secrets; the same in every run


def test_killed_during_the_first_sync(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("first-sync")
    populate(plane, namespaces=4, config_maps=200)
    with registered(hub, plane):
        for _ in range(FIRST_SYNC_KILLS):
            time.sleep(moments.uniform(0, 0.6))
            hub.program.kill()
            hub.begin()
        assert differences(hub, plane, seconds=30) == []


def test_killed_while_the_world_moves(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("steady")
    populate(plane, namespaces=2)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        for number in range(STEADY_KILLS):
            plane.kubectl("scale", "deployment", "deployment", "-n", "shop-0", f"--replicas={1 + 5 * (number % 2)}")
            time.sleep(moments.uniform(0, 0.4))
            hub.program.kill()
            plane.kubectl("delete", "configmap", f"many-{number}", "-n", "shop-1")
            plane.kubectl("create", "configmap", f"new-{number}", "-n", "shop-1")
            hub.begin()
        assert differences(hub, plane, seconds=30) == []


def test_an_unchanged_cluster_is_not_listed_again(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("unchanged")
    populate(plane, namespaces=1)
    with registered(hub, plane):
        assert differences(hub, plane) == []
        followed = {_kind(entry) for entry in _asked(plane, 0)}
        assert {"pods", "nodes", "deployments.apps", "secrets"} <= followed
        time.sleep(3)
        before = len(plane.audit_log())
        hub.program.kill()
        hub.begin()
        eventually(lambda: {_kind(entry) for entry in _asked(plane, before)} == followed, seconds=RESUMED)
        listed = [entry.request_uri for entry in _asked(plane, before) if entry.lists]
        assert [uri for uri in listed if ONE_BY_NAME not in uri] == []
        assert differences(hub, plane) == []


def _asked(plane: ControlPlane, before: int) -> list[Entry]:
    return [e for e in plane.audit_log(after=before) if e.by_basefly and (e.watches or e.lists)]


def _kind(entry: Entry) -> str:
    target = entry.object_ref
    return f"{target.resource}.{target.api_group}" if target.api_group else target.resource
