"""What these tests share: a cluster that lets the hub's people in."""

from __future__ import annotations

import subprocess

import pytest

from e2e.plane.cluster import kubectl_binary
from tests.cli.shell import Shell
from tests.cli.world import World


@pytest.fixture
def let_in(mia: Shell, world: World) -> None:
    """The cluster sim-1 has the manifest that the hub hands out."""
    command = [kubectl_binary(), "--kubeconfig", str(world.kubeconfig), "--context", "sim-1", "apply", "-f", "-"]
    manifest = mia.done("kubeconfig-manifest").out
    subprocess.run(command, input=manifest, text=True, check=True, timeout=60, capture_output=True)
