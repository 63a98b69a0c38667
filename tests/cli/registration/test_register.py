"""From contexts of a kubeconfig to clusters of a real hub."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from basefly.sim.access.users import User
from tests.cli.kubeconfig.test_execplugin import V1, answering, credential, token
from tests.cli.shell import Shell
from tests.cli.world import World


@pytest.fixture
def mine(mia: Shell) -> Iterator[Shell]:
    """Mia, who removes what she registered under names that begin with new."""
    yield mia
    for left in mia.done("clusters", "list", "--match", "new", "-o", "name").out.split():
        mia.done("clusters", "remove", left, "--yes")


@pytest.fixture
def config(world: World) -> dict[str, Any]:
    """The kubeconfig of both clusters, to be changed."""
    read: dict[str, Any] = yaml.safe_load(world.kubeconfig.read_text())
    return read


def write(folder: Path, config: dict[str, Any]) -> str:
    (folder / "config").write_text(json.dumps(config))
    return str(folder / "config")


class TestRegister:
    def test_all_contexts_with_labels_and_names(self, mine: Shell) -> None:
        ran = mine.done(
            "clusters", "register", "--name", "new-{context}", "--label", "tier=gold", "--provider", "metal"
        )
        assert [row[:3] for row in ran.rows] == [
            ["CONTEXT", "RESULT", "CLUSTER"],
            ["sim-1", "registered", "new-sim-1"],
            ["sim-2", "registered", "new-sim-2"],
        ]
        shown = mine.done("clusters", "show", "new-sim-2", "-o", "json").json
        assert (shown["labels"], shown["provider"]) == ({"tier": "gold"}, "metal")

    def test_a_second_time_it_is_already_there(self, mine: Shell) -> None:
        ran = mine.done("clusters", "register")
        assert [row[1] for row in ran.rows[1:]] == ["already there", "already there"]

    def test_a_namesake_elsewhere_is_refused(self, mine: Shell) -> None:
        ran = mine("clusters", "register", "--context", "sim-1", "--name", "sim-2")
        assert ran.code == 1
        assert ran.rows[1][1] == "refused"
        assert "sim-2" in ran.err

    def test_what_works_is_taken_and_the_rest_explained(
        self, mine: Shell, config: dict[str, Any], tmp_path: Path
    ) -> None:
        config["clusters"][1]["cluster"]["server"] = "https://127.0.0.1:1"
        ran = mine("clusters", "register", "--kubeconfig", write(tmp_path, config), "--name", "new-{context}")
        assert ran.code == 7
        assert [row[1] for row in ran.rows[1:]] == ["registered", "refused"]
        assert "error: Context 'sim-2': " in ran.err
        assert "  try: " in ran.err

    def test_a_plugin_runs_here_and_its_end_is_told(self, mine: Shell, config: dict[str, Any], tmp_path: Path) -> None:
        secret = config["users"][0]["user"]["token"]
        command = answering(tmp_path, credential(token=secret, expirationTimestamp="2099-01-01T00:00:00Z"))
        plugin = {"apiVersion": V1, "command": command, "interactiveMode": "Never"}
        config["users"][0]["user"] = {"exec": plugin}
        only = ["--kubeconfig", write(tmp_path, config), "--context", "sim-1"]
        ran = mine.done("clusters", "register", *only, "--name", "new-plugin")
        assert f"Asking {command} for credentials…" in ran.err
        assert "come from an exec plugin and end at 2099-01-01 00:00 UTC" in ran.err
        assert "basefly clusters rotate new-plugin --context sim-1 --service-account view" in ran.err
        assert secret not in ran.out + ran.err

    def test_a_plugin_that_fails_costs_only_its_context(
        self, mine: Shell, config: dict[str, Any], tmp_path: Path
    ) -> None:
        config["users"][0]["user"] = {"exec": {"apiVersion": V1, "command": "no-such", "interactiveMode": "Never"}}
        ran = mine("clusters", "register", "--kubeconfig", write(tmp_path, config), "--name", "new-{context}")
        assert (ran.code, [row[1] for row in ran.rows[1:]]) == (7, ["refused", "registered"])
        assert "The program 'no-such', which gives the credentials, is not there." in ran.err

    def test_a_token_that_ends_soon_is_told(
        self, mine: Shell, world: World, config: dict[str, Any], tmp_path: Path
    ) -> None:
        ending = token({"exp": 1_000_000_000})
        world.call(lambda: world.cluster("sim-1").tokens.update({ending: User("mia", ("system:masters",))}))
        config["users"][0]["user"] = {"token": ending}
        only = ["--kubeconfig", write(tmp_path, config), "--context", "sim-1"]
        ran = mine.done("clusters", "register", *only, "--name", "new-ending")
        assert "the credentials come from the kubeconfig and ended at 2001-09-09 01:46 UTC" in ran.err

    def test_who_waits_at_a_terminal_sees_how_far_it_is(self, mine: Shell) -> None:
        outer, inner = pty.openpty()
        command = [sys.executable, "-m", "basefly", "clusters", "register"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(mine.home), "TERM": "xterm", **mine.environ}
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=inner, text=True, check=True)
        os.close(inner)
        assert "The hub checks" in os.read(outer, 65536).decode()
        assert ended.stdout.startswith("CONTEXT   RESULT")

    @pytest.mark.parametrize(
        ("words", "code", "why"),
        [
            (("--context", "nowhere"), 5, "The kubeconfig has no context 'nowhere'.\n  try: There are: sim-1, sim-2."),
            (("--kubeconfig", "/nowhere"), 5, "There is no file /nowhere."),
            (("--label", "nonsense"), 2, "--label 'nonsense' is no label."),
            (("--name", "same"), 2, "would both be named 'same'"),
        ],
    )
    def test_what_cannot_be_asked(self, mine: Shell, words: tuple[str, ...], code: int, why: str) -> None:
        ran = mine("clusters", "register", *words)
        assert (ran.code, ran.out) == (code, "")
        assert why in ran.err

    def test_a_sign_in_that_has_ended_is_told_once_and_before_any_plugin(self, mine: Shell) -> None:
        ran = mine("clusters", "register", BASEFLY_TOKEN="basefly_void")
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.count("error:") == 1


class TestCheck:
    def test_a_dry_run_keeps_nothing(self, mine: Shell) -> None:
        ran = mine.done("clusters", "register", "--dry-run", "--name", "new-{context}")
        assert [row[1] for row in ran.rows[1:]] == ["ready", "ready"]
        assert mine("clusters", "show", "new-sim-1").code == 5

    def test_every_step_is_told(self, mine: Shell) -> None:
        told = mine.done("clusters", "check", "sim-1").out.splitlines()
        assert [line.split()[1] for line in told[1:]] == [
            "address", "certificate", "kubernetes", "authentication", "version", "rights",
        ]  # fmt: skip

    def test_the_first_that_fails_has_a_cure(self, mine: Shell, config: dict[str, Any], tmp_path: Path) -> None:
        config["users"][0]["user"] = {"token": "wrong"}
        ran = mine("clusters", "check", "sim-1", "--kubeconfig", write(tmp_path, config))
        assert ran.code == 1
        assert "  ✕ authentication" in ran.out
        assert "    try: " in ran.out

    def test_what_cannot_even_be_sent(self, mine: Shell, config: dict[str, Any], tmp_path: Path) -> None:
        config["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
        ran = mine("clusters", "check", "--kubeconfig", write(tmp_path, config))
        assert ran.code == 7
        assert "  ✕ Context 'sim-1': insecure-skip-tls-verify is set" in ran.out


class TestRotate:
    def test_new_credentials_take_the_place_of_the_old(self, mine: Shell) -> None:
        mine.done("clusters", "register", "--context", "sim-1", "--name", "new-east")
        ran = mine.done("clusters", "rotate", "new-east", "--context", "sim-1")
        assert ran.out == "new-east has new credentials.\n"

    def test_those_of_another_address_need_a_yes(self, mine: Shell) -> None:
        mine.done("clusters", "register", "--context", "sim-1", "--name", "new-east")
        ran = mine("clusters", "rotate", "new-east", "--context", "sim-2")
        assert ran.code == 2
        assert "The context sim-2 leads to https://127.0.0.1:" in ran.err

    def test_those_that_do_not_work_are_refused(self, mine: Shell, config: dict[str, Any], tmp_path: Path) -> None:
        config["users"][0]["user"] = {"token": "wrong"}
        ran = mine("clusters", "rotate", "sim-1", "--kubeconfig", write(tmp_path, config))
        assert ran.code == 1
        assert "authentication" in ran.err or "401" in ran.err
        assert mine("clusters", "show", "sim-1").code == 0
