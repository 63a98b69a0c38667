"""`basefly demo`, as somebody without a cluster runs it: its hub, and who may sign in there."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from e2e.hub import Hub
from e2e.plane.program import free_port


class Demo(Hub):
    """A hub with twelve simulated clusters that live. It tells who owns it once it is ready."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        super().__init__(folder, ("basefly", "demo", "--port", str(port)), port=port)

    def begin(self) -> None:
        """Start it, and wait until it has told how to sign in."""
        self.program.start()
        self.program.wait_until(self._told, seconds=120)

    def set_up(self) -> None:
        """It has set itself up; what is left is a token."""
        self.take_token()

    def stop(self) -> None:
        """As by Ctrl-C."""
        self.program.stop(by=signal.SIGINT)

    @property
    def said(self) -> str:
        """What it told so far."""
        return self.program.log.read_text()

    def _told(self) -> bool:
        if found := re.search(r"e-mail +(\S+)\s+password +(\S+)", self.said):
            self.owner = {"email": found[1], "password": found[2]}
        return bool(found)
