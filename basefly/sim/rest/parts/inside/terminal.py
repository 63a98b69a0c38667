"""The line discipline between a terminal's keys and a program: echo, erase, lines, Ctrl-C and Ctrl-D."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from basefly.sim.rest.parts.inside.pipe import Pipe, Write

_INTERRUPT, _END, _ERASE, _RETURN = 3, 4, (8, 127), (10, 13)


class Terminal:
    """Reads keys, shows them, and hands on whole lines; `interrupt` is called at Ctrl-C."""

    def __init__(self, keys: Pipe, show: Write, interrupt: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._keys, self._show, self._interrupt = keys, show, interrupt
        self.lines = Pipe()
        self._line = bytearray()

    async def work(self) -> None:
        """Until there are no more keys."""
        while data := await self._keys.read():
            for key in data:
                await self._press(key)
        await self.lines.close()

    async def _press(self, key: int) -> None:
        if key == _INTERRUPT:
            self._line.clear()
            await self._show(b"^C\r\n")
            await self._interrupt()
        elif key == _END:
            await self._hand_on()
        elif key in _ERASE:
            if self._line:
                self._line.pop()
                await self._show(b"\b \b")
        elif key in _RETURN:
            self._line += b"\n"
            await self._show(b"\r\n")
            await self._hand_on()
        else:
            self._line.append(key)
            await self._show(bytes((key,)))

    async def _hand_on(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        await self.lines.write(line)
