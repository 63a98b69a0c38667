"""Which streams there are, what each may still send, and what a frame means. Without input or output of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from basefly.base.tunnel import frames
from basefly.base.tunnel.frames import Broken, Kind, encode

WINDOW: Final = 1024 * 1024  # bytes of a stream that may be under way unread, each way
RETURN: Final = WINDOW // 4  # bytes read after which the sender hears that it may go on
STREAMS: Final = 4096  # open at once in one tunnel: a list of them fits into a frame four times


@dataclass(slots=True)
class Flow:
    """One stream's account: what we may send, what they may, what was read since they last heard of it."""

    ours: int = WINDOW
    theirs: int = WINDOW
    read: int = 0
    we_ended: bool = False
    they_ended: bool = False
    missed: bool = False  # by the other side's last list of living streams


@dataclass(frozen=True, slots=True)
class Event:
    """What came: a stream's data, its end, and so on. `payload` is as the frame's; a RESET may also come of a list."""

    kind: Kind
    stream: int
    payload: bytes = b""


class Mux:
    """One side of a tunnel. `first` is the side that dialed: its streams have odd numbers.

    `accepts` says whether the other side may open streams. Methods return the frames to be sent.
    """

    def __init__(self, *, first: bool, accepts: bool) -> None:
        self._next = 1 if first else 2
        self._theirs_parity = 0 if first else 1
        self._newest = 0  # the number of the newest stream that they opened
        self._accepts = accepts
        self._flows: dict[int, Flow] = {}

    def __len__(self) -> int:
        return len(self._flows)

    def __contains__(self, stream: int) -> bool:
        return stream in self._flows

    def receive(self, message: bytes) -> list[Event]:
        """What a message means; raises Broken when the tunnel must be closed because of it."""
        frame = frames.decode(message)
        if frame.kind is Kind.LIVING:
            return self._compare(frames.numbers(frame.payload))
        if frame.stream == 0:
            return [Event(*frame)]
        if frame.kind is Kind.OPEN:
            return [self._opened(frame.stream, frame.payload)]
        flow = self._flows.get(frame.stream)
        if flow is None:
            self._require_past(frame.stream)
            return []  # it crossed our goodbye
        return self._within(flow, Event(*frame))

    def open(self, payload: bytes = b"") -> tuple[int, bytes]:
        """A new stream: its number, and the frame that tells of it. Raises OverflowError when there are too many."""
        if len(self._flows) >= STREAMS or self._next > 2**32 - 1:
            raise OverflowError("too many streams in one tunnel")
        stream, self._next = self._next, self._next + 2
        self._flows[stream] = Flow()
        return stream, encode(Kind.OPEN, stream, payload)

    def room(self, stream: int) -> int:
        """How many bytes may be sent now; 0 for a stream that is no more."""
        flow = self._flows.get(stream)
        return 0 if flow is None or flow.we_ended else flow.ours

    def data(self, stream: int, payload: bytes) -> bytes:
        """The frame for some bytes: at most a PIECE, and no more than there is room for."""
        flow = self._flows[stream]
        if len(payload) > min(flow.ours, frames.PIECE) or flow.we_ended:
            raise ValueError("more than may be sent")
        flow.ours -= len(payload)
        return encode(Kind.DATA, stream, payload)

    def consumed(self, stream: int, count: int) -> bytes:
        """Some bytes were read: the frame that says so, or nothing while it is not worth one."""
        flow = self._flows.get(stream)
        if flow is None or flow.they_ended:
            return b""
        flow.read += count
        if flow.read < RETURN:
            return b""
        given, flow.read = flow.read, 0
        flow.theirs += given
        return encode(Kind.CREDIT, stream, frames.packed(given))

    def end(self, stream: int) -> bytes:
        """We send no more; nothing if that is known."""
        flow = self._flows.get(stream)
        if flow is None or flow.we_ended:
            return b""
        flow.we_ended = True
        self._forget_ended(stream, flow)
        return encode(Kind.END, stream)

    def reset(self, stream: int, why: str) -> bytes:
        """The stream is over, both ways; nothing if it was."""
        if self._flows.pop(stream, None) is None:
            return b""
        return encode(Kind.RESET, stream, why.encode()[:500])

    def living(self) -> bytes:
        """The list of streams that we know."""
        return encode(Kind.LIVING, 0, frames.packed(*self._flows))

    def _opened(self, stream: int, payload: bytes) -> Event:
        if not self._accepts or stream % 2 != self._theirs_parity or stream <= self._newest:
            raise Broken(f"the stream {stream} was opened by whoever may not, or twice")
        if len(self._flows) >= STREAMS:
            raise Broken("too many streams")
        self._newest = stream
        self._flows[stream] = Flow()
        return Event(Kind.OPEN, stream, payload)

    def _require_past(self, stream: int) -> None:
        """Raise Broken for a stream that there has never been."""
        newest = self._newest if stream % 2 == self._theirs_parity else self._next - 1
        if stream > newest:
            raise Broken(f"a frame of the stream {stream}, which nobody opened")

    def _within(self, flow: Flow, event: Event) -> list[Event]:
        if event.kind is Kind.RESET:
            del self._flows[event.stream]
            return [event]
        if event.kind is Kind.CREDIT:
            flow.ours += frames.number(event.payload)
            if flow.ours > WINDOW:
                raise Broken(f"more room than there is, for the stream {event.stream}")
            return [event]
        if flow.they_ended:
            raise Broken(f"the stream {event.stream} goes on after its end")
        if event.kind is Kind.END:
            flow.they_ended = True
            self._forget_ended(event.stream, flow)
            return [event]
        flow.theirs -= len(event.payload)
        if flow.theirs < 0:
            raise Broken(f"more bytes than the stream {event.stream} has room for")
        return [event]

    def _forget_ended(self, stream: int, flow: Flow) -> None:
        if flow.we_ended and flow.they_ended:
            del self._flows[stream]

    def _compare(self, known: frozenset[int]) -> list[Event]:
        """Streams that the other side did not know twice running are no more: one may have crossed its first list."""
        gone = [stream for stream, flow in self._flows.items() if flow.missed and stream not in known]
        for stream in gone:
            del self._flows[stream]
        for stream, flow in self._flows.items():
            flow.missed = stream not in known
        return [Event(Kind.RESET, stream, b"the other side does not know it any more") for stream in gone]
