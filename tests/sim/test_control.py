"""The control server and the commands that speak to it."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from basefly.sim import Cluster, Fleet
from basefly.sim.control.server import control
from tests.sim.faults.raw import MAPS, config_map, hear


class Hand:
    """Asks the control server of a fleet."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base

    async def __call__(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        async with self._session.request(method, self._base + path, json=body or None) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def hand(fleet: Fleet) -> AsyncIterator[Hand]:
    async with control(fleet) as found:
        headers = {"Authorization": f"Bearer {found.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Hand(session, f"http://127.0.0.1:{found.port}")


async def test_a_fault_is_added_listed_and_removed(hand: Hand, fleet: Fleet) -> None:
    first, second = fleet.clusters
    status, told = await hand("POST", "/clusters/sim-1/faults", effect="gone-at-once", resource="configmaps")
    assert (status, told["sim-1"]["effect"], told["sim-1"]["struck"]) == (200, "gone at once", 0)
    assert ((await hear(first, MAPS)).status, (await hear(second, MAPS)).status) == (410, 200)
    _, told = await hand("GET", "/clusters")
    assert [fault["struck"] for fault in told["sim-1"]["faults"]] == [1]
    assert told["sim-2"]["faults"] == []
    number = told["sim-1"]["faults"][0]["number"]
    assert (await hand("DELETE", f"/clusters/sim-1/faults/{number}"))[0] == 200
    assert (await hear(first, MAPS)).status == 200
    await hand("POST", "/clusters/all/faults", effect="ERROR", code=503)
    assert (await hand("DELETE", "/clusters/all/faults"))[1] == {"sim-1": 1, "sim-2": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said", "choice"),
    [
        ("POST", "/clusters/all/faults", {"effect": "slwo"}, 400, "slwo", "gone at once"),
        ("POST", "/clusters/all/faults", {"effect": "slow", "speed": 1}, 400, "seconds", "slow"),
        ("POST", "/clusters/all/faults", {"effect": "slow", "share": 7}, 400, "share", "slow"),
        ("GET", "/clusters/none", {}, 404, "none", "sim-2"),
        ("GET", "/clusters/all/fault", {}, 404, "fault", "GET /clusters/NAME/faults"),
        ("PUT", "/clusters/all/certificate", {"name": "ugly"}, 400, "ugly", "expired"),
        ("PUT", "/clusters/all/tls", {"name": "9"}, 400, "9", "1.1"),
        ("PUT", "/clusters/all/pace", {"pace": 0}, 400, "pace", None),
        ("PUT", "/clusters/all/state", {"state": "dead"}, 400, "state", None),
        ("DELETE", "/clusters/sim-1/faults/99", {}, 404, "99", None),
        ("PUT", "/clusters/sim-1/version", {"version": 99_999}, 400, "choose one from", None),
    ],
)
async def test_what_is_wrong_is_told_with_what_would_be_right(
    hand: Hand, method: str, path: str, body: dict[str, Any], status: int, said: str, choice: str | None
) -> None:
    code, told = await hand(method, path, **body)
    assert code == status
    assert said in told["error"]
    assert choice is None or choice in told["choices"]


async def test_nothing_is_told_without_the_token(fleet: Fleet) -> None:
    async with control(fleet) as found, aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{found.port}/clusters")
        assert answer.status == 401
        assert "sim-1" not in await answer.text()


async def test_acts_on_a_cluster(hand: Hand, cluster: Cluster) -> None:
    version = (await hand("POST", "/clusters/sim-1/backups"))[1]["sim-1"]
    cluster.api.create(config_map("late"))
    cluster.compact()
    assert (await hand("PUT", "/clusters/sim-1/version", version=version))[1] == {"sim-1": version}
    assert len(cluster.api.list("configmaps", "default")) == 1
    await hand("PUT", "/clusters/sim-1/pace", pace=60)
    assert cluster.clock.pace == 60
    assert (await hand("PUT", "/clusters/sim-1/state", state="stopped"))[1] == {"sim-1": "stopped"}
    with pytest.raises(aiohttp.ClientConnectorError):
        await _connect(cluster)
    assert (await hand("PUT", "/clusters/sim-1/state", state="restarted"))[1] == {"sim-1": "running"}
    token = (await hand("POST", "/clusters/sim-1/tokens"))[1]["sim-1"]
    assert token == cluster.admin_token
    await hand("POST", "/clusters/sim-1/revocations", token=token)
    cluster.admin_token = token
    assert (await hear(cluster, MAPS)).status == 401
    before = cluster.certificate
    await hand("PUT", "/clusters/sim-1/certificate", name="expired")
    assert cluster.certificate is not before


async def _connect(cluster: Cluster) -> None:
    async with aiohttp.ClientSession() as session:
        await session.get(cluster.server + MAPS)


async def test_requests_are_read_without_credentials(hand: Hand, cluster: Cluster) -> None:
    await hear(cluster, MAPS)
    await hear(cluster, "/api/v1/nodes")
    _, told = await hand("GET", "/clusters/sim-1/requests?resource=configmaps&verb=list")
    [entry] = told["sim-1"]
    assert (entry["path"], entry["status"], entry["user"]) == (MAPS, 200, "admin")
    assert entry["headers"]["authorization"] == "Bearer"
    assert cluster.admin_token not in json.dumps(told)


async def test_scenarios_befall_a_cluster_that_lives(hand: Hand, cluster: Cluster) -> None:
    assert (await hand("POST", "/clusters/sim-1/scenarios", name="steady"))[1] == {"sim-1": "steady"}
    assert (cluster.life.running, cluster.life.scenario) == (True, "steady")
    refused, told = await hand("POST", "/clusters/sim-1/scenarios", name="storm")
    assert refused == 400
    assert "zone-loss" in json.dumps(told)


@asynccontextmanager
async def serving(*words: str) -> AsyncIterator[str]:
    """A fleet in a process of its own; yields what it printed when it was ready."""
    command = (sys.executable, "-m", "basefly.sim", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    said = ""
    async with asyncio.timeout(60):
        while "control" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, "it ended"
            said += line
    try:
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def run(*words: str) -> tuple[int | None, str]:
    command = (sys.executable, "-m", "basefly.sim", *words)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    told, _ = await process.communicate()
    return process.returncode, told.decode()


@pytest.mark.parametrize("serve", [("serve",), ()])
async def test_commands_find_the_fleet_by_its_file(tmp_path: Path, serve: tuple[str, ...]) -> None:
    file = tmp_path / "state.json"
    named = f"--state={file}"
    async with serving(*serve, "--nodes=1", "--pods=2", named, f"--kubeconfig={tmp_path / 'config'}") as said:
        assert said.startswith("sim-1  https://127.0.0.1:")
        assert {stat.S_IMODE(path.stat().st_mode) for path in (file, tmp_path / "config")} == {0o600}
        words = ("too-many-requests", "--resource=pods", "--share=0.5", "--times=3", "--seconds=2", named)
        code, told = await run("fault", "add", *words)
        assert (code, json.loads(told)["sim-1"]["share"]) == (0, 0.5)
        code, told = await run("fault", "list", named)
        assert [fault["effect"] for fault in json.loads(told)["sim-1"]] == ["too many requests"]
        code, told = await run("fault", "add", "slwo", named)
        assert code == 1
        assert "choose from: slow, hang" in told
        assert await run("fault", "clear", named) == (0, '{\n  "sim-1": 1\n}\n')
        assert (await run("requests", "--verb=list", named))[0] == 0
        assert json.loads((await run("pace", "10", named))[1]) == {"sim-1": 10.0}
    assert not file.exists()
    code, told = await run("clusters", named)
    assert code == 1
    assert "start a fleet with" in told


async def test_help_names_every_effect() -> None:
    code, told = await run("fault", "add", "--help")
    assert code == 0
    assert "gone-at-once" in told
    assert "--share" in told
