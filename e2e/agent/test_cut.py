"""The network of an agent is cut for half a minute: an open shell goes on, and no watch loses its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.agent.cut import survive, told
from e2e.agent.network import possible

CUT = 30.0  # s


@pytest.mark.skipif(not possible(), reason="networks of one's own need root, and the program ip")
async def test_a_shell_and_ten_watches_outlive_a_cut(tmp_path: Path) -> None:
    found = await survive(tmp_path, CUT)
    print(told(found))  # noqa: T201  # the figures
    assert (found.relists, found.sessions) == (0, 1)
    assert max(found.shell_after, found.watches_after) < 40
