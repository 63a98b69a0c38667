"""Every page in a real Chromium, at three widths in both themes: no axe finding, no complaint, no sideways scroll."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from e2e.browser import THEMES, WIDTHS, Visitor
from e2e.hub import Hub

pytestmark = pytest.mark.browser
EMPTY = "/ /clusters /connect /pods /workloads /images /namespaces /events /objects /search?q=web /settings".split()
FULL = """
/ /clusters /clusters?health=unreachable /clusters/{alive} /clusters/{dead} /connect
/nodes /pods /events /workloads /workloads?group=app /workloads?q=no-such-one /images /namespaces {namespace} {graph}
/workloads/deployments.apps /objects /objects/secrets /objects/namespaces
/objects/horizontalpodautoscalers.autoscaling /objects/no-such-kind /pods?cluster=alive&sort=-name /pods?q=no-such-pod
/pods?labels=a=b,,c /search?q=a /settings /gallery {pod} {deployment} {secret} {node}
""".split()
REFUSED = {"/objects/no-such-kind", "/pods?labels=a=b,,c"}  # pages that say what is wrong, with the status to match

every_view = pytest.mark.parametrize(("width", "theme"), [(width, theme) for width in WIDTHS for theme in THEMES])


@every_view
def test_an_empty_hub_has_no_fault(browser: Browser, empty_hub: Hub, width: int, theme: str) -> None:
    with Visitor(browser, empty_hub, width=width, theme=theme) as someone:
        found = {"/sign-in": someone.faults("/sign-in")}
        someone.sign_in()
        found |= {path: someone.faults(path) for path in EMPTY}
    assert {path: faults for path, faults in found.items() if faults} == {}


@every_view
def test_a_hub_with_a_live_and_a_dead_cluster_has_no_fault(browser: Browser, hub: Hub, width: int, theme: str) -> None:
    places = _places(hub)
    with Visitor(browser, hub, width=width, theme=theme) as someone:
        someone.sign_in()
        found = {path: someone.faults(path.format(**places), refused=path in REFUSED) for path in FULL}
    assert {path: faults for path, faults in found.items() if faults} == {}


def _places(hub: Hub) -> dict[str, str]:
    """Paths of one object of several kinds, and the ids of the clusters."""
    clusters = {name: hub.cluster(name)["id"] for name in ("alive", "dead")}
    objects = {"pod": "pods", "deployment": "deployments.apps", "secret": "secrets", "node": "nodes"}
    paths = {name: _path(hub, clusters["alive"], resource) for name, resource in objects.items()}
    graph = paths["deployment"].replace("?", "/graph?")
    namespace = f"/clusters/{clusters['alive']}/namespaces/{hub.objects('deployments.apps')[0]['namespace']}"
    return clusters | paths | {"graph": graph, "namespace": namespace}


def _path(hub: Hub, cluster: str, resource: str) -> str:
    row = hub.objects(resource, cluster=cluster)[0]
    namespace = f"?namespace={row['namespace']}" if row["namespace"] else ""
    return f"/clusters/{cluster}/objects/{resource}/{row['name']}{namespace}"
