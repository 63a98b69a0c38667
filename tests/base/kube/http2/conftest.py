"""These servers offer HTTP/2, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.base.kube.apiserver import MULTIPLEXED


@pytest.fixture(autouse=True)
def multiplexed() -> Iterator[None]:
    token = MULTIPLEXED.set(True)
    yield
    MULTIPLEXED.reset(token)
