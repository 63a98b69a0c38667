"""How people point at objects."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.cli.exits import Failure
from basefly.cli.fleet.reference import Reference, name_of, parse


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["pods"], [Reference("pods")]),
        (["pods,svc"], [Reference("pods"), Reference("svc")]),
        (["pod", "a", "b"], [Reference("pod", "a"), Reference("pod", "b")]),
        (["deploy/web", "svc/web"], [Reference("deploy", "web"), Reference("svc", "web")]),
        (["shop/deploy/web"], [Reference("deploy", "web", "shop")]),
        (["east:node/n1"], [Reference("node", "n1", "", "east")]),
        (["east:shop/deployment.apps/web"], [Reference("deployment.apps", "web", "shop", "east")]),
        (["clusterrole/system:node"], [Reference("clusterrole", "system:node")]),
        (["east:clusterrole/system:node"], [Reference("clusterrole", "system:node", "", "east")]),
        (["clusterrole", "system:node"], [Reference("clusterrole", "system:node")]),
    ],
)
def test_what_is_meant(words: list[str], meant: list[Reference]) -> None:
    assert parse(words) == meant


@pytest.mark.parametrize("words", [[""], [","], ["pods,svc", "web"], ["pod/"], ["/web"], ["a//b"]])
def test_what_means_nothing(words: list[str]) -> None:
    with pytest.raises(Failure):
        parse(words)


@pytest.mark.parametrize("cluster", ["east", "arn:aws:eks:eu-west-1:1:cluster/prod", "with space"])
@pytest.mark.parametrize("namespace", ["", "shop"])
def test_a_printed_name_leads_back(cluster: str, namespace: str) -> None:
    row: dict[str, Any] = {
        "cluster": {"id": "7f6858a2-b88e-493f-8090-769435c24e7a", "name": cluster},
        "resource": "deployments.apps",
        "kind": "Deployment",
        "namespace": namespace,
        "name": "web",
    }
    (back,) = parse([name_of(row)])
    assert (back.kind, back.name, back.namespace) == ("deployment.apps", "web", namespace)
    assert back.cluster in (cluster, row["cluster"]["id"])
    assert " " not in name_of(row)
