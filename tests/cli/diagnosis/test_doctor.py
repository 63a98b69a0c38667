"""`basefly doctor`: with a hub, without one, and with each thing that can be wrong."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from basefly.cli.client.hub import Hub
from basefly.cli.diagnosis import machine, remote
from tests.cli.conftest import eventually, followed
from tests.cli.shell import Ran, Shell
from tests.cli.world import World


class Usage(NamedTuple):
    """What shutil.disk_usage returns."""

    total: int
    used: int
    free: int


AWAY = {"BASEFLY_URL": "http://127.0.0.1:1"}


def findings(ran: Ran) -> dict[str, dict[str, Any]]:
    return {finding["name"].strip(): finding for finding in ran.json["findings"]}


class TestHub:
    def test_all_is_well(self, mia: Shell) -> None:
        ran = mia.done("doctor")
        assert {line[0] for line in ran.out.splitlines()} <= {"✓", "!", " "}
        assert "2 of 2 are healthy." in ran.out
        assert "2 contexts for `basefly clusters register`." in ran.out

    def test_nobody_signed_in(self, shell: Shell, world: World) -> None:
        found = findings(shell.done("doctor", "--json", BASEFLY_URL=world.url))
        assert (found["hub"]["state"], found["sign-in"]["state"]) == ("ok", "unknown")

    def test_a_sign_in_that_ended(self, shell: Shell, world: World) -> None:
        ran = shell("doctor", "--json", BASEFLY_URL=world.url, BASEFLY_TOKEN="void")
        assert (ran.code, findings(ran)["sign-in"]["state"]) == (1, "wrong")

    def test_a_cluster_that_is_down(self, mia: Shell, world: World) -> None:
        world.wait(world.cluster("sim-2").stop())
        try:
            eventually(lambda: findings(mia("doctor", "--json")).get("sim-2", {}).get("state") == "wrong", within=60)
            ran = mia("doctor")
        finally:
            world.wait(world.cluster("sim-2").start())
        assert ran.code == 1
        assert "! clusters        1 of 2 are healthy." in ran.out
        assert "try: basefly clusters show sim-2" in ran.out
        eventually(lambda: mia("doctor").code == 0, within=60)
        followed(mia)

    def test_clocks_that_differ(self) -> None:
        (finding,) = remote._clock("Wed, 21 Oct 2015 07:28:00 GMT")
        assert (finding.name, finding.state) == ("clocks", "warning")
        assert list(remote._clock("")) == []

    def test_what_cannot_be_read_is_named(self) -> None:
        one = {"cluster": {"name": "east"}, "resource": "pods", "count": 3}
        finding = remote._unreadable([one] * 5)
        assert (finding.state, finding.cure) == ("warning", "basefly unreadable")
        assert "3 pods in east" in finding.detail
        assert "and 2 more" in finding.detail
        assert remote._unreadable([]).state == "ok"

    def test_an_older_hub_that_has_no_answer_is_not_at_fault(self, world: World) -> None:
        with Hub(world.url) as hub:
            finding = remote._told(hub, "/of-tomorrow", "processes", remote._processes)
        assert (finding.name, finding.state) == ("processes", "unknown")
        assert "older" in finding.detail

    def test_versions_that_differ(self) -> None:
        assert remote._versions("99.0.0").state == "warning"


class TestMachine:
    """Without a hub, this machine is looked at."""

    def look(self, shell: Shell, data: Path, **environ: str) -> dict[str, dict[str, Any]]:
        return findings(shell("doctor", "--json", "--data-dir", str(data), **AWAY, **environ))

    def test_the_hub_is_down(self, shell: Shell, tmp_path: Path) -> None:
        ran = shell("doctor", "--data-dir", str(tmp_path), **AWAY)
        assert ran.code == 1
        assert "✕ hub             The hub at http://127.0.0.1:1 does not answer: connection refused" in ran.out
        assert "✓ disk" in ran.out
        assert "`basefly doctor` looks closer" not in ran.out

    def test_no_data_yet(self, shell: Shell, tmp_path: Path) -> None:
        found = self.look(shell, tmp_path / "none")
        assert found["data folder"]["detail"].endswith("the first `basefly up` makes it.")
        assert found["database"]["state"] == "ok"

    def test_a_folder_that_others_can_read(self, shell: Shell, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        assert self.look(shell, tmp_path)["data folder"]["cure"] == f"chmod 711 {tmp_path}"

    def test_a_key_that_others_can_read(self, shell: Shell, tmp_path: Path) -> None:
        key = tmp_path / "encryption.key"
        key.touch(0o644)
        assert self.look(shell, tmp_path)["encryption"]["cure"] == f"chmod 600 {key}"
        key.chmod(0o600)
        assert "encryption" not in self.look(shell, tmp_path)

    def test_data_of_another_postgresql(self, shell: Shell, tmp_path: Path) -> None:
        data = tmp_path / "postgres/data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("12\n")
        found = self.look(shell, tmp_path)["database"]
        assert found["state"] == "wrong"
        assert "The data are of PostgreSQL 12, and Basefly brings 1" in found["detail"]
        assert "BASEFLY_POSTGRES_BIN" in found["cure"]

    def test_whether_the_embedded_database_runs(self, shell: Shell, tmp_path: Path) -> None:
        data = tmp_path / "postgres/data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text(str(machine._embedded_version()))
        assert "is not running" in self.look(shell, tmp_path)["database"]["detail"]
        (data / "postmaster.pid").write_text(f"{os.getpid()}\n/data\n")
        assert f"is running (process {os.getpid()})" in self.look(shell, tmp_path)["database"]["detail"]

    def test_a_database_given_by_its_address(self, shell: Shell, tmp_path: Path) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            held.listen()
            url = f"postgresql://basefly:secret@127.0.0.1:{held.getsockname()[1]}/basefly"
            assert self.look(shell, tmp_path, BASEFLY_DATABASE_URL=url)["database"]["state"] == "ok"
        found = self.look(shell, tmp_path, BASEFLY_DATABASE_URL=url)["database"]
        assert found["state"] == "wrong"
        assert "secret" not in str(found)

    def test_a_database_behind_a_socket(self, shell: Shell, tmp_path: Path) -> None:
        url = f"postgresql:///basefly?host={tmp_path}&port=5433"
        assert self.look(shell, tmp_path, BASEFLY_DATABASE_URL=url)["database"]["state"] == "wrong"
        with socket.socket(socket.AF_UNIX) as held:
            held.bind(f"{tmp_path}/.s.PGSQL.5433")
            held.listen()
            assert self.look(shell, tmp_path, BASEFLY_DATABASE_URL=url)["database"]["state"] == "ok"

    @pytest.mark.parametrize(("free", "state"), [(1, "wrong"), (5, "warning"), (50, "ok")])
    def test_the_room_on_the_disk(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
    ) -> None:
        gib = 1024**3
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100 * gib, (100 - free) * gib, free * gib))
        found = self.look(shell, tmp_path)["disk"]
        assert found["state"] == state
        assert found["detail"].startswith(f"{free}GiB of 100GiB free")

    def test_a_kubeconfig_that_cannot_be_read(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "broken").write_text("kind: Pod")
        found = self.look(shell, tmp_path, KUBECONFIG=str(tmp_path / "broken"))["kubeconfig"]
        assert found["state"] == "warning"
