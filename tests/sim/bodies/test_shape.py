"""Shapes, defaults and rules of objects: what is dropped, filled in and refused."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim.bodies import checks, defaults
from basefly.sim.bodies.shape import fit
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.status import Refusal

Object = dict[str, Any]


def kind(name: str) -> Any:
    return Catalog().named(name)


def test_unknown_members_are_dropped_or_refused() -> None:
    obj: Object = {"metadata": {"name": "x"}, "data": {"a": "1"}, "nothing": {"b": 1}}
    assert fit(obj, "v1", "ConfigMap") == ["nothing"]
    assert obj == {"metadata": {"name": "x"}, "data": {"a": "1"}}
    with pytest.raises(Refusal, match='strict decoding error: unknown field "nothing"'):
        fit({"nothing": 1}, "v1", "ConfigMap", strict=True)


@pytest.mark.parametrize(
    ("obj", "why"),
    [
        ({"data": {"a": 1}}, "cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        ({"data": []}, r"cannot unmarshal array into Go struct field ConfigMap.data of type map\[string\]string"),
        ({"metadata": {"name": 7}}, "cannot unmarshal number into Go struct field ObjectMeta.metadata.name"),
    ],
)
def test_wrong_types_are_refused_as_go_words_it(obj: Object, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        fit(obj, "v1", "ConfigMap")


def test_defaults_come_by_type_wherever_the_type_is() -> None:
    probe = {"httpGet": {"port": 80}}
    pod: Object = {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "x", "livenessProbe": probe}]},
    }
    defaults.fill(kind("pods"), pod)
    container = pod["spec"]["containers"][0]
    assert container["imagePullPolicy"] == "Always"
    assert container["livenessProbe"]["httpGet"] == {"port": 80, "path": "/", "scheme": "HTTP"}
    assert (container["livenessProbe"]["failureThreshold"], pod["status"]["qosClass"]) == (3, "BestEffort")


@pytest.mark.parametrize(
    ("name", "obj", "old", "field"),
    [
        ("configmaps", {"metadata": {"name": "x", "labels": {"a": "not a value"}}}, None, "metadata.labels"),
        ("pods", {"metadata": {"name": "x"}, "spec": {"containers": []}}, None, "spec.containers"),
        ("configmaps", {"data": {"a": "2"}}, {"data": {"a": "1"}, "immutable": True}, "data"),
        (
            "rolebindings",
            {"roleRef": {"kind": "Role", "name": "b"}},
            {"roleRef": {"kind": "Role", "name": "a"}},
            "roleRef",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_field(name: str, obj: Object, old: Object | None, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        checks.require(kind(name), obj, old)
    assert refused.value.code == 422
    assert field in [cause["field"] for cause in refused.value.details["causes"]]
