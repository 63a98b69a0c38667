"""Runs every command with every kubectl against both clusters at once, and compares what they print."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from e2e.conformance.kubectl.known import reason
from e2e.conformance.sides import simulated_cluster
from e2e.control_plane import ControlPlane

_HERE = Path(__file__).parent
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


class Command(NamedTuple):
    """One line of the list: its mark (`?` or none) and its words."""

    mark: str
    text: str


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
            with ThreadPoolExecutor(2) as pool:
                sides = [pool.submit(ask_all, binary, config, files, number, is_real)
                         for config, is_real in ((plane.kubeconfig, True), (simulated, False))]  # fmt: skip
                answers = [side.result() for side in sides]
            outcomes += compared(binary, *answers)
        return outcomes


def written(folder: Path, number: int) -> Path:
    """The manifests, with names of their own for this kubectl."""
    folder.mkdir()
    for file in (_HERE / "files").iterdir():
        (folder / file.name).write_text(_named(file.read_text(), number))
    return folder


def _named(text: str, number: int) -> str:
    return text.replace("NS", f"kubectl-{number}").replace("KINDS", f"{number}")


def ask_all(binary: str, config: Path, files: Path, number: int, is_real: bool) -> dict[Command, str]:
    """What each command printed; nothing for those that are not for this side."""
    editor = files / f"editor-{is_real}.sh"
    editor.write_text('#!/bin/sh\nsed -i "s/a: \\"1\\"/a: \\"edited\\"/" "$1"\n')
    editor.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "HOME": str(files / str(is_real)), "KUBE_EDITOR": str(editor)}
    base = [binary, "--kubeconfig", str(config), "-n", f"kubectl-{number}"]
    _call([*base, "create", "namespace", f"kubectl-{number}"], files, environment)
    printed: dict[Command, str] = {}
    for place, command in enumerate(commands()):
        if command.mark == "?" and is_real:
            continue
        words = shlex.split(_named(command.text, number).replace('"', '\\"'))
        printed[Command(f"{place}{command.mark}", command.text)] = _call([*base, *words], files, environment)
    return printed


def _call(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return "it takes more than a minute"
    return "\n".join(_lines(f"{done.stdout}\n{done.stderr}\nexit {done.returncode}"))


def _lines(text: str) -> Iterator[str]:
    for pattern, place in _LINES:
        text = pattern.sub(place, text)
    yield from (line.strip() for line in text.splitlines() if line.strip())


def compared(binary: str, real: dict[Command, str], simulated: dict[Command, str]) -> Iterator[Outcome]:
    """The verdict on each command."""
    kubectl = Path(binary).name
    for place, command in enumerate(commands()):
        key = Command(f"{place}{command.mark}", command.text)
        one, other = real.get(key), simulated.get(key)
        if other is None:  # nobody was asked
            continue
        if one is None:
            yield Outcome(kubectl, command.text, "passed" if other.endswith("exit 0") else "failed", other)
        elif one == other:
            yield Outcome(kubectl, command.text, "equal")
        else:
            changed = difflib.unified_diff(one.splitlines(), other.splitlines(), "real", "simulated", lineterm="", n=0)
            yield Outcome(kubectl, command.text, "different", "\n".join(changed))
