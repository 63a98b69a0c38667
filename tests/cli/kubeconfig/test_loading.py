"""Which files count and who wins, compared with the real kubectl."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from basefly.cli.exits import Exit, Failure
from basefly.cli.kubeconfig import loading

KUBECTL = shutil.which("kubectl", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")


def kubectl(files: list[Path], *more: str) -> dict[str, Any]:
    """What kubectl makes of these files."""
    assert KUBECTL, "the development dependencies bring kubectl"
    told = subprocess.run(
        [KUBECTL, "config", "view", "--raw", "--flatten", "-o", "json", *more],
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "KUBECONFIG": os.pathsep.join(map(str, files))},
        capture_output=True,
        check=True,
    )
    decoded: dict[str, Any] = json.loads(told.stdout)
    return decoded


def write(path: Path, **config: Any) -> Path:
    """A kubeconfig; clusters, users and contexts are given as name → content."""
    kinds = {"clusters": "cluster", "users": "user", "contexts": "context"}
    document = {
        key: [{"name": name, kinds[key]: content} for name, content in value.items()] if key in kinds else value
        for key, value in config.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config"} | document))
    return path


def merged(files: list[Path]) -> loading.Kubeconfig:
    return loading.load(None, {"KUBECONFIG": os.pathsep.join(map(str, files)), "HOME": "/nowhere"})


class TestMerge:
    def test_the_first_file_wins_each_name_whole(self, tmp_path: Path) -> None:
        a = write(tmp_path / "a", clusters={"c": {"server": "https://a"}}, users={"u": {"token": "a"}})
        b = write(
            tmp_path / "b",
            clusters={"c": {"server": "https://b", "tls-server-name": "b"}, "d": {"server": "https://d"}},
            contexts={"x": {"cluster": "c", "user": "u"}},
            **{"current-context": "x"},
        )
        config = merged([a, b])
        assert {name: (found.cluster.server, found.file) for name, found in config.clusters.items()} == {
            "c": ("https://a", a),
            "d": ("https://d", b),
        }
        assert config.clusters["c"].cluster.tls_server_name == ""
        assert config.current_context == "x"

    @pytest.mark.parametrize("seed", range(12))
    def test_any_files_merge_as_kubectl_merges_them(self, tmp_path: Path, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - chance picks cases here, no secrets
        files = [write(tmp_path / f"config{n}", **_arbitrary(chance)) for n in range(chance.randint(1, 4))]
        files.insert(chance.randint(0, len(files)), tmp_path / "missing")
        config, theirs = merged(files), kubectl(files)
        assert {name: found.cluster.server for name, found in config.clusters.items()} == {
            entry["name"]: entry["cluster"]["server"] for entry in theirs["clusters"] or ()
        }
        assert {name: found.user.token for name, found in config.users.items()} == {
            entry["name"]: entry["user"].get("token", "") for entry in theirs["users"] or ()
        }
        assert {name: (c.cluster, c.user, c.namespace) for name, c in config.contexts.items()} == {
            entry["name"]: (
                entry["context"]["cluster"],
                entry["context"]["user"],
                entry["context"].get("namespace", ""),
            )
            for entry in theirs["contexts"] or ()
        }
        assert config.current_context == theirs["current-context"]


def _arbitrary(chance: random.Random) -> dict[str, Any]:
    some = [name for name in "abcdef" if chance.random() < 0.5]
    config: dict[str, Any] = {
        "clusters": {name: {"server": f"https://{name}:{chance.randint(1, 9)}"} for name in some},
        "users": {name: {"token": str(chance.random())} if chance.random() < 0.7 else {} for name in some},
        "contexts": {
            name: {"cluster": chance.choice("abc"), "user": chance.choice("abc"), "namespace": chance.choice(["", "n"])}
            for name in some
        },
    }
    if chance.random() < 0.6:
        config["current-context"] = chance.choice(["", "a", "b"])
    return config


class TestCandidates:
    def test_the_file_named_is_the_only_one(self) -> None:
        assert loading.candidates(Path("x"), {"KUBECONFIG": "a:b"}) == [Path("x")]

    def test_the_list_without_gaps_and_repetitions(self) -> None:
        assert loading.candidates(None, {"KUBECONFIG": "a::b:a:"}) == [Path("a"), Path("b")]

    @pytest.mark.parametrize("environ", [{"HOME": "/home/me"}, {"HOME": "/home/me", "KUBECONFIG": ""}])
    def test_the_home_of_the_user(self, environ: dict[str, str]) -> None:
        assert loading.candidates(None, environ) == [Path("/home/me/.kube/config")]

    def test_a_file_named_must_exist(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="There is no file") as caught:
            loading.load(tmp_path / "gone", {})
        assert caught.value.exit_code is Exit.NOT_FOUND

    def test_one_broken_file_spoils_the_list_as_in_kubectl(self, tmp_path: Path) -> None:
        (tmp_path / "broken").write_text("kind: Pod")
        with pytest.raises(Failure, match="broken"):
            merged([write(tmp_path / "good"), tmp_path / "broken"])


class TestChosen:
    def test_all_in_the_order_of_the_files(self, tmp_path: Path) -> None:
        a = write(tmp_path / "a", contexts={"z": {}, "y": {}})
        b = write(tmp_path / "b", contexts={"a": {}, "z": {}})
        assert merged([a, b]).chosen([]) == ["z", "y", "a"]

    def test_those_asked_for_once_each(self, tmp_path: Path) -> None:
        assert merged([write(tmp_path / "a", contexts={"z": {}, "y": {}})]).chosen(["y", "y"]) == ["y"]

    def test_an_unknown_one_names_those_that_are_there(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="no context 'x'") as caught:
            merged([write(tmp_path / "a", contexts={"z": {}, "y": {}})]).chosen(["x"])
        assert caught.value.cure == "There are: z, y."

    def test_none_at_all_says_where_it_looked(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match=r"missing.*There is|There is no context.*missing"):
            merged([tmp_path / "missing"]).chosen([])
