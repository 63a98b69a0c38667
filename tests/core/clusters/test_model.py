"""Names, labels, places and health by rule."""

from __future__ import annotations

import pytest

from basefly.base.errors import Invalid
from basefly.core.clusters import model
from basefly.core.clusters.model import Health, NodeMark, Place

REGION = "topology.kubernetes.io/region"


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        (" west-1 ", "west-1"),
        ("default/api-host:6443/admin", "default-api-host:6443-admin"),
        ("arn:aws:eks:eu-west-1:1234:cluster/shop", "shop"),
        ("kubernetes-admin@kubernetes", "kubernetes-admin@kubernetes"),
        ("///", ""),
    ],
)
def test_a_context_gives_a_name(text: str, tidy: str) -> None:
    assert model.name_from(text) == tidy
    assert not tidy or model.name(tidy) == tidy


@pytest.mark.parametrize("text", ["", "west one", "a/b", "  ", "x" * 254, "bell\x07", "\ud800", "\u202egnp"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        model.name(text)
    assert caught.value.errors[0].pointer == "/name"


def test_labels_are_those_of_kubernetes() -> None:
    assert model.labels({"b": "1", "example.com/a": ""}) == {"b": "1", "example.com/a": ""}
    assert list(model.labels({"b": "1", "a": "2"})) == ["a", "b"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "x"),
        ("-a", "x"),
        ("a b", "x"),
        ("a/b/c", "x"),
        ("A/b", "x"),
        ("a", "x y"),
        ("a", "x" * 64),
        ("a", "-x"),
        ("ä", "x"),
    ],
)  # fmt: skip
def test_what_is_no_label_is_refused_and_pointed_at(key: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        model.labels({key: value})
    assert caught.value.errors[0].pointer == "/labels/" + key.replace("/", "~1")


@pytest.mark.parametrize(
    ("probe", "trouble", "expected"),
    [
        ("healthy", "", ("healthy", "")),
        ("healthy", "pods cannot be followed", ("degraded", "pods cannot be followed")),
        ("unreachable", "pods cannot be followed", ("unreachable", "why")),
        ("unknown", "", ("unknown", "why")),
    ],
)  # fmt: skip
def test_the_worse_of_probe_and_streams_speaks(probe: Health, trouble: str, expected: tuple[Health, str]) -> None:
    assert model.health(probe, "" if probe == "healthy" else "why", trouble) == expected


@pytest.mark.parametrize(
    ("nodes", "place"),
    [
        ([], Place()),
        ([NodeMark({}, "")], Place()),
        ([NodeMark({REGION: "eu-west-1"}, "aws:///eu-west-1a/i-1")], Place("eu-west-1", "aws")),
        ([NodeMark({REGION: "a"}, ""), NodeMark({REGION: "b"}, ""), NodeMark({REGION: "b"}, "")], Place("b", "")),
        ([NodeMark({"failure-domain.beta.kubernetes.io/region": "old"}, "gce://x/y/z")], Place("old", "gcp")),
        ([NodeMark({"eks.amazonaws.com/nodegroup": "n"}, "")], Place("", "aws")),
        ([NodeMark({}, "newcloud://x")], Place("", "newcloud")),
        ([NodeMark({REGION: "x" * 500}, "")], Place("x" * 100, "")),
    ],
)  # fmt: skip
def test_a_cluster_is_where_most_of_its_nodes_are(nodes: list[NodeMark], place: Place) -> None:
    assert model.locate(nodes) == place
