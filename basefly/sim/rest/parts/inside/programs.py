"""The programs of a simulated container: few, small, and true to their namesakes in what they do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from basefly.sim.rest.parts.inside.box import Box, Io
from basefly.sim.rest.parts.inside.pipe import CHUNK

Program = Callable[[Box, Sequence[str], Io], Awaitable[int]]


async def _echo(_box: Box, words: Sequence[str], io: Io) -> int:
    flags = words[0] if words and words[0] in ("-n", "-e", "-ne", "-en") else ""
    text = " ".join(words[1:] if flags else words).encode()
    if "e" in flags:
        text = text.decode("unicode_escape").encode("latin-1")
    await io.out(text + (b"" if "n" in flags else b"\n"))
    return 0


async def _printf(_box: Box, words: Sequence[str], io: Io) -> int:
    text = words[0].encode().decode("unicode_escape").encode("latin-1") if words else b""
    for word in words[1:]:
        text = text.replace(b"%s", word.encode(), 1)
    await io.out(text)
    return 0


async def _cat(box: Box, words: Sequence[str], io: Io) -> int:
    code = 0
    for name in words or ("-",):
        try:
            async for data in _content(box, name, io):
                await io.out(data)
        except FileNotFoundError:
            code = 1
            await io.err(f"cat: can't open '{name}': No such file or directory\n".encode())
    return code


async def _content(box: Box, name: str, io: Io) -> AsyncIterator[bytes]:
    """What a file holds; `-` is the input, and /dev/zero has no end."""
    path = box.path(name)
    if name == "-":
        while data := await io.read.read():
            yield data
    elif path == "/dev/zero":
        while True:
            yield bytes(CHUNK)
    elif path not in box.files:
        raise FileNotFoundError(name)
    else:
        yield box.files[path]


async def _head(box: Box, words: Sequence[str], io: Io) -> int:
    """The first lines (-n, ten unless told) or bytes (-c) of a file or of the input."""
    unit, number, name = _taken(words)
    left = number
    async for data in _content(box, name, io):
        if unit == "c":
            part = data[:left]
            left -= len(part)
        else:
            lines = data.splitlines(keepends=True)[:left]
            part = b"".join(lines)
            left -= part.count(b"\n")
        await io.out(part)
        if left <= 0:
            break
    return 0


async def _tail(box: Box, words: Sequence[str], io: Io) -> int:
    """The last lines or bytes; of an endless file it would wait for ever, as the real one."""
    unit, number, name = _taken(words)
    held = b""
    async for data in _content(box, name, io):
        held += data
        held = held[-number:] if unit == "c" else b"".join(held.splitlines(keepends=True)[-number:])
    await io.out(held)
    return 0


def _taken(words: Sequence[str]) -> tuple[str, int, str]:
    """Unit, number and file of head and tail: `-n 5 FILE`, `-n5`, `-c 5`, `-5`."""
    unit, number, rest = "n", 10, list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        flag = rest.pop(0)[1:]
        unit = flag[0] if flag[0] in "nc" else unit
        digits = flag.lstrip("nc") or (rest.pop(0) if rest else "")
        number = int(digits) if digits.isdigit() else number
    return unit, number, rest[0] if rest else "-"


async def _wc(box: Box, words: Sequence[str], io: Io) -> int:
    names = [word for word in words if not word.startswith("-")]
    counted, inside = {"l": 0, "w": 0, "c": 0}, False
    async for data in _content(box, names[0] if names else "-", io):
        found = data.split()
        joined = inside and bool(found) and not data[:1].isspace()
        inside = bool(data) and not data[-1:].isspace()
        counted = {
            "l": counted["l"] + data.count(b"\n"),
            "w": counted["w"] + len(found) - joined,
            "c": counted["c"] + len(data),
        }
    asked = "".join(word[1:] for word in words if word.startswith("-")) or "lwc"
    await io.out((" ".join(str(counted[unit]) for unit in asked if unit in counted) + "\n").encode())
    return 0


async def _ls(box: Box, words: Sequence[str], io: Io) -> int:
    names = [word for word in words if not word.startswith("-")] or ["."]
    code = 0
    for name in names:
        path = box.path(name)
        found = [name] if path in box.files else box.listing(path)
        if found is None:
            code = 1
            await io.err(f"ls: {name}: No such file or directory\n".encode())
        else:
            await io.out("".join(f"{entry}\n" for entry in found).encode())
    return code


async def _env(box: Box, _words: Sequence[str], io: Io) -> int:
    await io.out("".join(f"{name}={value}\n" for name, value in box.environment.items()).encode())
    return 0


async def _printenv(box: Box, words: Sequence[str], io: Io) -> int:
    if not words:
        return await _env(box, words, io)
    found = [box.environment[word] for word in words if word in box.environment]
    await io.out("".join(f"{value}\n" for value in found).encode())
    return 0 if len(found) == len(words) else 1


async def _id(box: Box, _words: Sequence[str], io: Io) -> int:
    name = "(root)" if box.user == 0 else ""
    await io.out(f"uid={box.user}{name} gid={box.user}{name} groups={box.user}{name}\n".encode())
    return 0


async def _uname(box: Box, words: Sequence[str], io: Io) -> int:
    whole = f"Linux {box.hostname} 6.8.0-sim #1 SMP x86_64 GNU/Linux"
    await io.out(f"{whole if '-a' in words else 'Linux'}\n".encode())
    return 0


async def _stty(box: Box, _words: Sequence[str], io: Io) -> int:
    if box.terminal is None:
        await io.err(b"stty: standard input: Not a tty\n")
        return 1
    columns, rows = box.terminal.size
    await io.out(f"{rows} {columns}\n".encode())
    return 0


async def _sleep(box: Box, words: Sequence[str], io: Io) -> int:
    try:
        await box.call.cluster.clock.sleep(float(words[0]))
    except (IndexError, ValueError):
        await io.err(b"sleep: invalid number\n")
        return 1
    return 0


def _says(tell: Callable[[Box], str]) -> Program:
    async def program(box: Box, _words: Sequence[str], io: Io) -> int:
        await io.out(f"{tell(box)}\n".encode())
        return 0

    return program


def _ends(code: int) -> Program:
    async def program(_box: Box, _words: Sequence[str], _io: Io) -> int:
        return code

    return program


PROGRAMS: dict[str, Program] = {
    "cat": _cat,
    "date": _says(lambda _: time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime())),
    "echo": _echo,
    "env": _env,
    "false": _ends(1),
    "head": _head,
    "hostname": _says(lambda box: box.hostname),
    "id": _id,
    "ls": _ls,
    "printenv": _printenv,
    "printf": _printf,
    "ps": _says(lambda box: f"PID   USER     TIME  COMMAND\n    1 {box.user:<8} 0:00 /app"),
    "pwd": _says(lambda box: box.folder),
    "sleep": _sleep,
    "stty": _stty,
    "tail": _tail,
    "true": _ends(0),
    "uname": _uname,
    "wc": _wc,
    "whoami": _says(lambda box: "root" if box.user == 0 else f"whoami: unknown uid {box.user}"),
}
