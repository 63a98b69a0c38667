"""Patches: RFC 6902, RFC 7396, and strategic merge with its directives."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from basefly.sim.bodies import patches
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.status import Refusal

DEPLOYMENT = Catalog().named("deployments.apps")


def apply(obj: dict[str, Any], patch: Any, media: str) -> dict[str, Any]:
    return patches.apply(DEPLOYMENT, obj, msgspec.json.encode(patch), media)


def pods(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


@pytest.mark.parametrize(
    ("operations", "after"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3], "b": {"c": 4}}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2], "b": {"c": 4}}),
        ([{"op": "remove", "path": "/b/c"}], {"a": [1, 2], "b": {}}),
        ([{"op": "replace", "path": "/b/new", "value": 1}], {"a": [1, 2], "b": {"c": 4, "new": 1}}),
        ([{"op": "move", "from": "/b/c", "path": "/d~1e"}], {"a": [1, 2], "b": {}, "d/e": 4}),
        ([{"op": "test", "path": "/a/1", "value": 2}], {"a": [1, 2], "b": {"c": 4}}),
    ],
)
def test_json_patch(operations: Any, after: Any) -> None:
    before = {"a": [1, 2], "b": {"c": 4}}
    assert apply(before, operations, patches.JSON_PATCH) == after
    assert before == {"a": [1, 2], "b": {"c": 4}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/z"},
        {"op": "add", "path": "/z/y", "value": 1},
        {"op": "twist", "path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_invalid(operation: Any) -> None:
    with pytest.raises(Refusal) as refused:
        apply({"a": 1}, [operation], patches.JSON_PATCH)
    assert refused.value.code == 422


def test_merge_patch_takes_away_what_is_null() -> None:
    after = apply({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None}, "d": [2]}, patches.MERGE_PATCH)
    assert after == {"a": {"c": 2}, "d": [2]}


class TestStrategic:
    """Lists merge by the key that the type names."""

    def test_containers_merge_by_name_and_arguments_are_replaced(self) -> None:
        before = pods({"name": "a", "image": "x:1", "args": ["1", "2"]}, {"name": "b", "image": "y:1"})
        after = apply(before, pods({"name": "a", "image": "x:2", "args": ["3"]}, {"name": "c"}), patches.STRATEGIC)
        expected = pods({"name": "a", "image": "x:2", "args": ["3"]}, {"name": "c"}, {"name": "b", "image": "y:1"})
        assert after == expected

    def test_an_element_is_deleted_by_directive(self) -> None:
        before = pods({"name": "a"}, {"name": "b"})
        assert apply(before, pods({"name": "a", "$patch": "delete"}), patches.STRATEGIC) == pods({"name": "b"})

    def test_lists_are_ordered_as_the_patch_says(self) -> None:
        order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
        patch = {"spec": {"template": {"spec": order}}}
        after = apply(pods({"name": "a"}, {"name": "b"}), patch, patches.STRATEGIC)
        assert after == pods({"name": "b"}, {"name": "a"})

    def test_what_an_order_leaves_out_stays_before_what_it_preceded(self) -> None:
        patch = {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}]}}}}
        after = apply(pods({"name": "a"}, {"name": "b"}, {"name": "c"}), patch, patches.STRATEGIC)
        assert after == pods({"name": "a"}, {"name": "c"}, {"name": "b"})

    def test_finalizers_are_added_and_taken(self) -> None:
        before = {"metadata": {"finalizers": ["a"]}}
        added = apply(before, {"metadata": {"finalizers": ["b"]}}, patches.STRATEGIC)
        assert added == {"metadata": {"finalizers": ["a", "b"]}}
        taken = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
        assert apply(added, taken, patches.STRATEGIC) == {"metadata": {"finalizers": ["b"]}}

    def test_only_retained_keys_remain(self) -> None:
        before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
        patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
        assert apply(before, patch, patches.STRATEGIC) == {"spec": {"strategy": {"type": "Recreate"}}}
