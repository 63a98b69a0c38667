"""A hub with a simulated fleet, for whoever has no cluster at hand: all of it is made anew and thrown away."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import yaml

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Failure
from basefly.cli.signin.setup import folder, read_link

PREFIX = "demo-"
EMAIL = "demo@example.com"
PATIENCE = 120.0  # seconds until a part must be ready
GRACE = 15.0  # seconds that it may take to end
AT_ONCE = 4  # clusters that the hub checks side by side
TAIL = 12  # lines of a log that are shown when its writer has died


def run(port: int) -> None:
    """Run until Ctrl-C. Raises Failure, with the last words of whatever could not start."""
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, signal.default_int_handler)
    with _home(folder()) as home, ExitStack() as parts:
        _run(parts, home, port)


@contextmanager
def _home(data: Path) -> Iterator[Path]:
    """A folder of this demo alone; what demos left that were killed is removed."""
    data.mkdir(parents=True, exist_ok=True)
    for left in data.glob(f"{PREFIX}*"):
        with suppress(OSError), (left / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=data))
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _run(parts: ExitStack, home: Path, port: int) -> None:
    terminal.note("Making twelve simulated clusters in four regions…")
    fleet = parts.enter_context(_process("fleet", _fleet(home), home))
    terminal.note("Starting the hub…")
    hub = parts.enter_context(_process("hub", _hub(home, port), home))
    kubeconfig = fleet.until(home / "kubeconfig")
    link = hub.until(home / "data" / "setup-link")
    password = secrets.token_urlsafe(9)
    with _owner(link, password) as api:
        contexts = [context["name"] for context in yaml.safe_load(kubeconfig)["contexts"]]
        terminal.note(f"Registering {len(contexts)} clusters…")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: _register(api, kubeconfig, name), contexts))
        _greet(api.url, password)
    while not any(part.ended for part in (fleet, hub)):
        time.sleep(0.5)
    raise next(part for part in (fleet, hub) if part.ended).failure()


class _Part:
    """A process of the demo."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.process, self.log = name, process, log

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def until(self, file: Path) -> str:
        """What it writes into a file once it is ready."""
        end = time.monotonic() + PATIENCE
        while not (file.exists() and (text := file.read_text())):
            if self.ended or time.monotonic() > end:
                raise self.failure()
            time.sleep(0.05)
        return text

    def failure(self) -> Failure:
        last = self.log.read_text(errors="replace").splitlines()[-TAIL:]
        return Failure(
            f"The {self.name} of the demo has ended.", notes=tuple(last), cure="Is the port free? Try --port."
        )


@contextmanager
def _process(name: str, words: Sequence[str], home: Path) -> Iterator[_Part]:
    """A module of Basefly in a process of its own, whose log is kept beside it."""
    log = home / f"{name}.log"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("BASEFLY_")}
    kept["BASEFLY_LOG_LEVEL"] = "warning"
    with log.open("wb") as out:
        process = subprocess.Popen(  # our own interpreter and our own words
            [sys.executable, "-m", *words], env=kept, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        yield _Part(name, process, log)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        process.kill()


def _fleet(home: Path) -> list[str]:
    return ["basefly.sim", "serve", "--demo", "--kubeconfig", str(home / "kubeconfig")]


def _hub(home: Path, port: int) -> list[str]:
    return ["basefly", "up", "--port", str(port), "--data-dir", str(home / "data")]


@contextmanager
def _owner(link: str, password: str) -> Iterator[Hub]:
    """The hub, as its first owner."""
    address, secret = read_link(link)
    owner: Mapping[str, str] = {"organization": "Demo", "name": "Demo", "email": EMAIL, "password": password}
    with Hub(address) as hub:
        _until_ready(hub)
        hub.post("/setup", {"token": secret, **owner})
        yield hub


def _until_ready(hub: Hub) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            hub.get("/health/ready")
        except Failure:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _register(api: Hub, kubeconfig: str, name: str) -> None:
    stage, _, region = name.partition("-")
    body = {"name": name, "kubeconfig": kubeconfig, "context": name}
    api.post("/clusters", body | {"region": region, "labels": {"stage": stage}})


def _greet(url: str, password: str) -> None:
    terminal.say(f"\nBasefly is at {url}\n\n    e-mail    {EMAIL}\n    password  {password}\n")
    terminal.say("Everything is simulated, moves by itself, and is gone after Ctrl-C. Let something happen:\n")
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    terminal.say(f"    {shown} -m basefly.sim scenario zone-loss --cluster prod-eu-central-1")
    terminal.say(f"    {shown} -m basefly.sim fault add hang --cluster staging-westeurope\n")
    terminal.flush()
