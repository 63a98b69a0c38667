"""When an answer counts as live, and what it owns up to leaving out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from basefly.core.clusters.model import ClusterState
from basefly.core.sync import freshness
from basefly.core.sync.model import Stream

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def cluster(**changes: Any) -> ClusterState:
    values = {
        "id": uuid4(), "name": "berlin", "region": "", "provider": "", "version": "v1.36.2", "health": "healthy",
        "health_reason": "", "probed_at": NOW - timedelta(seconds=5), "credentials_version": 1,
    }  # fmt: skip
    return ClusterState(**{**values, **changes})


def stream(**changes: Any) -> Stream:
    values = {
        "cluster_id": uuid4(), "resource": "pods", "kind": "Pod", "version": "v1", "namespaced": True,
        "resource_version": "7", "state": "live", "reason": "", "skipped": 0,
        "listed_at": NOW - timedelta(hours=1), "as_of": NOW - timedelta(minutes=1),
    }  # fmt: skip
    return Stream(**{**values, **changes})


class TestAsOf:
    def test_a_live_stream_is_as_fresh_as_the_last_answer_of_its_cluster(self) -> None:
        assert freshness.as_of(cluster(), [stream()], NOW) == NOW - timedelta(seconds=5)

    def test_a_broken_stream_is_as_old_as_its_last_sign(self) -> None:
        assert freshness.as_of(cluster(), [stream(state="retrying")], NOW) == NOW - timedelta(minutes=1)

    def test_a_live_stream_without_a_sign_of_its_own_is_dead_whoever_answers(self) -> None:
        silent = stream(as_of=NOW - timedelta(minutes=10))
        assert freshness.as_of(cluster(), [silent], NOW) == NOW - timedelta(minutes=10) + freshness.SIGN_WITHIN
        assert freshness.missing(cluster(), [silent], NOW) is not None

    def test_the_oldest_stream_counts(self) -> None:
        assert freshness.as_of(cluster(), [stream(), stream(state="denied")], NOW) == NOW - timedelta(minutes=1)

    def test_never_seen_is_no_age(self) -> None:
        assert freshness.as_of(cluster(), [stream(), stream(state="listing", as_of=None)], NOW) is None
        assert freshness.as_of(cluster(), [], NOW) is None

    def test_a_clock_ahead_of_ours_makes_nothing_younger_than_now(self) -> None:
        assert freshness.as_of(cluster(probed_at=NOW + timedelta(hours=1)), [stream()], NOW) == NOW


class TestMissing:
    def test_nothing_is_missing_while_all_is_live(self) -> None:
        assert freshness.missing(cluster(), [stream()], NOW) is None

    def test_a_kind_the_cluster_does_not_serve_is_not_missed(self) -> None:
        assert freshness.missing(cluster(), [], NOW) is None

    def test_a_cluster_nobody_has_begun_to_read_is(self) -> None:
        found = freshness.missing(cluster(), [], NOW, begun=False)
        assert found is not None
        assert (found.reason, found.as_of) == (freshness.FIRST_READING, None)

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
        found = freshness.missing(cluster(**of_cluster), [stream(**of_stream)], NOW)
        assert found is not None
        assert found.reason == reason
        assert found.name == "berlin"
