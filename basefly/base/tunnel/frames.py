"""What goes through a tunnel: frames of one kind each, one frame a message, in the first and so far only version."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

VERSION: Final = 1
PIECE: Final = 32 * 1024  # bytes of data in one frame at most: streams take turns
MOST: Final = 64 * 1024  # bytes of any frame's payload
HEAD: Final = struct.Struct(">BI")
_LARGEST: Final = 2**32 - 1


class Broken(Exception):
    """The other side does not keep to the protocol: the tunnel must be closed. The text says what it did."""


class Kind(IntEnum):
    """What a frame says of its stream; those below TELL belong to no stream, and say 0 there."""

    OPEN = 1  # payload: whom it is for, empty where there is only one
    DATA = 2
    CREDIT = 3  # payload: how many more bytes may be sent (u32)
    END = 4  # nothing more comes from this side
    RESET = 5  # payload: why, for people
    PING = 6  # payload: anything short, which comes back in a PONG
    PONG = 7
    LIVING = 8  # payload: the ids of all streams that the sender knows (u32 each)
    TELL = 9  # payload: a message about the session itself (JSON)


_OF_NO_STREAM = frozenset({Kind.PING, Kind.PONG, Kind.LIVING, Kind.TELL})
_SIZES = {Kind.CREDIT: (4, 4), Kind.END: (0, 0), Kind.DATA: (1, PIECE), Kind.PING: (0, 64), Kind.PONG: (0, 64)}


class Frame(NamedTuple):
    """One frame."""

    kind: Kind
    stream: int
    payload: bytes


def encode(kind: Kind, stream: int = 0, payload: bytes = b"") -> bytes:
    """A frame as a message."""
    return HEAD.pack(kind, stream) + payload


def decode(message: bytes) -> Frame:
    """The frame of a message; raises Broken for anything else."""
    if not HEAD.size <= len(message) <= HEAD.size + MOST:
        raise Broken(f"a frame of {len(message)} bytes")
    number, stream = HEAD.unpack_from(message)
    try:
        kind = Kind(number)
    except ValueError:
        raise Broken(f"a frame of the unknown kind {number}") from None
    if (stream == 0) != (kind in _OF_NO_STREAM):
        raise Broken(f"a frame {kind.name} with the stream {stream}")
    payload = message[HEAD.size :]
    least, most = _SIZES.get(kind, (0, MOST))
    if not least <= len(payload) <= most:
        raise Broken(f"a frame {kind.name} with {len(payload)} bytes")
    return Frame(kind, stream, payload)


def number(payload: bytes) -> int:
    """The number that a CREDIT carries."""
    return int.from_bytes(payload, "big")


def numbers(payload: bytes) -> frozenset[int]:
    """The ids that a LIVING carries."""
    if len(payload) % 4:
        raise Broken("a list of streams that is cut off")
    return frozenset(each for (each,) in struct.iter_unpack(">I", payload))


def packed(*values: int) -> bytes:
    """Numbers as payload."""
    return b"".join(min(value, _LARGEST).to_bytes(4, "big") for value in values)
