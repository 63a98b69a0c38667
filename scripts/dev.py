"""`make dev`: the hub, with its assets built anew and itself restarted whenever a source file changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from scripts.sizes import ROOT, tracked

WATCHED = {".py", ".html", ".sql", ".js", ".mjs", ".css", ".svg"}
PAUSE = 0.5


def main() -> int:
    """Run until Ctrl+C; returns the hub's exit code when the hub stops by itself and nothing changes."""
    hub = start()
    seen = state()
    try:
        while True:
            time.sleep(PAUSE)
            if (now := state()) != seen:
                seen = now
                hub.terminate()
                hub.wait()
                hub = start()
    except KeyboardInterrupt:
        return hub.wait()


def start() -> subprocess.Popen[bytes]:
    """Build what changed, then start the hub; a failed build is shown and the hub started with what there is."""
    subprocess.run([sys.executable, "hatch_build.py"], cwd=ROOT, check=False)
    environment = {"BASEFLY_LOG_LEVEL": "debug", **os.environ}
    return subprocess.Popen([sys.executable, "-m", "basefly", "up"], cwd=ROOT, env=environment)


def state() -> dict[Path, int]:
    """When each source file was written last."""
    return {path: path.stat().st_mtime_ns for path in tracked(ROOT) if path.suffix in WATCHED}


if __name__ == "__main__":
    sys.exit(main())
