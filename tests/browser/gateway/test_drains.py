"""A drain driven in the browser: from the node's page, over what holds it back, to its end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import Visitor
from e2e.browser.fleet import cluster, pod
from e2e.hub import Hub

pytestmark = pytest.mark.browser


@pytest.fixture
def node(hub: Hub) -> Iterator[str]:
    """A node with a pod that no controller has and a budget holds back, both of its name."""
    name = f"spare-{uuid4().hex[:6]}"
    alive = cluster(hub, "alive")
    held = json.loads(pod(name, app=name))
    held["spec"]["nodeName"] = name
    guard = {"selector": {"matchLabels": {"app": name}}, "minAvailable": 1}
    made = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": guard},
        held,
    ]
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    alive.kubectl("create", "--validate=false", "-f", "-", stdin=listing)
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    alive.set_status("pods", "default", name, ready)
    yield name
    alive.kubectl("delete", "node", name)


def order(visitor: Visitor, hub: Hub, node: str) -> Page:
    """From the page of the node to the drain, which needs a word first."""
    page = visitor.page
    page.goto(f"{hub.url}/clusters/{hub.cluster('alive')['id']}/objects/nodes/{node}")
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("link", name="Drain", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Drain {node}")
    expect(page.get_by_role("row", name=re.compile(node))).to_contain_text("Needs your word")
    page.get_by_label("Evict pods without a controller").check()
    page.get_by_label("Uncordon when the drain is cancelled").check()
    page.get_by_role("button", name="Drain", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Drain of {node}")
    expect(page.get_by_role("region", name="Held back")).to_contain_text(f"The budget {node}", timeout=20_000)
    return page


def cordoned(hub: Hub, node: str) -> bool:
    (found,) = [each for each in cluster(hub, "alive").get("nodes") if each["metadata"]["name"] == node]
    return bool(found["spec"].get("unschedulable"))


def test_it_goes_on_as_soon_as_the_budget_lets_it(visitor: Visitor, hub: Hub, node: str) -> None:
    page = order(visitor, hub, node)
    assert cordoned(hub, node)
    cluster(hub, "alive").kubectl("delete", "pdb", node, "-n", "default")
    expect(page.get_by_role("region", name="State")).to_contain_text("Done", timeout=60_000)
    expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute("aria-valuenow", "1")
    expect(page.get_by_role("region", name="Held back")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel the drain")).to_have_count(0)


def test_it_is_cancelled_and_the_node_is_let_go(visitor: Visitor, hub: Hub, node: str) -> None:
    page = order(visitor, hub, node)
    page.get_by_role("button", name="Cancel the drain").click()
    expect(page.get_by_role("region", name="State")).to_contain_text("Cancelled", timeout=60_000)
    assert not cordoned(hub, node)
