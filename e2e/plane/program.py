"""One program of the tests as a child process: started, watched, killed, never left behind."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LAST_WORDS = 3000
PORTS = range(12_000, 30_000)  # below those for whoever asks for any (ip_local_port_range, from 32,768 on)


class Program:
    """A command with its log file; may be started again after it ended."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = [*_dies_with_us(), *command]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process, f"{self.name} was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Wait until `ready()`; fails with the program's last words when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert self.running, f"{self.name} ended: {self.last_words()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready after {seconds} s: {self.last_words()}"
            time.sleep(0.05)

    def stop(self, *, seconds: float = 30, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, insist after `seconds`; returns its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(by)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """kill -9, at once."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGKILL)
        return self._process.wait()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-LAST_WORDS:] if self.log.exists() else "(it said nothing)"


def free_port() -> int:
    """A loopback port that nobody listens on right now, and that the kernel hands to nobody who asks for any."""
    while True:
        port = secrets.choice(PORTS)  # no seed of a test makes two of them choose alike
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(true: Callable[[], bool], *, seconds: float, pause: float = 0.1) -> float:
    """Wait until `true()`, and return how many seconds that took; fails after `seconds`."""
    started = time.monotonic()
    while not true():
        waited = time.monotonic() - started
        assert waited < seconds, f"still not so after {waited:.1f} s"
        time.sleep(pause)
    return time.monotonic() - started


def _dies_with_us() -> list[str]:
    """Linux ends the child when the tests die, however they die."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
