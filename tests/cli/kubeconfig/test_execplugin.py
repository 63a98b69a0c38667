"""Exec plugins: real programs that answer well, badly, late, or not at all."""

from __future__ import annotations

import base64
import json
import os
import pty
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import execplugin
from basefly.cli.kubeconfig.schema import Cluster, EnvironmentVariable, ExecPlugin, Extension

V1, V1BETA1 = execplugin.VERSIONS
CLUSTER = Cluster(
    server="https://c:6443",
    tls_server_name="inner",
    extensions=[Extension("other", 1), Extension(execplugin.PLUGIN_EXTENSION, {"audience": "x", "none": None})],
)


def program(folder: Path, text: str) -> str:
    """An executable that runs this Python text."""
    path = folder / "plugin"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def answering(folder: Path, answer: Any) -> str:
    return program(folder, f"print({json.dumps(answer)!r})")


def plugin(command: str, **given: Any) -> ExecPlugin:
    return ExecPlugin(**({"command": command, "api_version": V1, "interactive_mode": "Never"} | given))


def credential(version: str = V1, **status: Any) -> dict[str, Any]:
    return {"kind": "ExecCredential", "apiVersion": version, "status": status}


def token(claims: dict[str, Any]) -> str:
    """A JSON Web Token with these claims and no valid signature."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2ln"


class TestAnswers:
    @pytest.mark.parametrize("version", execplugin.VERSIONS)
    def test_a_token_with_its_end(self, tmp_path: Path, version: str) -> None:
        command = answering(tmp_path, credential(version, token="t0k", expirationTimestamp="2030-01-02T03:04:05Z"))
        granted = execplugin.run(plugin(command, api_version=version), CLUSTER, "")
        assert (granted.token, granted.certificate) == ("t0k", "")
        assert granted.expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

    def test_a_certificate_with_its_key(self, tmp_path: Path) -> None:
        command = answering(tmp_path, credential(clientCertificateData="CERT", clientKeyData="KEY"))
        granted = execplugin.run(plugin(command), CLUSTER, "")
        assert (granted.token, granted.certificate, granted.key, granted.expires_at) == ("", "CERT", "KEY", None)

    def test_the_end_that_the_token_tells_by_itself(self, tmp_path: Path) -> None:
        command = answering(tmp_path, credential(token=token({"exp": 1_900_000_000})))
        assert execplugin.run(plugin(command), CLUSTER, "").expires_at == datetime.fromtimestamp(1_900_000_000, UTC)

    def test_its_arguments_and_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KEPT", "kept")
        monkeypatch.setenv("CHANGED", "old")
        code = (
            "import json, os, sys\n"
            "words = [*sys.argv[1:], os.environ['KEPT'], os.environ['CHANGED'], str(sys.stdin.read() == '')]\n"
            f"print(json.dumps({credential()!r} | {{'status': {{'token': ' '.join(words)}}}}))"
        )
        asked = plugin(program(tmp_path, code), args=["a", "$HOME"], env=[EnvironmentVariable("CHANGED", "new")])
        assert execplugin.run(asked, CLUSTER, "").token == "a $HOME kept new True"


class TestInfo:
    def test_without_the_cluster(self) -> None:
        info = json.loads(execplugin.exec_info(plugin("x"), CLUSTER, "Q0E=", interactive=False))
        assert info == {"kind": "ExecCredential", "apiVersion": V1, "spec": {"interactive": False}}

    def test_with_the_cluster_where_the_plugin_asks_for_it(self, tmp_path: Path) -> None:
        code = (
            "import json, os\n"
            f"print(json.dumps({credential()!r} | {{'status': {{'token': os.environ['KUBERNETES_EXEC_INFO']}}}}))"
        )
        asked = plugin(program(tmp_path, code), provide_cluster_info=True)
        assert json.loads(execplugin.run(asked, CLUSTER, "Q0E=").token)["spec"] == {
            "interactive": False,
            "cluster": {
                "server": "https://c:6443",
                "tls-server-name": "inner",
                "certificate-authority-data": "Q0E=",
                "config": {"audience": "x", "none": None},
            },
        }


class TestRefused:
    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ([], "no ExecCredential"),
            ({"kind": "Secret"}, "no ExecCredential"),
            (credential(V1BETA1, token="t0k"), f"another version than {V1}"),
            ({"kind": "ExecCredential", "apiVersion": V1}, "no status"),
            (credential(), "neither a token nor"),
            (credential(token=""), "neither a token nor"),
            (credential(token=5), "neither a token nor"),
            (credential(clientCertificateData="t0k"), "without its key"),
            (credential(token="t0k", clientKeyData="t0k"), "a key alone"),
        ],
    )
    def test_an_answer_that_is_none(self, tmp_path: Path, answer: Any, why: str) -> None:
        with pytest.raises(Failure, match=why) as caught:
            execplugin.run(plugin(answering(tmp_path, answer)), CLUSTER, "")
        assert "t0k" not in str(caught.value)

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("print('t0k')", "not JSON"),
            ("print('[' * 100000)", "not JSON"),
            ("print('x' * 2000000)", "larger than 1024 KiB"),
            ("import sys; print('t0k'); sys.exit(3)", "exit code 3"),
            ("import os; os.kill(os.getpid(), 9)", "exit code -9"),
        ],
    )
    def test_a_program_that_fails(self, tmp_path: Path, code: str, why: str) -> None:
        with pytest.raises(Failure, match=why) as caught:
            execplugin.run(plugin(program(tmp_path, code)), CLUSTER, "")
        assert "t0k" not in str(caught.value)

    def test_a_program_that_hangs(self, tmp_path: Path) -> None:
        started = time.monotonic()
        with pytest.raises(Failure, match=r"no answer within 1 s") as caught:
            execplugin.run(plugin(program(tmp_path, "import time; time.sleep(60)")), CLUSTER, "", patience=1)
        assert time.monotonic() - started < 20
        assert "--exec-timeout" in caught.value.cure

    def test_a_program_that_is_not_there_gives_its_own_hint(self) -> None:
        with pytest.raises(Failure, match="is not there") as caught:
            execplugin.run(plugin("no-such-plugin", install_hint="brew install it"), CLUSTER, "")
        assert caught.value.cure == "brew install it"

    def test_a_file_that_cannot_be_run(self, tmp_path: Path) -> None:
        path = tmp_path / "odd"
        path.write_bytes(b"\x7fELF nonsense")
        path.chmod(0o700)
        with pytest.raises(Failure, match="could not be started"):
            execplugin.run(plugin(str(path)), CLUSTER, "")

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"command": ""}, "names no command"),
            ({"api_version": ""}, "speaks no version"),
            ({"api_version": "client.authentication.k8s.io/v1alpha1"}, "v1alpha1"),
            ({"interactive_mode": ""}, "interactiveMode"),
            ({"interactive_mode": "Always"}, "no terminal"),
            ({"env": [EnvironmentVariable("", "x")]}, "without a name"),
        ],
    )
    def test_a_plugin_that_is_written_wrongly(self, given: dict[str, Any], why: str, monkeypatch: Any) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(Failure, match=why):
            execplugin.run(plugin(**{"command": "true"} | given), CLUSTER, "")


def test_a_plugin_may_ask_at_a_terminal(tmp_path: Path) -> None:
    code = f"import json\nprint(json.dumps({credential()!r} | {{'status': {{'token': input()}}}}))"
    asked = plugin(program(tmp_path, code), interactive_mode="Always")
    child = (
        "from tests.cli.kubeconfig.test_execplugin import *\n"
        f"print('got', execplugin.run(plugin({asked.command!r}, interactive_mode='Always'), CLUSTER, '').token)"
    )
    outer, inner = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", child], stdin=inner, stdout=subprocess.PIPE) as process:
        os.write(outer, b"typed\n")
        output, _ = process.communicate(timeout=60)
    assert output == b"got typed\n"
