"""The events of a session on their way to a recording: what is typed waits until it is clear who may read it. Pure.

Events are those of an asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/): seconds, kind, text.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from basefly.core.terminals.recording.masking import dots, echoed, masked

WAIT = 10.0  # s that a line may take to be typed before it is judged by what was shown so far
LINE_ENDS = "\r\n\x03\x04"
MOST_OUTPUT = 64 * 2**20  # bytes shown of one session; what comes after is left out, what is typed is not
MOST_WAITING = 512 * 1024  # characters that wait for one line


@dataclass
class Event:
    """Something typed (i), shown (o), resized (r) or remarked (m), so many seconds after the beginning."""

    at: float
    kind: str
    text: str


class Events:
    """Takes in what happens, and gives out what is ready to be kept."""

    def __init__(self, *, terminal: bool) -> None:
        self.bytes = 0
        self._terminal = terminal
        self._waiting: list[Event] = []
        self._first: int | None = None  # where the line begins that is being typed
        self._ended = False  # that line has ended; what is shown until the next line's end may still be its echo
        self._typing, self._showing = (codecs.getincrementaldecoder("utf-8")("replace") for _ in range(2))
        self._full = False

    def typed(self, at: float, data: bytes) -> None:
        """Something was typed, or came in otherwise."""
        if not self._terminal:  # a program reads it, and shows nothing back
            binary = b"\0" in data
            text = f"[{len(data)} bytes that are no text]" if binary else masked(self._typing.decode(data))
            self._waiting.append(Event(at, "i", text))
            return
        if self._ended:
            self._judge()
        if self._first is None:
            self._first = len(self._waiting)
        text = self._typing.decode(data)
        self._waiting.append(Event(at, "i", text))
        self._ended = any(each in text for each in LINE_ENDS)

    def shown(self, at: float, data: bytes) -> None:
        """Something was shown."""
        self.bytes += len(data)
        if self.bytes > MOST_OUTPUT:
            if not self._full:
                self._full = True
                self._waiting.append(Event(at, "m", "what was shown from here on is left out"))
            return
        text = self._showing.decode(data)
        self._waiting.append(Event(at, "o", text))
        if self._ended and "\n" in text:
            self._judge()

    def add(self, at: float, kind: str, text: str) -> None:
        """A resize, or a remark."""
        self._waiting.append(Event(at, kind, text))

    def ready(self, at: float, *, all_: bool = False) -> list[Event]:
        """What can be kept as of now; with `all_` everything, for nothing more comes."""
        if self._first is not None:
            old = at - self._waiting[self._first].at > WAIT
            if all_ or old or sum(len(event.text) for event in self._waiting) > MOST_WAITING:
                self._judge()
        until = len(self._waiting) if self._first is None else self._first
        taken, self._waiting = self._waiting[:until], self._waiting[until:]
        self._first = None if self._first is None else 0
        return _without(taken, "o")

    def _judge(self) -> None:
        """Whether the line that was typed may be read; what looks like a secret may not in any case."""
        first, self._first, self._ended = self._first, None, False
        if first is None:
            return
        line = self._waiting[first:]
        typed = [event for event in line if event.kind == "i"]
        if not echoed("".join(event.text for event in typed), _answer(line)):
            for event in typed:
                event.text = dots(event.text)
        else:
            _without(typed, "i")


def _answer(line: list[Event]) -> str:
    """What was shown while a line was typed, and after it up to the end of a line: what follows is no echo."""
    last = max(index for index, event in enumerate(line) if event.kind == "i")
    during, after = ("".join(event.text for event in part if event.kind == "o") for part in (line[:last], line[last:]))
    return during + after.partition("\n")[0]


def _without(events: list[Event], kind: str) -> list[Event]:
    """The events with the secrets of one kind masked, though they be spread over many."""
    mine = [event for event in events if event.kind == kind]
    whole = "".join(event.text for event in mine)
    clean = masked(whole)
    if clean != whole:
        at = 0
        for event in mine:
            event.text = clean[at : at + len(event.text)]
            at += len(event.text)
    return events
