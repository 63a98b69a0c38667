"""The real kubectl for what is below a pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from basefly.sim import Cluster
from tests.sim.test_clients import Kubectl


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster, tmp_path)
