"""The multiplexer: windows, ends, hostile frames, and whatever the network may bring."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basefly.base.tunnel import frames
from basefly.base.tunnel.frames import Broken, Kind, encode
from basefly.base.tunnel.mux import RETURN, STREAMS, WINDOW, Event, Mux


def pair() -> tuple[Mux, Mux]:
    """The hub, which opens streams, and the agent, which accepts them."""
    return Mux(first=False, accepts=False), Mux(first=True, accepts=True)


def test_bytes_arrive_as_they_were_sent() -> None:
    hub, agent = pair()
    stream, frame = hub.open(b"payload")
    assert agent.receive(frame) == [Event(Kind.OPEN, stream, b"payload")]
    assert agent.receive(hub.data(stream, b"hello")) == [Event(Kind.DATA, stream, b"hello")]
    assert hub.receive(agent.data(stream, b"world")) == [Event(Kind.DATA, stream, b"world")]
    assert agent.receive(hub.end(stream)) == [Event(Kind.END, stream)]
    assert hub.receive(agent.end(stream)) == [Event(Kind.END, stream)]
    assert (len(hub), len(agent)) == (0, 0)


def test_a_stream_stops_at_its_window_and_others_go_on() -> None:
    hub, agent = pair()
    one, frame = hub.open()
    agent.receive(frame)
    other, frame = hub.open()
    agent.receive(frame)
    while room := hub.room(one):
        agent.receive(hub.data(one, b"x" * min(room, frames.PIECE)))
    assert hub.room(one) == 0
    assert hub.room(other) == WINDOW
    assert agent.consumed(one, RETURN - 1) == b""
    hub.receive(agent.consumed(one, 1))
    assert hub.room(one) == RETURN


def test_who_sends_more_than_there_is_room_for_is_cut_off() -> None:
    hub, agent = pair()
    stream, frame = hub.open()
    agent.receive(frame)
    for _ in range(WINDOW // frames.PIECE):
        agent.receive(encode(Kind.DATA, stream, b"x" * frames.PIECE))
    with pytest.raises(Broken, match="more bytes"):
        agent.receive(encode(Kind.DATA, stream, b"x"))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "bytes"),
        (b"\x01\x00", "bytes"),
        (b"\x2a" + b"\x00" * 4, "unknown kind"),
        (encode(Kind.DATA, 0, b"x"), "with the stream 0"),
        (encode(Kind.PING, 7), "with the stream 7"),
        (encode(Kind.DATA, 2), "0 bytes"),
        (encode(Kind.DATA, 2, b"x" * (frames.PIECE + 1)), "bytes"),
        (b"\x01" + b"\x00" * (frames.HEAD.size + frames.MOST), "bytes"),
        (encode(Kind.CREDIT, 2, b"\x01"), "1 bytes"),
        (encode(Kind.DATA, 8, b"x"), "nobody opened"),
        (encode(Kind.OPEN, 3), "may not"),
        (encode(Kind.LIVING, 0, b"\x01"), "cut off"),
    ],
)
def test_what_is_no_frame_breaks_the_tunnel(message: bytes, why: str) -> None:
    hub, agent = pair()
    agent.receive(hub.open()[1])
    with pytest.raises(Broken, match=why):
        agent.receive(message)


def test_a_replayed_open_breaks_the_tunnel() -> None:
    hub, agent = pair()
    _, frame = hub.open()
    agent.receive(frame)
    with pytest.raises(Broken, match="twice"):
        agent.receive(frame)


def test_nobody_opens_streams_towards_the_hub() -> None:
    hub, agent = pair()
    with pytest.raises(Broken, match="may not"):
        hub.receive(agent.open()[1])


def test_more_credit_than_was_taken_breaks_the_tunnel() -> None:
    hub, agent = pair()
    stream, frame = hub.open()
    agent.receive(frame)
    with pytest.raises(Broken, match="more room"):
        hub.receive(encode(Kind.CREDIT, stream, frames.packed(1)))


def test_what_crosses_a_goodbye_is_passed_over() -> None:
    hub, agent = pair()
    stream, frame = hub.open()
    agent.receive(frame)
    late = agent.data(stream, b"late")
    hub.reset(stream, "enough")
    assert hub.receive(late) == []


def test_orphans_are_found_by_two_lists_that_lack_them() -> None:
    hub, agent = pair()
    stream, frame = hub.open()
    agent.receive(frame)
    hub.reset(stream, "its frame is lost")
    assert agent.receive(hub.living()) == []  # it may be that one crossed the list
    (event,) = agent.receive(hub.living())
    assert (event.kind, event.stream, len(agent)) == (Kind.RESET, stream, 0)


def test_a_new_stream_that_crosses_a_list_lives() -> None:
    hub, agent = pair()
    early = agent.living()
    stream, frame = hub.open()
    assert hub.receive(early) == []
    agent.receive(frame)
    assert hub.receive(agent.living()) == []
    assert stream in hub


def test_there_is_an_end_to_how_many_streams_there_may_be() -> None:
    hub, agent = pair()
    for _ in range(STREAMS):
        agent.receive(hub.open()[1])
    with pytest.raises(OverflowError):
        hub.open()
    assert len(agent.living()) <= frames.HEAD.size + frames.MOST


_messages = st.one_of(
    st.binary(max_size=64),
    st.builds(
        lambda kind, stream, payload: struct.pack(">BI", kind, stream) + payload,
        st.integers(0, 12),
        st.integers(0, 12),
        st.binary(max_size=40),
    ),
)


@settings(max_examples=int(os.environ.get("BASEFLY_FUZZ", "2000")))
@given(st.lists(_messages, max_size=30))
def test_whatever_comes_is_understood_or_breaks_the_tunnel(messages: list[bytes]) -> None:
    hub, agent = pair()
    for _ in range(3):
        agent.receive(hub.open()[1])
    for side in (hub, agent):
        try:
            for message in messages:
                side.receive(message)
        except Broken:
            continue
        assert len(side) <= STREAMS


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=1, max_size=200_000)), max_size=40))
def test_two_sides_never_break_each_other(writes: list[tuple[int, bytes]]) -> None:
    hub, agent = pair()
    numbers = []
    for _ in range(3):
        number, frame = hub.open()
        agent.receive(frame)
        numbers.append(number)
    sent, got = dict.fromkeys(numbers, b""), dict.fromkeys(numbers, b"")
    for which, data in writes:
        stream, rest = numbers[which], data
        while rest:
            piece = rest[: min(hub.room(stream), frames.PIECE)]
            assert piece, "read is what is sent, so there is always room"
            (event,) = agent.receive(hub.data(stream, piece))
            got[event.stream] += event.payload
            if frame := agent.consumed(event.stream, len(event.payload)):
                hub.receive(frame)
            sent[stream] += piece
            rest = rest[len(piece) :]
    assert got == sent
