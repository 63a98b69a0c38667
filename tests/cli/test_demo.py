"""The demo: a hub with twelve clusters that live, from one command, and nothing left of it afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from e2e.demo import Demo

PODS = 1300  # about what they have together: scenarios make more of them or fewer


def pods(hub: httpx.Client) -> int:
    return sum(cluster["pods"] for cluster in hub.get("/api/v1/overview").json()["clusters"])


def test_twelve_clusters_are_seen_whole_and_are_gone_afterwards(tmp_path: Path) -> None:
    with Demo.start(tmp_path) as demo, demo.session() as hub:
        clusters = hub.get("/api/v1/clusters", params={"limit": 50}).json()["items"]
        assert {cluster["labels"]["stage"] for cluster in clusters} == {"prod", "staging", "dev"}
        assert len({cluster["region"] for cluster in clusters}) == 4
        assert len(clusters) == 12
        until = time.monotonic() + 60
        while (seen := pods(hub)) < PODS:
            assert time.monotonic() < until, f"{seen} pods after a minute"
            time.sleep(0.5)
    assert "Interrupted" not in demo.said
    assert not list((tmp_path / "data").glob("demo-*"))


def test_a_demo_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = [sys.executable, "-m", "basefly", "demo", "--port", str(taken.getsockname()[1])]
        environment = {**os.environ, "BASEFLY_DATA_DIR": str(tmp_path / "data")}
        ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 1
    assert "cannot listen" in ended.stderr
    assert not list((tmp_path / "data").glob("demo-*"))
