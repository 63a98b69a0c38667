"""Chance that follows from a key: whoever asks again gets the same answers, and nothing is remembered in between."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from basefly.sim.rules import LETTERS

T = TypeVar("T")
_SHARES = 1_000_000
_SET_BY_VERSION = 0xF000 << 64 | 0xC000 << 48
_VERSION_4 = 0x4000 << 64 | 0x8000 << 48


class Chance:
    """A few hundred bits of luck, drawn one after the other."""

    def __init__(self, *key: object) -> None:
        self._left = int.from_bytes(hashlib.blake2b("/".join(map(str, key)).encode()).digest())

    def below(self, most: int) -> int:
        """A number from 0 to `most` - 1."""
        self._left, found = divmod(self._left, most)
        return found

    def between(self, least: int, most: int) -> int:
        """A number from `least` to `most`, both included."""
        return least + self.below(max(most - least, 0) + 1)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def happens(self, share: float) -> bool:
        return self.below(_SHARES) < share * _SHARES

    def suffix(self, length: int = 5) -> str:
        """Letters as Kubernetes appends them to generated names."""
        return "".join([LETTERS[self.below(len(LETTERS))] for _ in range(length)])

    def uid(self) -> str:
        """A random UUID (RFC 9562, version 4), written out here, for uuid.UUID takes four times as long."""
        bits = self.below(1 << 128) & ~_SET_BY_VERSION | _VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def digest(*key: object) -> str:
    """64 hexadecimal digits."""
    return hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=32).hexdigest()
