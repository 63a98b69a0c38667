"""`python -m bench.ingest.sampled`: a whole hub (`basefly up`) that looks at itself: what does its processor work at?

Each hundredth of a second of processor time (setitimer(2), ITIMER_PROF) the innermost frame that belongs to a stage has
it. What C does without calling Python counts for the Python that called it, or that it calls next: TLS for the network,
decoding for who asked for it. The counts lie in a file beside the hub's data.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import FrameType

import msgspec

from basefly.base.settings import load
from basefly.cli.server import up

EVERY = 0.01  # s of processor
WRITE_EVERY = 100  # samples
REST = "everything else"
_NETWORK = "aiohttp asyncio ssl.py h2 hpack hyperframe kube/http2 kube/client.py kube/lines.py"
_PROJECTION = "sync/kinds kube/fields.py kube/quantity.py kube/jsonpath.py sync/printed.py"
STAGES: Mapping[str, tuple[str, ...]] = {
    "network: TLS, HTTP/2, gzip": tuple(_NETWORK.split()),
    "decoding": ("kube/watch", "kube/objects.py", "kube/faults.py"),
    "projection": tuple(_PROJECTION.split()),
    "digest and row": ("sync/kind.py", "sync/stream.py"),
    "COPY and its lines": ("psycopg/copy.py", "psycopg/_copy_async.py", "psycopg/_copy_base.py", "sync/store/merge.py"),
    "statements": ("psycopg", "psycopg_pool", "base/db"),
    "batches": ("core/sync",),
    "what follows from what was written: history, rights, images, notices": ("core",),
}
"""By parts of paths, in this order: the first that fits has the frame."""


def main() -> None:
    """Serve as `basefly up` does, and count."""
    counts: Counter[str] = Counter()
    kept = file_of(load().data_dir)

    def sample(_: int, frame: FrameType | None) -> None:
        counts[stage(_files(frame))] += 1
        if counts.total() % WRITE_EVERY == 0:
            kept.write_bytes(msgspec.json.encode(counts))

    kept.parent.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGPROF, sample)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    up({})


def stage(files: Iterable[str]) -> str:
    """Which stage a stack is of: the files of its frames, innermost first."""
    return next((found for file in files if (found := _of(file))), REST)


def seconds(data_dir: Path) -> Mapping[str, float]:
    """Seconds of processor by stage since the hub began; nothing before its first second."""
    kept = file_of(data_dir)
    counts = msgspec.json.decode(kept.read_bytes(), type=dict[str, int]) if kept.exists() else {}
    return {name: counts.get(name, 0) * EVERY for name in (*STAGES, REST)}


def file_of(data_dir: Path) -> Path:
    return data_dir / "samples.json"


@cache
def _of(file: str) -> str:
    return next((name for name, parts in STAGES.items() if any(f"/{part}" in file for part in parts)), "")


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


if __name__ == "__main__":
    main()
