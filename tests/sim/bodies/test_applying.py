"""Server-side apply on bare objects: who owns what, what goes, and what two managers contest."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim.bodies import applying
from basefly.sim.bodies.applying import Writer
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.status import Refusal

Object = dict[str, Any]
ONE, OTHER = (Writer(name, "", "2026-01-01T00:00:00Z") for name in ("one", "other"))
MAPS, DEPLOYMENTS = (Catalog().named(name) for name in ("configmaps", "deployments.apps"))


def apply(old: Object, config: Object, by: Writer = ONE, *, force: bool = False) -> Object:
    return applying.apply(MAPS, old, {"metadata": {"name": "m"}} | config, by, force=force)


def test_what_a_manager_no_longer_says_goes() -> None:
    first = apply({}, {"data": {"a": "1", "b": "1"}})
    assert first["metadata"]["managedFields"][0]["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}}}
    assert apply(first, {"data": {"a": "1"}})["data"] == {"a": "1"}
    assert "data" not in apply(first, {})


def test_what_two_say_stays_until_both_let_go() -> None:
    both = apply(apply({}, {"data": {"a": "1"}}), {"data": {"a": "1"}}, OTHER)
    left = apply(both, {}, ONE)
    assert left["data"] == {"a": "1"}
    assert [entry["manager"] for entry in left["metadata"]["managedFields"]] == ["other"]
    assert "data" not in apply(left, {}, OTHER)


def test_what_another_holds_is_refused_unless_forced() -> None:
    held = apply({}, {"data": {"a": "1"}})
    with pytest.raises(Refusal) as refused:
        apply(held, {"data": {"a": "2"}}, OTHER)
    told = refused.value.status()
    assert (told["code"], told["reason"]) == (409, "Conflict")
    assert told["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert told["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}
    ]
    taken = apply(held, {"data": {"a": "2"}}, OTHER, force=True)
    assert taken["data"] == {"a": "2"}
    assert [entry["manager"] for entry in taken["metadata"]["managedFields"]] == ["other"]


def test_an_object_made_plainly_is_held_by_whoever_made_it() -> None:
    plain = {"metadata": {"name": "m"}, "data": {"a": "1"}}
    assert apply(plain, {"data": {"a": "1", "b": "2"}})["data"] == {"a": "1", "b": "2"}
    with pytest.raises(Refusal):
        apply(plain, {"data": {"a": "2"}})


def test_an_update_takes_what_it_changes() -> None:
    held = apply({}, {"data": {"a": "1", "b": "1"}})
    entries = applying.track(MAPS, held, held | {"data": {"a": "2", "b": "1"}}, OTHER)
    assert [(entry["operation"], entry["fieldsV1"]) for entry in entries] == [
        ("Apply", {"f:data": {"f:b": {}}}),
        ("Update", {"f:data": {"f:a": {}}}),
    ]


def test_containers_are_told_apart_by_name_and_ports_by_number_and_protocol() -> None:
    def workload(*containers: Object) -> Object:
        return {"metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": list(containers)}}}}

    port = {"containerPort": 53}
    old = applying.apply(DEPLOYMENTS, {}, workload({"name": "a", "ports": [port]}, {"name": "b"}), ONE, force=False)
    new = applying.apply(DEPLOYMENTS, old, workload({"name": "a", "ports": [port, port | {"protocol": "UDP"}]}), ONE,
                         force=False)  # fmt: skip
    assert new["spec"]["template"]["spec"]["containers"] == [{"name": "a", "ports": [port, port | {"protocol": "UDP"}]}]
    owned = new["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert 'k:{"containerPort":53,"protocol":"UDP"}' in owned['k:{"name":"a"}']["f:ports"]
