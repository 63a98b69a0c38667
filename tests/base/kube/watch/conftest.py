"""Watches are followed by both protocols, and nobody may notice which."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.base.kube.apiserver import MULTIPLEXED


@pytest.fixture(autouse=True, params=[False, True], ids=["http1", "http2"])
def protocol(request: pytest.FixtureRequest) -> Iterator[None]:
    """The servers of a test speak this one."""
    token = MULTIPLEXED.set(request.param)
    yield
    MULTIPLEXED.reset(token)
