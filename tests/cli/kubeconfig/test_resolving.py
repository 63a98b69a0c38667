"""Contexts made self-contained, compared with `kubectl config view --flatten --raw --minify`."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from basefly.base.kube import kubeconfig as hub
from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import loading, resolving
from tests.cli.kubeconfig.test_execplugin import V1, answering, credential, token
from tests.cli.kubeconfig.test_loading import kubectl, write

PEM = trustme.CA().cert_pem.bytes().decode()
SECRET = "hunter2"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def one(folder: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> Path:
    """A kubeconfig with the one context `prod`."""
    return write(
        folder / "config",
        clusters={"c": {"server": "https://c:6443"} | (cluster or {})},
        users={"u": {"token": SECRET} if user is None else user},
        contexts={"prod": {"cluster": "c", "user": "u", "namespace": "shop"}},
        **{"current-context": "prod"},
    )


def resolve(file: Path, name: str = "prod") -> resolving.Resolved:
    return resolving.resolve(loading.load(file), name)


def sent(resolved: resolving.Resolved) -> tuple[dict[str, Any], dict[str, Any]]:
    """Cluster and user of the kubeconfig that travels."""
    document = json.loads(resolved.kubeconfig())
    (cluster,), (user,) = document["clusters"], document["users"]
    return cluster["cluster"], user["user"]


class TestFiles:
    def test_relative_references_start_beside_their_own_file(self, tmp_path: Path, monkeypatch: Any) -> None:
        for name, text in {"ca.crt": PEM, "tls.crt": PEM, "tls.key": "KEY", "tok": f" {SECRET}\n"}.items():
            (tmp_path / "a" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "a" / name).write_text(text)
        files = [
            write(tmp_path / "a/config", clusters={"c": {"server": "https://c", "certificate-authority": "ca.crt"}}),
            write(
                tmp_path / "b/config",
                users={"u": {"client-certificate": "../a/tls.crt", "client-key": str(tmp_path / "a/tls.key")}},
                contexts={"prod": {"cluster": "c", "user": "u"}, "tok": {"cluster": "c", "user": "t"}},
                **{"current-context": "prod"},
            ),
            write(tmp_path / "a/users", users={"t": {"tokenFile": "tok"}}),
        ]
        monkeypatch.chdir(tmp_path / "b")
        config = loading.load(None, {"KUBECONFIG": f"../a/config:config:{files[2]}"})
        cluster, user = sent(resolving.resolve(config, "prod"))
        theirs = kubectl(files, "--minify")
        assert cluster == theirs["clusters"][0]["cluster"]
        assert user == theirs["users"][0]["user"]
        assert sent(resolving.resolve(config, "tok"))[1] == {"token": SECRET}

    def test_the_token_file_comes_before_the_token_while_it_can_be_read(self, tmp_path: Path) -> None:
        file = one(tmp_path, user={"token": "old", "tokenFile": "tok"})
        assert sent(resolve(file))[1] == {"token": "old"}
        (tmp_path / "tok").write_text("new\n")
        assert sent(resolve(file))[1] == {"token": "new"}

    def test_a_file_that_is_gone_is_named(self, tmp_path: Path) -> None:
        for what in ("client-certificate", "client-key", "tokenFile"):
            with pytest.raises(Failure, match=rf"Context 'prod': {what} gone cannot be read \(No such file"):
                resolve(one(tmp_path, user={what: "gone"}))
        with pytest.raises(Failure, match="certificate-authority gone cannot be read"):
            resolve(one(tmp_path, cluster={"certificate-authority": "gone"}))


class TestStandalone:
    def test_the_hub_takes_what_is_sent(self, tmp_path: Path) -> None:
        file = one(tmp_path, cluster={"certificate-authority-data": encoded(PEM), "tls-server-name": "inner"})
        (context,) = hub.read(resolve(file).kubeconfig())
        assert context.credentials is not None, context.why
        assert (context.name, context.server) == ("prod", "https://c:6443")
        assert context.credentials.tls_server_name == "inner"
        assert context.credentials.token is not None
        assert context.credentials.token.reveal() == SECRET

    def test_nothing_else_of_the_kubeconfig_travels(self, tmp_path: Path) -> None:
        file = one(tmp_path)
        document = json.loads(file.read_text())
        document["users"].append({"name": "other", "user": {"token": "another"}})
        document["clusters"].append({"name": "other", "cluster": {"server": "https://another"}})
        file.write_text(json.dumps(document))
        assert "another" not in resolve(file).kubeconfig()

    def test_its_repr_tells_no_secret(self, tmp_path: Path) -> None:
        assert SECRET not in repr(resolve(one(tmp_path)))


class TestSignIn:
    def test_a_token_is_preferred_to_a_certificate_and_tells_its_end(self, tmp_path: Path) -> None:
        certificate = {"client-certificate-data": encoded(PEM), "client-key-data": encoded("KEY")}
        ending = token({"exp": 1_900_000_000})
        resolved = resolve(one(tmp_path, user={"token": ending} | certificate))
        assert resolved.source == "token"
        assert resolved.expires_at == datetime.fromtimestamp(1_900_000_000, UTC)
        assert not resolved.short_lived
        assert resolve(one(tmp_path, user=certificate)).source == "certificate"

    def test_a_plugin_beside_the_kubeconfig(self, tmp_path: Path) -> None:
        answering(tmp_path, credential(token=SECRET))
        plugin = {"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"}
        resolved = resolve(one(tmp_path, user={"exec": plugin}))
        assert (resolved.source, resolved.short_lived) == ("exec", True)
        assert sent(resolved)[1] == {"token": SECRET}

    def test_a_plugin_is_not_run_where_a_token_stands(self, tmp_path: Path) -> None:
        plugin = {"apiVersion": V1, "command": "./gone", "interactiveMode": "Never"}
        assert resolve(one(tmp_path, user={"exec": plugin, "token": SECRET})).source == "token"

    def test_whoever_waits_is_told_before_a_plugin_runs(self, tmp_path: Path) -> None:
        plugin = {"apiVersion": V1, "command": "./gone", "interactiveMode": "Never"}
        config = loading.load(one(tmp_path, user={"exec": plugin}))
        told: list[str] = []
        with pytest.raises(Failure, match=r"Context 'prod': The program .*gone.* is not there"):
            resolving.resolve(config, "prod", on_plugin=lambda found: told.append(found.command))
        assert told == [str(tmp_path / "gone")]

    def test_an_oidc_token(self, tmp_path: Path) -> None:
        held = token({"exp": 4_000_000_000})
        resolved = resolve(one(tmp_path, user={"auth-provider": {"name": "oidc", "config": {"id-token": held}}}))
        assert (resolved.source, sent(resolved)[1]) == ("oidc", {"token": held})


class TestRefused:
    @pytest.mark.parametrize(
        ("cluster", "user", "why"),
        [
            ({"server": ""}, None, "no server"),
            ({"insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify"),
            ({"proxy-url": "http://proxy"}, None, "proxy-url"),
            ({"certificate-authority-data": "Q Q!"}, None, "certificate-authority is not base64"),
            ({"certificate-authority-data": "/////w=="}, None, "certificate-authority is not base64"),
            ({"certificate-authority-data": "QQ==", "certificate-authority": "x"}, None, "both set"),
            (None, {}, "no credentials"),
            (None, {"as": "admin", "token": SECRET}, "impersonates"),
            (None, {"as-groups": ["system:masters"], "token": SECRET}, "impersonates"),
            (None, {"username": "admin", "password": SECRET}, "username and password"),
            (None, {"client-certificate-data": encoded(PEM)}, "without its key"),
            (None, {"client-key-data": encoded(SECRET)}, "no credentials"),
            (None, {"auth-provider": {"name": "gcp"}}, "'gcp' no longer exists"),
            (None, {"exec": {"command": "x"}, "auth-provider": {"name": "oidc"}}, "both exec and auth-provider"),
        ],
    )
    def test_with_the_context_and_a_cure(
        self, tmp_path: Path, cluster: dict[str, Any] | None, user: dict[str, Any] | None, why: str
    ) -> None:
        with pytest.raises(Failure, match=why) as caught:
            resolve(one(tmp_path, cluster=cluster, user=user))
        assert str(caught.value).startswith("Context 'prod': ")
        assert caught.value.cure
        assert SECRET not in f"{caught.value} {caught.value.cure}"

    def test_a_cluster_or_a_user_that_is_not_there(self, tmp_path: Path) -> None:
        file = write(
            tmp_path / "config",
            clusters={"c": {"server": "https://c"}},
            contexts={"a": {"cluster": "x", "user": "u"}, "b": {"cluster": "c", "user": "y"}},
        )
        with pytest.raises(Failure, match="its cluster 'x' is not there"):
            resolve(file, "a")
        with pytest.raises(Failure, match="its user 'y' is not there"):
            resolve(file, "b")
