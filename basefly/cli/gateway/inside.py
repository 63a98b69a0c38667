"""Into containers from the command line: a command, a shell at this terminal, or a debug container."""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlencode

from basefly.cli import account, terminal
from basefly.cli.client.gateway import ClientConnection, Gateway, WebSocketException
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect, find_cluster
from basefly.cli.fleet.reference import Reference, parse
from basefly.cli.gateway import raw

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
PIECE = 32 * 1024
PATIENCE = 120.0  # s that a debug container may take to start


def execute(
    word: str, place: tuple[list[str], str], container: str, command: Sequence[str], *, stdin: bool, tty: bool
) -> int:
    """Run a command in a container; its exit code."""
    if not command:
        raise misuse("Which command?", "Write it after two dashes: basefly exec web-1 -- ls /.")
    with connect() as hub, reached(hub, word, place) as (gateway, pod):
        query: dict[str, Any] = {"command": list(command)} | ({"container": container} if container else {})
        return attached(gateway, f"{pod_path(pod)}/exec", query, stdin=stdin, tty=tty)


def debug(word: str, place: tuple[list[str], str], image: str, target: str, command: Sequence[str]) -> int:
    """Start a debug container beside the others of a pod, and attach to it; its exit code."""
    with connect() as hub, reached(hub, word, place) as (gateway, pod):
        path, name = pod_path(pod), f"debugger-{secrets.token_hex(3)}"
        made: dict[str, Any] = {"name": name, "image": image, "stdin": True, "tty": True}
        made |= {"targetContainerName": target} if target else {}
        made |= {"command": list(command)} if command else {}
        gateway.patch(f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": [made]}})
        terminal.note(f"Starting {name} ({image}) …")
        _wait_for(gateway, path, name)
        terminal.note("It runs. If you see no prompt, press Enter.")
        return attached(gateway, f"{path}/attach", {"container": name}, stdin=True, tty=True)


class reached:  # noqa: N801  # reads as a verb where it is used
    """The gateway to the cluster of an object, and the object."""

    def __init__(self, hub: Hub, word: str, place: tuple[list[str], str], *kinds: str) -> None:
        clusters, namespace = place
        (found,) = parse([word if "/" in word else f"pod/{word}"])
        places = [found.cluster] if found.cluster else clusters
        if found.kind not in (kinds or ("pod", "pods", "po")):
            raise misuse(f"{word} is no pod.", "Name one: web-1 or pod/web-1.")
        if len(places) != 1:
            raise misuse(f"In which cluster is {found.name}?", "Name one with --cluster.")
        self.target = found._replace(namespace=found.namespace or namespace or "default")
        self._stack = ExitStack()
        self._hub, self._cluster = hub, find_cluster(hub, places[0])["id"]

    def __enter__(self) -> tuple[Gateway, Reference]:
        gateway = Gateway(self._hub, account.current().token, self._cluster)
        return self._stack.enter_context(gateway), self.target

    def __exit__(self, *told: object) -> None:
        self._stack.close()


def pod_path(pod: Reference) -> str:
    """Where the API server has it."""
    return f"/api/v1/namespaces/{quote(pod.namespace)}/pods/{quote(pod.name)}"


def attached(gateway: Gateway, path: str, query: dict[str, Any], *, stdin: bool, tty: bool) -> int:
    """This terminal and a container's command, until it ends; its exit code."""
    if tty and not raw.here():
        terminal.warn("This is no terminal: going on without one.")
        tty = False
    asked = {**query, "stdin": str(stdin).lower(), "stdout": "true", "tty": str(tty).lower()}
    asked |= {} if tty else {"stderr": "true"}
    with gateway.socket(f"{path}?{urlencode(asked, doseq=True)}", *PROTOCOLS) as socket, ExitStack() as stack:
        if tty:
            stack.enter_context(raw.keys())
            stack.enter_context(raw.sizes(lambda columns, rows: _resize(socket, columns, rows)))
        if stdin:
            threading.Thread(target=_send, args=(socket,), name="stdin", daemon=True).start()
        return _receive(socket)


def _receive(socket: ClientConnection) -> int:
    """Show what comes; the exit code that comes last."""
    outputs = {STDOUT: _bytes_of(sys.stdout), STDERR: _bytes_of(sys.stderr)}
    try:
        for message in socket:
            data = message if isinstance(message, bytes) else message.encode()
            channel, rest = data[0] if data else -1, data[1:]
            if channel in outputs and rest:
                outputs[channel].write(rest)
                outputs[channel].flush()
            elif channel == ERROR and rest:
                return _code(rest)
    except WebSocketException:
        pass
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    raise Failure("The connection to the container broke off.", cure="What ran there may have ended; try again.")


def _send(socket: ClientConnection) -> None:
    """Pass on what is typed, until its end."""
    try:
        while data := os.read(sys.stdin.fileno(), PIECE):
            socket.send(bytes((STDIN,)) + data)
        if socket.subprotocol == PROTOCOLS[0]:
            socket.send(bytes((CLOSE, STDIN)))
    except (OSError, ValueError, WebSocketException):
        return  # the command has ended


def _resize(socket: ClientConnection, columns: int, rows: int) -> None:
    try:
        socket.send(bytes((RESIZE,)) + json.dumps({"Width": columns, "Height": rows}).encode())
    except WebSocketException:
        return


def _code(told: bytes) -> int:
    status = json.loads(told)
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdecimal():
            return int(cause["message"])
    raise Failure(str(status.get("message") or "The command was not started."))


def _wait_for(gateway: Gateway, path: str, name: str) -> None:
    until = time.monotonic() + PATIENCE
    why = "nothing was heard of it"
    while time.monotonic() < until:
        states = gateway.get(path).get("status", {}).get("ephemeralContainerStatuses") or []
        state: dict[str, Any] = next((each.get("state", {}) for each in states if each["name"] == name), {})
        if "running" in state or "terminated" in state:
            return
        why = (state.get("waiting") or {}).get("reason", why)
        if why in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
            break
        time.sleep(0.5)
    raise Failure(f"The debug container did not start: {why}.", cure="Check the name of the image with --image.")


def _bytes_of(stream: Any) -> Any:
    """Where bytes go out as they are; a stream without such a place gets them as text."""
    return getattr(stream, "buffer", None) or _Texts(stream)


class _Texts:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        self._stream.write(data.decode("utf-8", "replace"))

    def flush(self) -> None:
        self._stream.flush()
