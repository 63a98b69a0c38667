"""`basefly kubeconfig`: what it writes, what it leaves alone, and a real kubectl that goes through the hub with it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from e2e.plane.cluster import kubectl_binary
from tests.cli.shell import Shell
from tests.cli.world import World


def kubectl(mia: Shell, config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A real kubectl, which finds `basefly` beside the Python that runs us."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(mia.home), **mia.environ}
    return subprocess.run(
        [kubectl_binary(), "--kubeconfig", str(config), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestPrinting:
    def test_has_a_context_for_each_cluster_and_no_secret(self, mia: Shell) -> None:
        config = yaml.safe_load(mia.done("kubeconfig").out)
        assert [each["name"] for each in config["contexts"]] == ["basefly-sim-1", "basefly-sim-2"]
        assert config["current-context"] == "basefly-sim-1"
        assert [set(user["user"]) for user in config["users"]] == [{"exec"}, {"exec"}]
        assert all("/clusters/" in each["cluster"]["server"] for each in config["clusters"])

    def test_of_the_clusters_that_are_named(self, mia: Shell) -> None:
        config = yaml.safe_load(mia.done("kubeconfig", "sim-2").out)
        assert [each["name"] for each in config["clusters"]] == ["basefly-sim-2"]

    def test_of_one_that_is_not_there(self, mia: Shell) -> None:
        ran = mia("kubeconfig", "sim-3")
        assert ran.code == 5
        assert "sim-3" in ran.err


class TestWriting:
    def test_keeps_what_is_there(self, mia: Shell, tmp_path: Path) -> None:
        file = tmp_path / "config"
        theirs = {"name": "theirs", "cluster": {"server": "https://10.0.0.1"}}
        old = {"name": "basefly-sim-1", "cluster": {"server": "https://old"}}
        file.write_text(
            yaml.safe_dump({"clusters": [theirs, old], "current-context": "theirs", "preferences": {"a": 1}})
        )
        mia.done("kubeconfig", "--file", str(file))
        written = yaml.safe_load(file.read_text())
        assert [each["name"] for each in written["clusters"]] == ["theirs", "basefly-sim-1", "basefly-sim-2"]
        assert written["clusters"][1]["cluster"]["server"] != "https://old"
        assert (written["current-context"], written["preferences"]) == ("theirs", {"a": 1})
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_does_not_touch_what_is_no_kubeconfig(self, mia: Shell, tmp_path: Path) -> None:
        for text in ("- a list", "clusters: 7", "a: [b"):
            file = tmp_path / "config"
            file.write_text(text)
            ran = mia("kubeconfig", "--file", str(file))
            assert ran.code == 1
            assert str(file) in ran.err
            assert file.read_text() == text

    def test_makes_the_default_where_there_is_none(self, mia: Shell, tmp_path: Path) -> None:
        file = tmp_path / "new" / "config"
        mia("kubeconfig", "--write", KUBECONFIG=f"{file}{os.pathsep}/nowhere")
        assert yaml.safe_load(file.read_text())["current-context"] == "basefly-sim-1"


class TestCredential:
    def test_is_kept_until_shortly_before_it_ends(self, mia: Shell, tmp_path: Path) -> None:
        cache = str(tmp_path / "cache")
        first = mia.done("kubeconfig-credential", "sim-1", XDG_CACHE_HOME=cache).json
        assert first["kind"] == "ExecCredential"
        assert first["status"]["token"].startswith("basefly_kube_")
        assert mia.done("kubeconfig-credential", "sim-1", XDG_CACHE_HOME=cache).json == first
        (kept,) = Path(cache).rglob("*.json")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        found = json.loads(kept.read_text())
        for each in found.values():
            each["expires_at"] = "2020-01-01T00:00:00Z"
        kept.write_text(json.dumps(found))
        assert mia.done("kubeconfig-credential", "sim-1", XDG_CACHE_HOME=cache).json != first

    def test_of_someone_who_is_not_signed_in(self, shell: Shell, world: World) -> None:
        ran = shell("kubeconfig-credential", "sim-1", BASEFLY_URL=world.url)
        assert ran.code == 3


@pytest.mark.usefixtures("let_in")
class TestKubectl:
    def test_goes_through_the_hub_as_the_person(self, mia: Shell, world: World, tmp_path: Path) -> None:
        config = tmp_path / "config"
        mia.done("kubeconfig", "sim-1", "--file", str(config))
        listed = kubectl(mia, config, "get", "pods", "-A", "-o", "name")
        assert listed.returncode == 0, listed.stderr
        there = list(world.call(lambda: world.cluster("sim-1").api.list("pods")))
        assert len(listed.stdout.split()) == len(there)
        raw = kubectl(mia, config, "get", "--raw", "/version")
        assert '"gitVersion"' in raw.stdout, raw.stderr
        who = kubectl(mia, config, "auth", "whoami", "-o", "json")
        groups = json.loads(who.stdout)["status"]["userInfo"]["groups"]
        assert {"basefly:view", "basefly:admin"} <= set(groups)
