"""helm keeps its releases through the hub as it does directly: installed, upgraded, rolled back, waited for, gone."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from e2e.clients.binaries import helm
from e2e.clients.conftest import Reached
from e2e.clients.node import Node

CHART = Path(__file__).parent / "chart"
WAIT = ("--wait", "--timeout", "60s")
LIFE: Sequence[Sequence[str]] = (
    ("install", "shop", str(CHART), *WAIT),
    ("upgrade", "shop", str(CHART), "--set", "greeting=hi", *WAIT),
    ("list", "-o", "json"),
    ("get", "manifest", "shop"),
    ("get", "values", "shop"),
    ("history", "shop", "-o", "json"),
    ("rollback", "shop", "1", *WAIT),
    ("get", "metadata", "shop"),
    ("upgrade", "shop", str(CHART), "--set", "replicas=nonsense"),
    ("uninstall", "shop", *WAIT),
    ("list", "-o", "json"),
    ("install", "shop", str(CHART), "--dry-run=server", "--namespace", "nowhere"),
)
_TIMES = re.compile(
    r"(?<=modifiedAt=)\d+|\d{4}(-\d\d){2}[T ]\d\d:\d\d:\d\d[^\"]*|\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}"
)


def test_a_release_lives_the_same_life(reached: Reached) -> None:
    told = {name: list(lived(reached, config, f"helm-{uuid4().hex[:8]}")) for name, config in
            (("through", reached.through), ("direct", reached.direct))}  # fmt: skip
    assert told["through"] == told["direct"]
    assert [code for code, _, _ in told["through"]] == [0] * 8 + [1, 0, 0, 0]


def lived(reached: Reached, config: Path, namespace: str) -> Iterator[tuple[int, str, str]]:
    """Exit code and words of each command of a release's life, in a namespace of its own."""
    with reached.node.plane.namespace(namespace), kept_running(reached.node, namespace):
        for words in LIFE:
            command = [str(helm()), "--kubeconfig", str(config), "--namespace", namespace, *words]
            done = subprocess.run(
                command, env=reached.environment, capture_output=True, text=True, timeout=90, check=False
            )
            yield done.returncode, plain(done.stdout, namespace), plain(done.stderr, namespace)


@contextmanager
def kept_running(node: Node, namespace: str) -> Iterator[None]:
    """Pods of a namespace run soon after they are made."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            node.begin(namespace)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join(10)


def plain(text: str, namespace: str) -> str:
    """Without what differs between two namespaces and two moments."""
    return _TIMES.sub("<time>", text).replace(namespace, "<namespace>")
