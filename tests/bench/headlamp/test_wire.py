"""The wire carries what it is given, unchanged, counts it, and is as slow as it was told to be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.headlamp.wire import FREE, Pace, Wire
from e2e.plane.program import free_port

TEXT = bytes(range(256)) * 160  # 40 KiB


@pytest.fixture
def answering() -> Iterator[tuple[str, int]]:
    """A server that reads one line and sends TEXT."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                connection.sendall(TEXT)

    threading.Thread(target=answer, daemon=True).start()
    yield server.getsockname()
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def asked(wire: Wire) -> bytes:
    with socket.create_connection(wire.near) as connection:
        connection.sendall(b"please\n")
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_every_byte_arrives_and_is_counted(answering: tuple[str, int]) -> None:
    with Wire.open(("127.0.0.1", free_port()), answering) as wire:
        wire.pace = FREE
        assert asked(wire) == TEXT
        assert asked(wire) == TEXT
        assert wire.received == 2 * len(TEXT)


def test_connections_share_the_pace(answering: tuple[str, int]) -> None:
    with Wire.open(("127.0.0.1", free_port()), answering) as wire:
        wire.pace = Pace(0.05, 200_000, 200_000)
        begun = time.monotonic()
        both = [threading.Thread(target=asked, args=(wire,)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert time.monotonic() - begun >= 2 * 0.05 + 2 * len(TEXT) / 200_000


def test_what_moved_lately_is_forgotten_again(answering: tuple[str, int]) -> None:
    with Wire.open(("127.0.0.1", free_port()), answering) as wire:
        wire.pace = FREE
        asked(wire)
        assert wire.moved(60) == 2 * (len(TEXT) + len(b"please\n"))  # in at one end, out at the other
        time.sleep(0.2)
        assert wire.moved(0.1) == 0
