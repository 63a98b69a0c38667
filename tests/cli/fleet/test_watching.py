"""`--watch`: changes as they happen, in a real process that someone stops with Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import eventually
from tests.cli.shell import Shell
from tests.cli.world import World

# As `python -m basefly`. A process begun in the background of a script ignores Ctrl-C, and so would its children.
PROGRAM = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("basefly", run_name="__main__", alter_sys=True)
"""

Lines = Callable[[], list[str]]


@contextmanager
def watching(mia: Shell, file: Path, *words: str) -> Iterator[Lines]:
    """What a watch has printed so far, while the block runs."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(mia.home), **mia.environ, **measured}
    command = [sys.executable, "-c", PROGRAM, *words, "--watch"]
    with file.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: bool(file.read_text()))
        yield lambda: file.read_text().splitlines()
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told


def test_each_change_has_a_line(mia: Shell, world: World, tmp_path: Path) -> None:
    api = world.cluster("sim-1").api
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "watched-0", "namespace": "default"}}
    seen = {**held, "metadata": {"name": "watched-1", "namespace": "default"}, "data": {"a": "1"}}
    world.call(lambda: api.create(held))
    eventually(lambda: "watched-0" in mia("get", "cm", "-o", "name").out)
    with watching(mia, tmp_path / "out", "get", "cm", "--match", "watched") as lines:
        world.call(lambda: api.create(seen))
        eventually(lambda: len(lines()) == 3)
        world.call(lambda: api.change("configmaps", "watched-1", by=lambda obj: obj.update(data={"a": "1", "b": "2"})))
        eventually(lambda: len(lines()) == 4)
        world.call(lambda: api.delete("configmaps", "watched-1"))
        eventually(lambda: len(lines()) == 5)
        told = [line.split() for line in lines()]
    world.call(lambda: api.delete("configmaps", "watched-0"))
    assert told[0][:4] == ["EVENT", "CLUSTER", "NAMESPACE", "NAME"]
    assert [(row[0], row[3]) for row in told[1:]] == [
        ("ADDED", "watched-0"),
        ("ADDED", "watched-1"),
        ("MODIFIED", "watched-1"),
        ("DELETED", "watched-1"),
    ]


def test_json_has_an_object_a_line(mia: Shell, tmp_path: Path) -> None:
    with watching(mia, tmp_path / "out", "get", "nodes", "-o", "json") as lines:
        eventually(lambda: len(lines()) == 6)
        told = [json.loads(line) for line in lines()]
    assert {change["event"] for change in told} == {"ADDED"}
    assert {change["object"]["kind"] for change in told} == {"Node"}


def test_events_can_be_watched(mia: Shell, tmp_path: Path) -> None:
    with watching(mia, tmp_path / "out", "events", "--warnings") as lines:
        heading = lines()[0].split()
    assert heading[:3] == ["EVENT", "CLUSTER", "NAMESPACE"]


def test_only_one_kind_at_a_time(mia: Shell) -> None:
    ran = mia("get", "pods,svc", "--watch")
    assert (ran.code, ran.out) == (2, "")
