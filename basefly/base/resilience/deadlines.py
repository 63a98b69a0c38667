"""How long each phase of a call may take; no call goes out without these."""

from __future__ import annotations

import msgspec


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds allowed to each phase of a call."""

    connect: float = 3.0  # until the TCP connection stands
    tls: float = 5.0  # until the TLS handshake is done
    first_byte: float = 10.0  # from the request sent to the head of the answer
    idle: float = 20.0  # between two pieces of the body
    total: float = 60.0  # the whole of a call that is no stream

    @property
    def until_answer(self) -> float:
        """From the start of a call to the head of its answer."""
        return self.connect + self.tls + self.first_byte
