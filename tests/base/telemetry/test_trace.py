"""W3C Trace Context and request ids."""

from __future__ import annotations

from uuid import UUID

import pytest

from basefly.base.telemetry import trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class TestParent:
    def test_a_valid_one_is_continued_under_a_new_span(self) -> None:
        got = trace.received(PARENT, "vendor=1, other=2")
        assert got.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert got.span_id != "00f067aa0ba902b7"
        assert got.sampled
        assert got.state == "vendor=1,other=2"
        assert got.parent == f"00-{got.trace_id}-{got.span_id}-01"

    @pytest.mark.parametrize(
        "parent",
        [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            PARENT + "-extra",
            PARENT + "\r\nx: y",
        ],
    )
    def test_anything_else_begins_a_new_trace(self, parent: str) -> None:
        got = trace.received(parent, "vendor=1")
        assert got.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"
        assert int(got.trace_id, 16)
        assert got.state == ""

    def test_a_later_version_may_say_more(self) -> None:
        got = trace.received("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")
        assert got.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"

    def test_too_long_a_state_is_dropped(self) -> None:
        assert trace.received(PARENT, ",".join(f"k{number}=v" for number in range(33))).state == ""


class TestRequestId:
    def test_a_good_one_is_kept(self) -> None:
        assert trace.received(request_id="build-1234.a_b").request_id == "build-1234.a_b"

    @pytest.mark.parametrize("given", ["short", "with space inside", "x" * 129, "line\nbreak123", "<script>1"])
    def test_any_other_is_replaced(self, given: str) -> None:
        got = trace.received(request_id=given).request_id
        assert got != given
        assert UUID(got).version == 7

    def test_ids_sort_by_time(self) -> None:
        first = [trace.new_id() for _ in range(3)]
        assert UUID(first[0]).variant == "specified in RFC 4122"
        assert first[0][:8] <= first[1][:8] <= first[2][:8]
