"""Shells, logs and forwarded ports of a real API server and a kubelet's own protocols, through the hub."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from e2e.clients.binaries import kubectls
from e2e.clients.conftest import Reached
from e2e.plane.program import Program, eventually, free_port, listens

MEGABYTES = 20

WEBSOCKET: Mapping[str, str] = {}
SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}
# Which kubectl, and what it opens: WebSockets since 1.31, SPDY before, and where it is told so.
CLIENTS = {
    "newer": ("1.37", WEBSOCKET),
    "same": ("1.36", WEBSOCKET),
    "older": ("1.35", WEBSOCKET),
    "older, SPDY": ("1.35", SPDY),
}


@pytest.fixture(scope="module")
def pod(reached: Reached) -> str:
    name = f"shell-{uuid4().hex[:6]}"
    reached.node.run(name)
    return name


@pytest.fixture(params=CLIENTS)
def spoken(request: pytest.FixtureRequest) -> tuple[str, Mapping[str, str]]:
    """A kubectl, and the variables that say what it speaks."""
    version, variables = CLIENTS[request.param]
    if version not in kubectls():
        pytest.skip(f"there is no kubectl {version} beside the API server's binaries")
    return kubectls()[version], variables


@pytest.fixture
def kubectl(spoken: tuple[str, Mapping[str, str]]) -> str:
    return spoken[0]


@pytest.fixture
def environment(spoken: tuple[str, Mapping[str, str]], reached: Reached) -> dict[str, str]:
    return {**reached.environment, **spoken[1]}


@pytest.fixture
def run(kubectl: str, environment: dict[str, str], reached: Reached) -> Any:
    def call(*words: str, config: Path = reached.through, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [kubectl, "--kubeconfig", str(config), *words]
        return subprocess.run(command, env=environment, input=given, capture_output=True, timeout=60, check=False)

    return call


def test_a_command_says_the_same_and_ends_the_same(run: Any, pod: str, reached: Reached) -> None:
    words = ("exec", pod, "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    through, direct = run(*words), run(*words, config=reached.direct)
    assert (through.returncode, through.stdout, through.stderr) == (direct.returncode, direct.stdout, direct.stderr)
    assert through.returncode == 3
    assert through.stdout == b"out\n"


def test_what_is_typed_arrives_and_its_end_too(run: Any, pod: str) -> None:
    typed = bytes(range(256)) * 4096
    done = run("exec", "-i", pod, "--", "cat", given=typed)
    assert done.returncode == 0, done.stderr
    assert done.stdout == typed


def test_attached_both_ways(run: Any, pod: str) -> None:
    done = run("attach", "-i", pod, given=b"are you there?\n")
    assert done.returncode == 0, done.stderr
    assert b"are you there?" in done.stdout


def test_files_are_copied_there_and_back(run: Any, pod: str, tmp_path: Path) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(bytes(range(256)) * 4096 * MEGABYTES)
    there = f"{pod}:copied-{uuid4().hex[:6]}"
    for words in (("cp", str(here), there), ("cp", there, str(back))):
        done = run(*words)
        assert done.returncode == 0, done.stderr
    assert back.read_bytes() == here.read_bytes()


def test_a_port_is_forwarded(
    kubectl: str, environment: dict[str, str], reached: Reached, pod: str, tmp_path: Path
) -> None:
    here = free_port()
    with web() as there:
        command = [kubectl, "--kubeconfig", str(reached.through), "port-forward", f"pod/{pod}", f"{here}:{there}"]
        program = Program("port-forward", command, log=tmp_path / "log", environment=environment)
        program.start()
        try:
            program.wait_until(lambda: listens(here), seconds=20)
            for _ in range(3):  # connections side by side and one after the other
                answer = httpx.get(f"http://127.0.0.1:{here}/", timeout=20)
                assert answer.content == PAGE
            program.stop()
        finally:
            program.kill()


def test_a_log_is_followed(kubectl: str, reached: Reached, pod: str, tmp_path: Path) -> None:
    log, line = tmp_path / "log", uuid4().hex
    command = [kubectl, "--kubeconfig", str(reached.through), "logs", "-f", pod]
    program = Program("logs", command, log=log, environment=reached.environment)
    program.start()
    try:
        eventually(lambda: "hello" in log.read_text(), seconds=20)
        reached.node.say(pod, line)
        eventually(lambda: line in log.read_text(), seconds=5)
    finally:
        program.kill()


def test_a_terminal_has_the_size_of_the_window(
    kubectl: str, environment: dict[str, str], reached: Reached, pod: str
) -> None:
    command = [
        kubectl,
        "--kubeconfig",
        str(reached.through),
        "exec",
        "-it",
        pod,
        "--",
        "sh",
        "-c",
        "sleep 1; stty size; tty",
    ]
    done = in_terminal(command, environment, rows=42, columns=123)
    assert "42 123" in done
    assert "/dev/pts/" in done


PAGE = b"served from within" * 10_000


@contextmanager
def web() -> Iterator[int]:
    """The port of a small web server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def in_terminal(command: Sequence[str], environment: Mapping[str, str], *, rows: int, columns: int) -> str:
    """What a command writes in a terminal of this size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    written = b""
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        with suppress(OSError):  # the terminal is gone once the command is
            while piece := os.read(ours, 4096):
                written += piece
        running.wait(30)
    os.close(ours)
    return written.decode()
