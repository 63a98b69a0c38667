"""The pages in a real Chromium, with real clusters behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from e2e.browser import Visitor, chromium
from e2e.conftest import NewPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster

SOON = 1000  # ms
CONNECTED = 10_000  # ms


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, hub: Hub) -> Iterator[Visitor]:
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        yield someone


@pytest.mark.upsets
def test_a_pasted_kubeconfig_is_a_cluster_on_screen_within_ten_seconds(visitor: Visitor, new_plane: NewPlane) -> None:
    plane = new_plane("pasted", controllers=False)
    page = visitor.page
    page.goto("/connect/access")
    page.get_by_label("Paste it").fill(plane.kubeconfig_text())
    page.get_by_role("button", name="Check and connect").click()
    page.wait_for_url("**/connect/verify/*-*", timeout=CONNECTED)
    expect(page.get_by_role("heading", name="pasted is connected")).to_be_visible()
    page.goto("/objects/namespaces?cluster=pasted")
    expect(page.get_by_role("row", name="kube-system")).to_be_visible(timeout=CONNECTED)


def test_a_pod_appears_changes_and_leaves_without_reload(visitor: Visitor, west: Cluster) -> None:
    page = visitor.page
    with west.namespace("page") as namespace:
        page.goto(f"/pods?cluster={west.context}&namespace={namespace}")
        west.kubectl("run", "visible", "-n", namespace, "--image=registry.example/visible:1")
        row = page.get_by_role("row").filter(has_text="visible")
        expect(row).to_be_visible(timeout=SOON)
        west.set_status("pod", namespace, "visible", {"phase": "Running", "podIP": "10.1.2.3"})
        expect(row).to_contain_text("Running", timeout=SOON)
        west.kubectl("delete", "pod", "visible", "-n", namespace, "--grace-period=0", "--force")
        expect(page.locator("tr.gone")).to_contain_text("visible", timeout=SOON)
        page.keyboard.press(".")
        expect(row).to_have_count(0)
    assert visitor.complaints == []
