"""A version stays while its topics do, and is another once one of them may have changed."""

from __future__ import annotations

from uuid import uuid4

import pytest

from basefly.base.db.pooling.versions import Versions

ORG, OTHER = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("topics", "changed", "another"),
    [
        (["inventory/7/pods"], "inventory/7/pods", True),
        (["inventory/*/pods"], "inventory/7/pods", True),
        (["inventory/7/*"], "inventory/7/pods", True),
        (["inventory/*/*"], "inventory/7/pods", True),
        (["inventory/*/nodes", "inventory/8/pods"], "inventory/8/pods", True),
        (["inventory/7/pods"], "inventory/7/*", True),
        (["clusters/7"], "inventory/8/*", True),  # may be any
        (["clusters"], "clusters", True),
        (["inventory/7/pods"], "inventory/8/pods", False),
        (["inventory/*/nodes"], "inventory/7/pods", False),
        (["clusters/*"], "inventory/7/pods", False),
        (["clusters/*"], "clusters/7/agents", False),
        ([], "clusters/7", False),
    ],
)
def test_a_change_is_one_of_all_that_stand_for_it(topics: list[str], changed: str, another: bool) -> None:
    versions = Versions()
    before = versions.of(ORG, topics)
    versions.changed(str(ORG), changed)
    assert (versions.of(ORG, topics) != before) is another


def test_another_organization_changes_nothing_of_ours() -> None:
    versions = Versions()
    before = versions.of(ORG, ["clusters/*"])
    versions.changed(str(OTHER), "clusters/7")
    assert versions.of(ORG, ["clusters/*"]) == before


def test_no_version_comes_again_after_everything_may_have_changed() -> None:
    versions = Versions()
    before = versions.of(ORG, ["clusters/*"])
    versions.renew()
    assert versions.of(ORG, ["clusters/*"]) != before
