"""Into pods from the command line: commands with their exit code, a shell at a terminal, ports, debug containers."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.gateway.test_kubeconfig import kubectl
from tests.cli.shell import Shell
from tests.cli.world import World

pytestmark = pytest.mark.usefixtures("let_in")


@pytest.fixture
def pod(world: World) -> str:
    """A pod that runs, as `get -o name` prints it."""
    pods = world.call(lambda: world.cluster("sim-1").api.list("pods"))
    meta = next(each for each in pods if each["status"].get("phase") == "Running")["metadata"]
    return f"sim-1:{meta['namespace']}/pod/{meta['name']}"


@contextmanager
def begun(mia: Shell, *words: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """`basefly` in a process of its own, which signals and terminals reach."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(mia.home), "PYTHONPATH": str(Path.cwd()), **mia.environ}
    command = [sys.executable, "-m", "basefly", *words]
    # Whoever runs the tests in the background ignores SIGINT, and so would their children.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, env=environ, preexec_fn=listen, **streams) as running:  # noqa: PLW1509  # no threads yet
        try:
            yield running
        finally:
            running.kill()


class Screen:
    """The far side of a terminal."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.shown = b""

    def until(self, text: bytes, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while text not in self.shown:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, end - time.monotonic()))
            assert ready, self.shown
            self.shown += os.read(self.descriptor, 4096)

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())


def _port(pod: dict[str, Any]) -> int:
    """A port on which a pod answers HTTP; 0 where it has none."""
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or ()]
    return next((port["containerPort"] for port in ports if port.get("name") == "http"), 0)


class TestExec:
    def test_shows_what_the_command_shows(self, mia: Shell, pod: str) -> None:
        assert mia.done("exec", pod, "--", "echo", "heron").out == "heron\n"

    def test_ends_as_the_command_does(self, mia: Shell, pod: str) -> None:
        assert mia("exec", pod, "--", "sh", "-c", "exit 7").code == 7

    def test_passes_on_what_is_piped_in(self, mia: Shell, pod: str) -> None:
        with begun(mia, "exec", pod, "-i", "--", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            out, _ = running.communicate(b"one\ntwo\n", timeout=30)
        assert out == b"one\ntwo\n"
        assert running.returncode == 0

    def test_tells_what_is_not_there(self, mia: Shell, pod: str) -> None:
        ran = mia("exec", pod, "--", "no-such-program")
        assert ran.code == 1
        assert "no-such-program" in ran.err
        ran = mia("exec", "no-such-pod", "-c", "sim-1", "--", "ls")
        assert ran.code in (1, 5)
        assert "no-such-pod" in ran.err

    def test_asks_for_what_is_missing(self, mia: Shell, pod: str) -> None:
        assert "Which command" in mia("exec", pod).err
        assert "In which cluster" in mia("exec", "web-1", "--", "ls").err
        assert "no pod" in mia("exec", "deploy/web", "-c", "sim-1", "--", "ls").err

    def test_at_a_terminal_keys_and_size_go_through(self, mia: Shell, pod: str) -> None:
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 101, 0, 0))
        screen = Screen(ours)
        with begun(mia, "exec", pod, "-it", "--", "sh", stdin=theirs, stdout=theirs, stderr=theirs) as running:
            screen.until(b"# ")
            screen.type("stty size\r")
            screen.until(b"30 101")
            ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 120, 0, 0))
            running.send_signal(signal.SIGWINCH)
            time.sleep(0.3)
            screen.type("stty size\r")
            screen.until(b"44 120")
            screen.type("sleep 100\r")
            time.sleep(0.5)
            screen.type("\x03")  # ends what runs there, not us
            screen.type("exit 5\r")
            assert running.wait(20) == 5
        os.close(ours)
        os.close(theirs)


class TestForwarding:
    def test_a_port_here_is_one_there(self, mia: Shell, world: World) -> None:
        pods = world.call(lambda: world.cluster("sim-1").api.list("pods"))
        found = next(each for each in pods if each["status"].get("phase") == "Running" and _port(each))
        pod = f"sim-1:{found['metadata']['namespace']}/pod/{found['metadata']['name']}"
        with begun(mia, "port-forward", pod, f":{_port(found)}", stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            line = running.stdout.readline().decode()
            port = int(line.split()[1].rpartition(":")[2])
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
                    assert connection.recv(4096).startswith(b"HTTP/1.")
            running.send_signal(signal.SIGINT)
            assert running.wait(20) == 130

    def test_what_is_no_port_is_told(self, mia: Shell, pod: str) -> None:
        assert mia("port-forward", pod, "http").code == 2
        ran = mia("port-forward", "svc/no-such-service", "80", "-c", "sim-1")
        assert ran.code == 5
        assert "no-such-service" in ran.err


def test_kubectl_is_recorded_where_an_owner_wants_it(mia: Shell, world: World, pod: str, tmp_path: Path) -> None:
    made = mia.done("tokens", "create", "recording", "--days", "1", "--password-stdin", stdin=f"{PASSWORD}\n")
    token = made.out.split()[-1]
    config = tmp_path / "config"
    mia.done("kubeconfig", "sim-1", "--file", str(config))
    namespace, _, name = pod.removeprefix("sim-1:").split("/")
    with httpx.Client(base_url=f"{world.url}/api/v1", headers={"Authorization": f"Bearer {token}"}) as hub:
        for wanted in ("everything", "off"):
            assert hub.put("/recording-settings", json={"recorded": wanted}).status_code == 200
            ran = kubectl(mia, config, "exec", "-n", namespace, name, "--", "sh", "-c", "echo heron; exit 3")
            assert (ran.stdout, ran.returncode) == ("heron\n", 3), ran.stderr
        (found,) = hub.get("/recordings", params={"pod": name}).json()["items"]
        assert (found["way"], found["exit_code"]) == ("kubectl", 3)
        assert "heron" in hub.get(f"/recordings/{found['id']}/cast").text


def test_a_debug_container_is_started_and_attached_to(mia: Shell, pod: str, world: World) -> None:
    with begun(mia, "debug", pod, "--image", "busybox:1.37", stderr=subprocess.PIPE, stdin=subprocess.PIPE) as running:
        assert running.stderr is not None
        said = running.stderr.readline() + running.stderr.readline()
        assert b"It runs" in said
    namespace, _, name = pod.removeprefix("sim-1:").split("/")
    found = world.call(lambda: world.cluster("sim-1").api.get("pods", name, namespace=namespace))
    assert found["spec"]["ephemeralContainers"][-1]["image"] == "busybox:1.37"
