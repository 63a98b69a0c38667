"""This terminal as a mere channel: keys go on as they are pressed, and its size is told whenever it changes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def here() -> bool:
    """Whether there is a terminal on both sides."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def keys() -> Iterator[None]:
    """Every key goes on, Ctrl-C among them; afterwards the terminal is as it was."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextmanager
def sizes(told: Callable[[int, int], None]) -> Iterator[None]:
    """Tell columns and rows, now and each time they change."""

    def tell(*_: object) -> None:
        size = os.get_terminal_size(sys.stdout.fileno())
        told(size.columns, size.lines)

    tell()
    before = signal.signal(signal.SIGWINCH, tell)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
