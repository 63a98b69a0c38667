"""Before a cluster is kept it is checked, and what is wrong is said exactly, with its cure."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import trustme

from basefly.base.kube import kubeconfig
from basefly.base.kube.credentials import Credentials
from basefly.base.secret import Secret
from basefly.base.web.language import reading, told
from basefly.core.clusters import checks
from basefly.core.clusters.checks import Report
from basefly.core.clusters.model import Place
from basefly.sim import Cluster, Effect
from tests.base.kube.apiserver import Answer, Apiserver, Asked, credentials, tls

VERSION = {"gitVersion": "v1.30.1", "major": "1", "minor": "30"}


async def check(given: Credentials) -> Report:
    report = await checks.check(given, private=True)
    failed = [c for c in report.checks if not c.ok]
    assert bool(failed) is not report.ok
    assert all(c.cure for c in failed)
    for language in ("de", "zh-Hans"):
        with reading(language):
            assert [text for c in report.checks for text in (c.detail, c.cure) if text and told(text) == text] == []
    return report


def admin(cluster: Cluster, token: str = "") -> Credentials:
    (context,) = kubeconfig.read(cluster.kubeconfig(token=token or None))
    assert context.credentials is not None
    return context.credentials


def steps(report: Report) -> list[str]:
    return [("" if c.ok else "!") + c.name for c in report.checks]


async def test_all_is_well(cluster: Cluster) -> None:
    cluster.seed(nodes=3, pods=1)
    report = await check(admin(cluster))
    assert report.ok, report
    assert steps(report) == list(checks.STEPS)
    assert report.version.startswith("v1.")
    assert report.missing == []
    assert report.place != Place()


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        report = await check(credentials(f"https://127.0.0.1:{taken.getsockname()[1]}"))
    assert steps(report) == ["!address"]
    assert "refused" in report.checks[0].detail


async def test_the_authority_is_another(cluster: Cluster) -> None:
    wrong = Credentials(server=cluster.server, ca=trustme.CA().cert_pem.bytes().decode(), token=Secret("x"))
    assert steps(await check(wrong)) == ["address", "!certificate"]


async def test_the_token_is_not_known(cluster: Cluster) -> None:
    report = await check(admin(cluster, token="of-yesterday"))
    assert steps(report) == ["address", "certificate", "kubernetes", "!authentication"]
    assert "401" in report.checks[-1].detail


async def test_something_else_answers() -> None:
    async with Apiserver.start(lambda _asked, out: out.whole(b"<html>")) as server:
        assert steps(await check(credentials(server.url))) == ["address", "certificate", "!kubernetes"]
    async with Apiserver.start(lambda _asked, out: out.whole(b"not here", 404)) as server:
        assert steps(await check(credentials(server.url))) == ["address", "certificate", "!kubernetes"]


async def test_the_api_server_fails(cluster: Cluster) -> None:
    with cluster.faults.inject(Effect.ERROR, code=500):
        assert steps(await check(admin(cluster))) == ["address", "certificate", "!kubernetes"]


async def test_an_account_without_rights_is_told_which(cluster: Cluster) -> None:
    report = await check(admin(cluster, token=cluster.issue_token("nobody-special")))
    assert steps(report)[-1] == "!rights"
    assert "list pods" in report.missing
    assert "watch nodes" in report.missing
    assert "pods" in report.checks[-1].detail
    assert "403" in report.checks[-1].detail


async def test_an_account_that_sees_enough_is_taken_and_what_it_lacks_is_named(cluster: Cluster) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods", "nodes", "namespaces"], "verbs": ["get", "list", "watch"]}]
    cluster.api.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "sees"},
            "rules": rules,
        }
    )
    cluster.api.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "sees"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "sees"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "robot"}],
        }
    )
    report = await check(admin(cluster, token=cluster.issue_token("robot")))
    assert report.ok, report
    assert "list secrets" in report.missing
    assert not any(right.endswith((" pods", " nodes", " namespaces")) for right in report.missing)


@pytest.mark.parametrize(
    ("version", "well"),
    [({"gitVersion": "v1.15.0", "major": "1", "minor": "15+"}, False), ({**VERSION, "minor": "30+"}, True)],
)
async def test_a_version_too_old_is_refused(version: dict[str, str], well: bool) -> None:
    async with Apiserver.start(_server(version)) as server:
        report = await check(credentials(server.url))
    assert ("!version" in steps(report)) is not well


async def test_being_a_stranger_is_no_authentication() -> None:
    async with Apiserver.start(_server(VERSION, "system:anonymous")) as server:
        report = await check(credentials(server.url))
    assert steps(report)[-1] == "!authentication"
    assert "stranger" in report.checks[-1].detail


async def test_a_certificate_for_another_name_names_the_cure() -> None:
    async with Apiserver.start(_server(VERSION), context=tls(trustme.CA(), "else.example")) as server:
        given = credentials(server.url)
        assert steps(await check(given))[-1] == "!certificate"


def _server(version: dict[str, str], who: str = "robot") -> Any:
    """A server that knows the asker as `who` and allows everything."""

    async def serve(asked: Asked, out: Answer) -> None:
        if asked.path == "/version":
            await out.json(version)
        elif asked.path.endswith("selfsubjectreviews"):
            await out.json({"status": {"userInfo": {"username": who}}}, 201)
        elif asked.path.endswith("selfsubjectaccessreviews"):
            await out.json({"status": {"allowed": True}}, 201)
        else:
            await out.json({"metadata": {}, "items": []})

    return serve
