"""The official Python client reads, writes, watches, follows and runs the same through the hub as directly."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import client, config, watch
from kubernetes.client import ApiClient
from kubernetes.stream import stream

from e2e.clients.conftest import Reached
from e2e.conformance.families import python_client
from e2e.conformance.normal import differences, normal
from e2e.conformance.sides import Side

MANY, PAGE = 300, 70
KNOWN = {
    "*: its scale.body.status.*": "the controllers have got that far, or not yet",
    "*: its status.body.status*": "the controllers have got that far, or not yet",
    "*: its status.body.metadata.annotations": "the same",
    "*: who may.body.status.reason": "it names the binding",
}


@pytest.fixture
def sides(reached: Reached, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Side, Side]:
    """Both ways to the cluster; the client has its credentials for the hub from `basefly`, as kubectl has."""
    for name, value in reached.environment.items():
        monkeypatch.setenv(name, value)
    direct, through = (Side(name, tmp_path, {"admin": reached.direct.read_text()}) for name in ("direct", "through"))
    through.kubeconfig.write_text(reached.through.read_text())
    return direct, through


@pytest.fixture
def apis(sides: tuple[Side, Side]) -> tuple[ApiClient, ...]:
    return tuple(config.new_client_from_config(str(side.kubeconfig)) for side in sides)  # type: ignore[no-untyped-call]  # the client has no types


def test_reads_and_writes_the_same(sides: tuple[Side, Side], reached: Reached) -> None:
    for side in sides:
        side.family = "python"
        python_client.calls(side)
        reached.node.plane.kubectl("delete", "namespace", python_client.SPACE)
    direct, through = ({title: normal(answer.value()) for title, answer in side.answers.items()} for side in sides)
    assert len(through) >= 20
    found = {each.path: each[1:] for each in differences(direct, through)}
    assert {path: both for path, both in found.items() if not any(fnmatchcase(path, known) for known in KNOWN)} == {}


def test_a_large_list_comes_in_pages(apis: tuple[ApiClient, ...], reached: Reached) -> None:
    with reached.node.plane.namespace("python-many") as namespace:
        reached.node.plane.apply(
            *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"n{number}", "namespace": namespace}}
              for number in range(MANY))
        )  # fmt: skip
        direct, through = (paged(client.CoreV1Api(api), namespace) for api in apis)
    assert [len(page) for page in through] == [len(page) for page in direct]
    assert through == direct
    assert sum(map(len, through)) >= MANY


def test_a_command_runs_in_a_pod(apis: tuple[ApiClient, ...], reached: Reached) -> None:
    reached.node.run("python-shell")
    told = [ran(client.CoreV1Api(api), "python-shell") for api in apis]
    assert told[1] == told[0] == ("heard: a line\n", "to stderr\n", 7)


def test_a_log_is_followed(apis: tuple[ApiClient, ...], reached: Reached) -> None:
    reached.node.run("python-log")
    for api in apis:
        line = uuid4().hex
        read = client.CoreV1Api(api).read_namespaced_pod_log
        lines = watch.Watch().stream(read, "python-log", "default", _request_timeout=20)  # type: ignore[no-untyped-call]  # the client has no types
        assert next(lines) == "hello"
        reached.node.say("python-log", line)
        assert next(found for found in lines if found == line)


def paged(core: Any, namespace: str) -> list[list[str]]:
    """The names of all config maps, page by page."""
    pages, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(namespace, limit=PAGE, _continue=token)
        pages.append([each.metadata.name for each in page.items])
        token = page.metadata._continue or ""
    return pages


def ran(core: Any, pod: str) -> tuple[str, str, int]:
    """What a command in a pod says and how it ends, when it is told a line."""
    words = ["sh", "-c", 'read line; echo "heard: $line"; echo to stderr >&2; exit 7']
    shell = stream(core.connect_get_namespaced_pod_exec, pod, "default", command=words, stdin=True, stdout=True,
                   stderr=True, tty=False, _preload_content=False)  # fmt: skip
    shell.write_stdin("a line\n")
    shell.run_forever(timeout=20)
    return shell.read_stdout(), shell.read_stderr(), shell.returncode
