"""Runs every command with every kubectl against both clusters at once, and compares what they print."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from e2e.conformance.kubectl.known import reason
from e2e.conformance.sides import simulated_cluster
from e2e.control_plane import ControlPlane

_HERE = Path(__file__).parent
_READS = ("get ", "describe ", "rollout history ")
_TRIES = 10
"""How often a command that reads is asked, a second apart, before the two sides are said to differ."""
_LINES = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}"), "<time>"),
    (re.compile(r"-(?=[a-z]*\d)[a-z0-9]{8,10}\b"), "-<hash>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"\b10\.96\.\d+\.\d+"), "<address>"),
    (re.compile(r"(resourceVersion\"?: \"?)\d+"), r"\1<version>"),
    (re.compile(r"/tmp/\S+"), "<file>"),
    (re.compile(r"(?<=\s)(\d+[smhd]){1,2}(?=\s|$)|<unknown>|<invalid>"), "<age>"),
    (re.compile(r"[ \t]+"), " "),
]
# The API server notes that it repairs an address when its own cache has not seen yet the one it has just allocated.
_REPAIRED = re.compile(r"^.* ClusterIPNotAllocated .* ipallocator-repair-controller .*\n", re.MULTILINE)
_NO_EVENTS = re.compile(r"^Events:\n *Type +Reason +.*\n *---- .*\n(?! *(?:Normal|Warning) )", re.MULTILINE)


class Command(NamedTuple):
    """One line of the list: its mark (`?` or none) and its words."""

    mark: str
    text: str


class Side(NamedTuple):
    """A cluster by the kubeconfig that leads to it, and what of its answers belongs to the way there."""

    config: Path
    is_real: bool
    plain: Callable[[str], str] = str


class Outcome(NamedTuple):
    """One command of one kubectl: equal, different, or (asked of the simulator alone) passed or failed."""

    kubectl: str
    command: str
    verdict: str
    detail: str = ""

    @property
    def why(self) -> str:
        return reason(self.command) if self.verdict == "different" else ""


def commands() -> list[Command]:
    lines = [line for line in (_HERE / "commands.txt").read_text().splitlines() if line and not line.startswith("#")]
    return [Command(line[0], line[2:]) if line[0] == "?" else Command("", line) for line in lines]


def kubectls(given: Sequence[str] = ()) -> list[str]:
    """The binaries given, or those of BASEFLY_KUBECTLS (a path list), or the one on PATH."""
    listed = list(given) or os.environ.get("BASEFLY_KUBECTLS", "").split(os.pathsep)
    found = [path for path in listed if path] or [shutil.which("kubectl") or ""]
    assert all(found), "kubectl is missing: put one on PATH, or name some in BASEFLY_KUBECTLS"
    return [str(Path(path).absolute()) for path in found]


def run(folder: Path, binaries: Sequence[str]) -> list[Outcome]:
    """Every command, in a namespace of its own for each kubectl."""
    with ControlPlane.start(folder / "plane") as plane, simulated_cluster(alive=True) as cluster:
        simulated = folder / "simulated.kubeconfig"
        simulated.write_text(cluster.kubeconfig())
        outcomes: list[Outcome] = []
        for number, binary in enumerate(binaries):
            files = written(folder / f"files-{number}", number)
            sides = (Side(plane.kubeconfig, is_real=True), Side(simulated, is_real=False))
            outcomes += compared(binary, sides, files, number, reason)
        return outcomes


def written(folder: Path, number: int) -> Path:
    """The manifests, with names of their own for this kubectl."""
    folder.mkdir()
    for file in (_HERE / "files").iterdir():
        (folder / file.name).write_text(_named(file.read_text(), number))
    return folder


def _named(text: str, number: int) -> str:
    return text.replace("NS", f"kubectl-{number}").replace("KINDS", f"{number}")


def compared(
    binary: str, sides: Sequence[Side], files: Path, number: int, known: Callable[[str], str]
) -> Iterator[Outcome]:
    """Every command, asked of both sides at once, with the verdict on it.

    One that only reads is asked again while the answers differ without a known reason: the controllers of one side
    may have got further than those of the other.
    """
    askers = [_asker(binary, side, files, number) for side in sides]
    with ThreadPoolExecutor(len(sides)) as pool:
        for command in commands():
            tries = 1 if known(command.text) or not command.text.startswith(_READS) else _TRIES
            while True:
                said = list(pool.map(lambda ask, command=command: ask(command), askers))
                tries -= 1
                if not tries or None in said or said[0] == said[1]:
                    break
                time.sleep(1)
            if any(text is not None for text in said):
                yield _outcome(binary, command.text, *said)


def _asker(binary: str, side: Side, files: Path, number: int) -> Callable[[Command], str | None]:
    """Asks one side, in its namespace for this kubectl; nothing comes of what is not for this side."""
    editor = files / f"editor-{side.is_real}.sh"
    editor.write_text('#!/bin/sh\nsed -i "s/a: \\"1\\"/a: \\"edited\\"/" "$1"\n')
    editor.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "HOME": str(files / str(side.is_real)), "KUBE_EDITOR": str(editor)}
    base = [binary, "--kubeconfig", str(side.config), "-n", f"kubectl-{number}"]
    _call([*base, "create", "namespace", f"kubectl-{number}"], files, environment)

    def ask(command: Command) -> str | None:
        if command.mark == "?" and side.is_real:
            return None
        words = shlex.split(_named(command.text, number).replace('"', '\\"'))
        return side.plain(_call([*base, *words], files, environment))

    return ask


def _call(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return "it takes more than a minute"
    return "\n".join(_lines(f"{done.stdout}\n{done.stderr}\nexit {done.returncode}"))


def _lines(text: str) -> Iterator[str]:
    text = _NO_EVENTS.sub("Events: <none>\n", _REPAIRED.sub("", text))
    for pattern, place in _LINES:
        text = pattern.sub(place, text)
    yield from (line.strip() for line in text.splitlines() if line.strip())


def _outcome(binary: str, command: str, one: str | None, other: str | None) -> Outcome:
    """The verdict on what both sides printed; the first may be without what the command needs."""
    if one is None or other is None:
        return Outcome(binary, command, "passed" if (other or "").endswith("exit 0") else "failed", other or "")
    if one == other:
        return Outcome(binary, command, "equal")
    changed = difflib.unified_diff(one.splitlines(), other.splitlines(), "first", "second", lineterm="", n=0)
    return Outcome(binary, command, "different", "\n".join(changed))
