"""Paths as definitions in the wild write them."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.base.kube import jsonpath

WHOLE: dict[str, Any] = {
    "metadata": {"labels": {"cluster.x-k8s.io/name": "prod"}, "annotations": {"a/b": "c"}},
    "spec": {"size": 3, "dns.names": ["a.example", "b.example"], "off": False},
    "status": {
        "conditions": [
            {"type": "Synced", "status": "False", "weight": 2},
            {"type": "Ready", "status": "True", "weight": 5},
        ],
        "parts": {"one": {"up": 1}, "two": {"up": 2}},
    },
}


def first(text: str) -> Any:
    path = jsonpath.parse(text)
    assert path is not None, text
    return path.first(WHOLE.get(path.root))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (".spec.size", 3),
        ("{.spec.size}", 3),
        ("$.spec.size", 3),
        (".spec.off", False),
        (".spec.absent.deeper", None),
        (".spec.size.deeper", None),
        (r".metadata.labels.cluster\.x-k8s\.io/name", "prod"),
        (".metadata.labels['cluster.x-k8s.io/name']", "prod"),
        (r".metadata.labels['cluster\.x-k8s\.io/name']", "prod"),
        ('.metadata.annotations["a/b"]', "c"),
        (".spec['dns.names'][0]", "a.example"),
        (".spec['dns.names'][-1]", "b.example"),
        (".spec['dns.names'][7]", None),
        (".spec['dns.names'][1:]", "b.example"),
        (".spec['dns.names'][*]", "a.example"),
        ('.status.conditions[?(@.type=="Ready")].status', "True"),
        (".status.conditions[?(@.type == 'Ready')].status", "True"),
        (".status.conditions[?(@.status!='True')].type", "Synced"),
        (".status.conditions[?(@.weight>3)].type", "Ready"),
        (".status.conditions[?(@.weight>'a')].type", None),
        (".status.conditions[?(@.weight)].type", "Synced"),
        (".status.conditions[?(@['type']=='Ready')].weight", 5),
        (".status.conditions[?(@.type=='Gone')].status", None),
        (".status.parts.*.up", 1),
        (".status.conditions", WHOLE["status"]["conditions"]),
    ],
)
def test_finds_what_the_api_server_prints(text: str, value: Any) -> None:
    assert first(text) == value


@pytest.mark.parametrize("text", ["", "spec.size", ".", "..size", ".spec..size", "[0]", ".spec[", ".spec[a,b]", ".*.x"])
def test_what_cannot_be_followed_is_no_path(text: str) -> None:
    assert jsonpath.parse(text) is None


@pytest.mark.parametrize("text", [".a" * 5000, ".a" + "[?(@.b==" * 5000, ".a[?(@.b=='" + "'" * 5000])
def test_hostile_paths_are_refused(text: str) -> None:
    assert jsonpath.parse(text) is None
