"""What listens behind the ports that a pod's containers declare: a tiny HTTP/1.1 server that says its pod's name."""

from __future__ import annotations

from typing import Any

from basefly.sim.rest.parts.inside.pipe import Pipe, Write

Object = dict[str, Any]


async def serve(pod: Object, port: int, read: Pipe, write: Write) -> str:
    """Answer on one connection until its end; returns what the kubelet says if nothing listens at the port."""
    declared = [held.get("ports") or () for held in pod["spec"]["containers"]]
    if port not in {held["containerPort"] for ports in declared for held in ports}:
        return _refused(pod, port)
    while await _answer(pod["metadata"]["name"], read, write):
        pass
    return ""


def _refused(pod: Object, port: int) -> str:
    where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    told = (
        f"error forwarding port {port} to pod {pod['metadata']['uid']}, uid : failed to execute portforward in network"
    )
    why = f"dial tcp4 127.0.0.1:{port}: connect: connection refused"
    return f'{told} namespace "{where}": failed to connect to localhost:{port} inside namespace, IPv4: {why}'


async def _answer(name: str, read: Pipe, write: Write) -> bool:
    """Answer one request; whether another may follow."""
    request = await read.line()
    fields = {}
    while (line := await read.line()).strip():
        field, _, value = line.decode(errors="replace").partition(":")
        fields[field.lower()] = value.strip().lower()
    if not request:
        return False
    left = int(fields.get("content-length", 0))
    while left and (data := await read.take(left)):
        left -= len(data)
    stays = fields.get("connection") != "close" and b"HTTP/1.1" in request
    body = f"{name}\n".encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if stays else 'close'}\r\n\r\n"
    )
    await write(head.encode() + (b"" if request.startswith(b"HEAD ") else body))
    return stays
