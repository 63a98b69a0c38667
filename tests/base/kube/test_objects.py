"""Objects as every reader needs them: a secret's values stay in the cluster."""

from __future__ import annotations

from basefly.base.kube import objects


class TestWithoutValues:
    def test_a_secret_keeps_its_keys_and_loses_every_copy_of_its_values(self) -> None:
        applied = '{"data":{"password":"aHVudGVyMg=="}}'
        whole = {
            "metadata": {
                "name": "s",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied, "team": "a"},
            },
            "data": {"password": "aHVudGVyMg=="},
        }
        cleaned = objects.without_values("secrets", whole)
        assert cleaned["data"] == {"password": ""}
        assert cleaned["metadata"]["annotations"] == {"team": "a"}
        assert whole["data"] == {"password": "aHVudGVyMg=="}

    def test_other_kinds_are_left_alone(self) -> None:
        assert objects.without_values("configmaps", {"data": {"a": "b"}}) == {"data": {"a": "b"}}
