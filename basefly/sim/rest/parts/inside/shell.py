"""A tiny sh: words and quotes, variables, `;`, `&&`, `||`, pipes, and redirection to other streams or to nowhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress

from basefly.sim.rest.parts.inside.box import Box, Io
from basefly.sim.rest.parts.inside.pipe import Pipe
from basefly.sim.rest.parts.inside.programs import PROGRAMS

SHELLS = ("sh", "ash", "bash", "dash")
NOT_FOUND, INTERRUPTED = 127, 130
_TOKEN = re.compile(
    r"""[ \t]*(?:(?P<operator>&&|\|\||[;|\n])|(?P<to>\d?>>?[ \t]*[^\s;|]*)"""
    r"""|(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s;|&>'"\\])+))"""
)
_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^'"\\]+)""", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+|\?))")


class _Exit(Exception):
    """`exit N`: the shell ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Syntax(Exception):
    """A line that this shell does not understand."""


class Shell:
    """One shell in a container; `code` is what `$?` says."""

    def __init__(self, box: Box, io: Io) -> None:
        self._box, self._io = box, io
        self.code = 0

    async def run(self, text: str) -> int:
        """Run a script and return its exit code."""
        try:
            await self._script(text)
        except _Exit as ended:
            return ended.code
        return self.code

    async def interact(self, prompt: bytes) -> int:
        """Run line by line what comes in, until its end or `exit`."""
        await self._io.out(prompt)
        while line := await self._io.read.line():
            self._box.foreground = asyncio.ensure_future(self._line(line.decode(errors="replace")))
            try:
                await self._box.foreground
            except _Exit as ended:
                return ended.code
            except asyncio.CancelledError:
                if not self._box.foreground.cancelled() or _cancelled():
                    raise
                self.code = INTERRUPTED
            finally:
                self._box.foreground.cancel()
                self._box.foreground = None
            await self._io.out(prompt)
        return self.code

    async def _line(self, text: str) -> int:
        await self._script(text)
        return self.code

    async def _script(self, text: str) -> None:
        try:
            commands = _parsed(text)
        except _Syntax as error:
            await self._io.err(f"sh: {error}\n".encode())
            self.code = 2
            return
        for operator, pipeline in commands:
            if (operator == "&&" and self.code) or (operator == "||" and not self.code):
                continue
            self.code = await self._pipeline(pipeline)

    async def _pipeline(self, commands: Sequence[Sequence[str]]) -> int:
        """Commands side by side, each reading what the one before writes; the last one's end is the end of all."""
        pipes = [Pipe() for _ in commands[1:]]
        inputs, outputs = [self._io.read, *pipes], [*(pipe.write for pipe in pipes), self._io.out]
        io = [Io(read, out, self._io.err) for read, out in zip(inputs, outputs, strict=True)]
        before = [asyncio.ensure_future(self._feeding(*each)) for each in zip(commands, io, pipes, strict=False)]
        try:
            return await self._command(commands[-1], io[-1])
        finally:
            for task in before:
                task.cancel()
            await asyncio.gather(*before, return_exceptions=True)

    async def _feeding(self, command: Sequence[str], io: Io, pipe: Pipe) -> None:
        with suppress(_Exit):
            await self._command(command, io)
        await pipe.close()

    async def _command(self, tokens: Sequence[str], io: Io) -> int:
        words = []
        for token in tokens:
            if redirection := re.fullmatch(r"(\d?)>>?[ \t]*(.*)", token):
                io = await _redirected(io, *redirection.groups())
            else:
                words.append(self._expanded(token))
        if not words:
            return 0
        if words[0] in ("exit", "cd", "export"):
            return await self._built_in(words, io)
        return await execute(self._box, words, io)

    async def _built_in(self, words: Sequence[str], io: Io) -> int:
        argument = words[1] if len(words) > 1 else ""
        if words[0] == "exit":
            raise _Exit(int(argument) & 255 if argument.isdigit() else self.code)
        if words[0] == "export":
            name, _, value = argument.partition("=")
            self._box.environment[name] = value
        elif self._box.listing(path := self._box.path(argument or "/root")) is None:
            await io.err(f"sh: cd: can't cd to {argument}: No such file or directory\n".encode())
            return 2
        else:
            self._box.folder = path
        return 0

    def _expanded(self, word: str) -> str:
        return "".join(self._piece(*found.groups()) for found in _PIECE.finditer(word))

    def _piece(self, single: str | None, double: str | None, escaped: str | None, bare: str | None) -> str:
        if single is not None or escaped is not None:
            return single or escaped or ""
        if double is not None:
            return re.sub(r'\\(["$\\`])', r"\1", _VARIABLE.sub(self._variable, double))
        return _VARIABLE.sub(self._variable, bare or "")

    def _variable(self, found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return str(self.code) if name == "?" else self._box.environment.get(name, "")


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _parsed(text: str) -> list[tuple[str, list[list[str]]]]:
    """Pipelines, each with the operator before it."""
    if "$(" in text or "`" in text:
        raise _Syntax("the simulated shell substitutes no commands")
    commands: list[tuple[str, list[list[str]]]] = [(";", [[]])]
    position = 0
    text = text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _Syntax(f"syntax error: unexpected {text[position:].strip()[:1]!r}")
        position = found.end()
        operator = found["operator"]
        if operator == "|":
            commands[-1][1].append([])
        elif operator:
            commands.append((operator, [[]]))
        else:
            commands[-1][1][-1].append(found["to"] or found["word"])
    return [held for held in commands if any(held[1])]


async def _redirected(io: Io, number: str, target: str) -> Io:
    wanted = {"&1": io.out, "&2": io.err, "/dev/null": _nowhere}.get(target)
    if wanted is None:
        await io.err(f"sh: can't create {target}: Read-only file system\n".encode())
        wanted = _nowhere
    return Io(io.read, io.out, wanted) if number == "2" else Io(io.read, wanted, io.err)


async def _nowhere(_data: bytes) -> None:
    """Swallows what is written."""


async def execute(box: Box, words: Sequence[str], io: Io) -> int:
    """Run one program; what is not there is said as a shell says it."""
    name = words[0].rpartition("/")[2]
    if name in SHELLS:
        shell = Shell(box, io)
        if "-c" in words[1:2]:
            return await shell.run(" ".join(words[2:3]))
        return await shell.interact(b"/ # " if box.terminal else b"")
    program = PROGRAMS.get(name)
    if program is None:
        await io.err(f"sh: {words[0]}: command not found\n".encode())
        return NOT_FOUND
    return await program(box, words[1:], io)


def is_shell(words: Sequence[str]) -> bool:
    """Whether a command is a shell that reads its commands from the input."""
    return words[0].rpartition("/")[2] in SHELLS and "-c" not in words


def is_there(name: str) -> bool:
    """Whether a container has a program of this name."""
    return name.rpartition("/")[2] in (*PROGRAMS, *SHELLS)
