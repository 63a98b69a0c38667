"""When an answer counts as live, and what it owns up to leaving out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from basefly.base.errors import Invalid
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import kinds, model

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def cluster(**changes: Any) -> ClusterState:
    values = {
        "id": uuid4(), "name": "berlin", "region": "", "provider": "", "version": "v1.36.2", "health": "healthy",
        "health_reason": "", "probed_at": NOW - timedelta(seconds=5), "credentials_version": 1,
    }  # fmt: skip
    return ClusterState(**{**values, **changes})


def stream(**changes: Any) -> model.Stream:
    values = {
        "cluster_id": uuid4(), "resource": "pods", "kind": "Pod", "version": "v1", "namespaced": True,
        "resource_version": "7", "state": "live", "reason": "", "skipped": 0,
        "listed_at": NOW - timedelta(hours=1), "as_of": NOW - timedelta(minutes=1),
    }  # fmt: skip
    return model.Stream(**{**values, **changes})


class TestAsOf:
    def test_a_live_stream_is_as_fresh_as_the_last_answer_of_its_cluster(self) -> None:
        assert model.as_of(cluster(), [stream()], NOW) == NOW - timedelta(seconds=5)

    def test_a_broken_stream_is_as_old_as_its_last_sign(self) -> None:
        assert model.as_of(cluster(), [stream(state="retrying")], NOW) == NOW - timedelta(minutes=1)

    def test_a_live_stream_without_a_sign_of_its_own_is_dead_whoever_answers(self) -> None:
        silent = stream(as_of=NOW - timedelta(minutes=10))
        assert model.as_of(cluster(), [silent], NOW) == NOW - timedelta(minutes=10) + model.SIGN_WITHIN
        assert model.missing(cluster(), [silent], NOW) is not None

    def test_the_oldest_stream_counts(self) -> None:
        assert model.as_of(cluster(), [stream(), stream(state="denied")], NOW) == NOW - timedelta(minutes=1)

    def test_never_seen_is_no_age(self) -> None:
        assert model.as_of(cluster(), [stream(), stream(state="listing", as_of=None)], NOW) is None
        assert model.as_of(cluster(), [], NOW) is None

    def test_a_clock_ahead_of_ours_makes_nothing_younger_than_now(self) -> None:
        assert model.as_of(cluster(probed_at=NOW + timedelta(hours=1)), [stream()], NOW) == NOW


class TestMissing:
    def test_nothing_is_missing_while_all_is_live(self) -> None:
        assert model.missing(cluster(), [stream()], NOW) is None

    def test_a_kind_the_cluster_does_not_serve_is_not_missed(self) -> None:
        assert model.missing(cluster(), [], NOW) is None

    def test_a_cluster_nobody_has_begun_to_read_is(self) -> None:
        found = model.missing(cluster(), [], NOW, begun=False)
        assert found is not None
        assert (found.reason, found.as_of) == (model.FIRST_READING, None)

    @pytest.mark.parametrize(
        ("of_cluster", "of_stream", "reason"),
        [
            ({}, {"state": "denied", "reason": "pods is forbidden"}, "not permitted: pods is forbidden"),
            ({}, {"state": "listing", "listed_at": None, "as_of": None}, "still reading it for the first time"),
            ({}, {"state": "retrying", "reason": "refused"}, "refused"),
            ({}, {"skipped": 1, "reason": "it is not UTF-8"}, "an object could not be read: it is not UTF-8"),
            ({"health": "unreachable", "health_reason": "timeout"}, {}, "timeout"),
            (
                {"health": "unreachable", "health_reason": "timeout"},
                {"state": "retrying", "reason": "again"},
                "timeout",
            ),
            ({"probed_at": NOW - timedelta(minutes=2)}, {}, "has not answered for a while"),
        ],
    )
    def test_says_why(self, of_cluster: dict[str, Any], of_stream: dict[str, Any], reason: str) -> None:
        found = model.missing(cluster(**of_cluster), [stream(**of_stream)], NOW)
        assert found is not None
        assert found.reason == reason
        assert found.name == "berlin"


class TestSort:
    def test_reads_direction_and_column(self) -> None:
        pods = kinds.by_resource("pods", "Pod")
        assert model.sort(pods, "-restarts") == model.Sort("restarts", descending=True)
        assert model.sort(pods, "") == model.Sort("name")

    def test_age_is_the_time_of_creation_the_other_way_round(self) -> None:
        assert model.sort(kinds.by_resource("pods", "Pod"), "age") == model.Sort("created_at", descending=True)

    def test_names_the_columns_there_are(self) -> None:
        with pytest.raises(Invalid) as refused:
            model.sort(kinds.by_resource("pods", "Pod"), "shoe_size")
        assert "restarts" in refused.value.cure
