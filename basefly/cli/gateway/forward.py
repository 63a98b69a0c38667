"""Ports of pods on this machine: each connection to a port here is one WebSocket into the pod."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from basefly.cli import terminal
from basefly.cli.client.gateway import ClientConnection, Gateway, WebSocketException
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.fleet.reference import Reference
from basefly.cli.gateway.inside import pod_path, reached

PROTOCOL = "v4.channel.k8s.io"
PIECE = 32 * 1024
DATA, ERROR = 0, 1
_SERVICES = ("svc", "service", "services")
_PODS = ("pod", "pods", "po")


class Pair(NamedTuple):
    """A port here, 0 for any that is free, and the one there."""

    here: int
    there: int


def run(word: str, place: tuple[list[str], str], ports: Sequence[str], address: str) -> None:
    """Forward until Ctrl-C."""
    pairs = [_pair(each) for each in ports]
    with connect() as hub, reached(hub, word, place, *_PODS, *_SERVICES) as (gateway, target):
        pod = target
        if target.kind in _SERVICES:
            pod, pairs = _behind(gateway, target, pairs)
        listening = [(_listen(address, pair.here), pair) for pair in pairs]
        for place_, pair in listening:
            port = place_.getsockname()[1]
            terminal.say(f"Forwarding {address}:{port} to {pod.name}:{pair.there}")
            threading.Thread(target=_serve, args=(gateway, pod, place_, pair.there), daemon=True).start()
        terminal.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            raise SystemExit(int(Exit.INTERRUPTED)) from None


def _pair(text: str) -> Pair:
    here, colon, there = text.rpartition(":")
    numbers = [here or ("0" if colon else there), there]
    if not all(each.isdecimal() and int(each) <= 65535 for each in numbers) or not int(there):
        raise misuse(f"{text!r} names no ports.", "Write 8080 or HERE:THERE, such as 8080:80; :80 takes any free one.")
    return Pair(int(numbers[0]), int(there))


def _listen(address: str, port: int) -> socket.socket:
    try:
        return socket.create_server((address, port))
    except OSError as error:
        raise Failure(f"Nothing can listen at {address}:{port}: {error.strerror}.", cure="Take another port.") from None


def _behind(gateway: Gateway, service: Reference, pairs: list[Pair]) -> tuple[Reference, list[Pair]]:
    """A pod that runs behind a service, and the ports that the service's lead to there."""
    within = f"/api/v1/namespaces/{quote(service.namespace)}"
    spec = gateway.get(f"{within}/services/{quote(service.name)}")["spec"]
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    if not selector:
        raise Failure(f"The service {service.name} selects no pods.", cure="Name a pod.")
    pods = gateway.get(f"{within}/pods?{urlencode({'labelSelector': selector})}")["items"]
    found = next((pod for pod in pods if pod.get("status", {}).get("phase") == "Running"), None)
    if found is None:
        raise Failure(f"No pod runs behind the service {service.name}.", exit_code=Exit.NOT_FOUND)
    ports = {port["port"]: port.get("targetPort", port["port"]) for port in spec.get("ports") or ()}
    there = [Pair(pair.here, _number(found, ports.get(pair.there), service, pair.there)) for pair in pairs]
    return service._replace(kind="pod", name=found["metadata"]["name"]), there


def _number(pod: dict[str, Any], target: int | str | None, service: Reference, port: int) -> int:
    if isinstance(target, int):
        return target
    named = [each for container in pod["spec"]["containers"] for each in container.get("ports") or ()]
    found = next((each["containerPort"] for each in named if target and each.get("name") == target), None)
    if found is None:
        raise Failure(f"The service {service.name} has no port {port}.", cure="Look at its page for those that it has.")
    return int(found)


def _serve(gateway: Gateway, pod: Reference, place: socket.socket, port: int) -> None:
    while True:
        connection, _ = place.accept()
        threading.Thread(target=_pass, args=(gateway, pod, connection, port), daemon=True).start()


def _pass(gateway: Gateway, pod: Reference, connection: socket.socket, port: int) -> None:
    """One connection, until either side has closed."""
    try:
        with connection, gateway.socket(f"{pod_path(pod)}/portforward?ports={port}", PROTOCOL) as channels:
            threading.Thread(target=_up, args=(connection, channels), daemon=True).start()
            _down(connection, channels, port)
    except (Failure, OSError, WebSocketException) as error:
        terminal.warn(terminal.clean(f"port {port}: {error}"))


def _up(connection: socket.socket, channels: ClientConnection) -> None:
    try:
        while data := connection.recv(PIECE):
            channels.send(bytes((DATA,)) + data)
    except (OSError, WebSocketException):
        pass
    channels.close()


def _down(connection: socket.socket, channels: ClientConnection, port: int) -> None:
    """The first message of either channel repeats the port (k8s.io/kubelet, portforward over WebSocket)."""
    greeted = set[int]()
    for message in channels:
        data = message if isinstance(message, bytes) else message.encode()
        channel, rest = data[0], data[1:]
        if channel not in greeted and rest == struct.pack("<H", port):
            greeted.add(channel)
        elif channel == ERROR and rest:
            terminal.warn(terminal.clean(rest.decode("utf-8", "replace")))
        elif channel == DATA:
            connection.sendall(rest)
