"""A hub with two simulated clusters, one of them dead, and a Chromium to look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from e2e.browser import Visitor, chromium
from e2e.browser.fleet import fleet
from e2e.hub import Hub


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def empty_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub as its owner first sees it."""
    with Hub.start(tmp_path_factory.mktemp("empty")) as hub:
        yield hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that follows one cluster, and another that has died."""
    with fleet(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, hub: Hub) -> Iterator[Visitor]:
    """The owner, signed in, who has nothing to complain of in the end."""
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        yield someone
    assert someone.complaints == []
