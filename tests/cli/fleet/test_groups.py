"""Workloads, images and events by groups."""

from __future__ import annotations

from tests.cli.shell import Shell


class TestWorkloads:
    def test_one_line_for_a_name_over_clusters(self, mia: Shell) -> None:
        items = mia.done("workloads", "-o", "json").json["items"]
        ran = mia.done("workloads")
        assert ran.rows[0][:4] == ["NAME", "NAMESPACE", "KIND", "CLUSTERS"]
        assert [row[0] for row in ran.rows[1:]] == [item["name"] for item in items]

    def test_they_are_narrowed(self, mia: Shell) -> None:
        every = mia.done("workloads", "-o", "json").json["items"]
        sets = mia.done("workloads", "--kind", "ds", "-o", "json").json["items"]
        assert {item["kind"] for item in sets} == {"DaemonSet"}
        assert len(sets) < len(every)
        assert len(mia.done("workloads", "--limit", "1", "-o", "name").out.split()) == 1
        skewed = mia.done("workloads", "--skewed", "-o", "json").json["items"]
        assert all(len(item["versions"]) > 1 for item in skewed)

    def test_by_app(self, mia: Shell) -> None:
        for item in mia.done("workloads", "--group", "app", "-o", "json").json["items"]:
            assert (item["kind"], item["restarts"]) == ("", None)

    def test_nothing_fits(self, mia: Shell) -> None:
        assert "Nothing fits." in mia.done("workloads", "--match", "no-such-thing").err

    def test_a_kind_that_is_no_workload_is_told(self, mia: Shell) -> None:
        assert "deployments.apps" in mia("workloads", "--kind", "pods").err


class TestImages:
    def test_by_repository(self, mia: Shell) -> None:
        names = mia.done("images", "-o", "name").out.split()
        rows = mia.done("images").rows
        assert rows[0][0] == "REPOSITORY"
        assert [row[0] for row in rows[1:]] == names
        assert mia.done("images", "--match", names[0], "-o", "json").json["items"][0]["repository"] == names[0]

    def test_two_wishes_that_exclude_each_other(self, mia: Shell) -> None:
        assert mia("images", "--latest", "--drift").code == 2


class TestEvents:
    def test_by_reason_and_kind(self, mia: Shell) -> None:
        rows = mia.done("events", "--grouped", "3h").rows
        assert rows[0][:2] == ["LAST SEEN", "TYPE"]
        assert len(rows) > 1

    def test_only_warnings(self, mia: Shell) -> None:
        items = mia.done("events", "--grouped", "3h", "--warnings", "-o", "json").json["items"]
        assert {item["type"] for item in items} <= {"Warning"}

    def test_a_span_that_there_is_not(self, mia: Shell) -> None:
        ran = mia("events", "--grouped", "9y")
        assert ran.code == 2
        assert "15m" in ran.err

    def test_one_object_is_shown_one_by_one(self, mia: Shell) -> None:
        assert mia("events", "--grouped", "1h", "--for", "pod/web").code == 2
