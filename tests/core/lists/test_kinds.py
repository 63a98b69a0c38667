"""The page of all kinds: Kubernetes' own are told from what was added to it, and each leads to its list."""

from __future__ import annotations

import re

import pytest

from basefly.core.lists.kinds import built_in
from tests.core.inventory.test_api import berlin
from tests.core.inventory.test_pages import page
from tests.people import Person, house, hub, listener, owner, port, stranger, viewer
from tests.sim.fixtures import cluster, fleet

__all__ = ["berlin", "cluster", "fleet", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.mark.parametrize(
    ("group", "own"),
    [
        ("", True),
        ("apps", True),
        ("networking.k8s.io", True),
        ("apiregistration.k8s.io", True),
        ("rbac.authorization.k8s.io", True),
        ("flowcontrol.apiserver.k8s.io", True),
        ("gateway.networking.k8s.io", False),
        ("cluster.x-k8s.io", False),
        ("cert-manager.io", False),
        ("example.com", False),
    ],
)
def test_what_is_kubernetes_own(group: str, own: bool) -> None:
    assert built_in(group) is own


@pytest.mark.usefixtures("berlin")
async def test_each_kind_stands_in_its_family(viewer: Person) -> None:
    text = await page(viewer, "/objects")
    families = dict(re.findall(r'<h2 id="family-\d+">([^<]+)</h2>.*?<ul class="kind-grid">(.*?)</ul>', text, re.DOTALL))
    assert {"Endpoints", "APIService", "IngressClass"} <= set(
        re.findall("<b>(.*?)</b>", families["Other built-in kinds"])
    )
    assert not re.search(r"<small>[^<]*\.k8s\.io</small>", families.get("Custom resources", ""))


@pytest.mark.usefixtures("berlin")
async def test_a_kind_with_a_page_in_the_menu_leads_there(viewer: Person) -> None:
    text = await page(viewer, "/objects")
    for path in ("/namespaces", "/events", "/nodes", "/pods"):
        assert f'<li><a href="{path}">' in text
