"""An object edited in the browser: offers while one types, the difference, whose fields change, and the deed."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import Visitor
from e2e.browser.fleet import cluster
from e2e.browser.pages import ALIVE
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually

SLOW = 20_000  # ms: what comes from the cluster, over the hub

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


@pytest.fixture
def name(hub: Hub) -> str:
    """A deployment whose replicas flux applies."""
    name = f"edited-{uuid4().hex[:6]}"
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
    }
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template},
    }
    words = ("apply", "--server-side", "--field-manager=flux", "-f", "-")
    cluster(hub, ALIVE).kubectl(*words, stdin=json.dumps(made))
    eventually(lambda: bool(hub.get("/objects/deployments.apps", q=f"name:{name}")["items"]), seconds=30)
    return name


def spec(there: Cluster, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(there.kubectl("get", "deployment", name, "-o", "json"))["spec"]
    return found


def open_editor(page: Page, hub: Hub, name: str) -> None:
    """By what the object's page offers."""
    page.goto(f"/clusters/{hub.cluster(ALIVE)['id']}/objects/deployments.apps/{name}?namespace=default")
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible(timeout=SLOW)


def go_to(page: Page, text: str) -> None:
    """The end of the first line that holds a text."""
    page.locator(".cm-line", has_text=text).first.click()
    expect(page.locator(".cm-activeLine")).to_contain_text(text)
    page.keyboard.press("End")


def test_from_the_object_over_the_difference_to_the_deed(page: Page, hub: Hub, name: str) -> None:
    there = cluster(hub, ALIVE)
    open_editor(page, hub, name)
    go_to(page, "spec:")
    page.keyboard.type("\nminR")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("minReadySeconds", timeout=SLOW)
    page.wait_for_timeout(200)  # for 75 ms the editor takes no Enter for what it has only just offered
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_have_text("  minReadySeconds: ", use_inner_text=True)
    page.keyboard.type("9")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Review changes of {name}", timeout=SLOW)
    expect(page.locator(".diff .added")).to_contain_text(["minReadySeconds: 9"])
    assert "minReadySeconds" not in spec(there, name)
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator(".cm-mergeView")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(rf"/{name}\?namespace=default$"), timeout=SLOW)
    assert spec(there, name)["minReadySeconds"] == 9


def test_whose_fields_change_is_shown_and_left_or_taken_over(page: Page, hub: Hub, name: str) -> None:
    there = cluster(hub, ALIVE)
    open_editor(page, hub, name)
    go_to(page, "replicas: 1")
    page.keyboard.type("2")
    page.get_by_role("button", name="Review changes").click()
    expect(page.locator("main")).to_contain_text("Others own what would change", timeout=SLOW)
    expect(page.locator("main")).to_contain_text("flux")
    expect(page.locator("main")).to_contain_text(".spec.replicas")
    page.get_by_role("button", name="Leave theirs as they are").click()
    expect(page.locator("main")).to_contain_text("Nothing differs.", timeout=SLOW)
    page.go_back()
    page.get_by_role("button", name="Take over and apply").click()
    expect(page).to_have_url(re.compile(rf"/{name}\?namespace=default$"), timeout=SLOW)
    assert spec(there, name)["replicas"] == 12


def test_a_mistake_is_shown_in_its_line(visitor: Visitor, page: Page, hub: Hub, name: str) -> None:
    open_editor(page, hub, name)
    go_to(page, "replicas: 1")
    page.keyboard.press("Home")
    page.keyboard.type("replicas: 4\n")
    page.get_by_role("button", name="Review changes").click()
    expect(page.locator("main .notice.bad:not(.silent)")).to_contain_text("stands twice", timeout=SLOW)
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    visitor.complaints.clear()  # Chromium notes the 422


def test_rows_of_a_list_are_done_something_to(page: Page, hub: Hub, name: str) -> None:
    page.goto(f"/workloads/deployments.apps?q=name:{name}")
    page.get_by_role("checkbox", name=f"Select {name}").check()
    page.locator("[data-selection]").get_by_role("button", name="Actions").click()
    page.get_by_role("button", name="Label", exact=True).click()
    page.get_by_role("textbox", name="Labels").fill("checked=yes")
    page.get_by_role("button", name="Label", exact=True).click()
    expect(page.locator("main")).to_contain_text("Done", timeout=SLOW)
    made = json.loads(cluster(hub, ALIVE).kubectl("get", "deployment", name, "-o", "json"))
    assert made["metadata"]["labels"] == {"checked": "yes"}
