"""Events over the fleet, over HTTP."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basefly.features.events.model import Bucket, timeline, written
from tests.features.rows import put, register
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.fixture
async def told(hub: Hub, owner: Person) -> None:
    """Two pods back off in two clusters, one is pulled, and something long ago."""
    org, now = owner.by.org_id, datetime.now(UTC)

    async def say(cluster: Any, name: str, kind: str, reason: str, minutes: int) -> None:
        last = written(now - timedelta(minutes=minutes))
        cells = {"reason": reason, "object": "Pod/web", "message": f"{reason} of web", "count": 3, "last": last}
        await put(hub, org, cluster, "events", name, status=kind, health="warn", cells=cells)

    for name, minutes in (("berlin", 1), ("paris", 2)):
        cluster = await register(hub, org, name)
        await say(cluster, "a", "Warning", "BackOff", minutes)
        await say(cluster, "b", "Normal", "Pulled", minutes)
        await say(cluster, "c", "Warning", "Ancient", 120)


async def groups(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await person.http.get(f"/api/v1/events/groups{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("told")
class TestGroups:
    async def test_warnings_come_first_and_sum_up_the_fleet(self, viewer: Person) -> None:
        backed, pulled = await groups(viewer)
        assert (backed["reason"], backed["kind"], backed["type"]) == ("BackOff", "Pod", "Warning")
        assert (backed["events"], backed["times"], backed["clusters"]) == (2, 6, 2)
        assert backed["message"] == "BackOff of web"
        assert (backed["about"], pulled["reason"]) == ("Pod/web", "Pulled")

    @pytest.mark.parametrize(
        ("query", "reasons"),
        [
            ("?type=Normal", ["Pulled"]),
            ("?reason=BackOff", ["BackOff"]),
            ("?kind=Node", []),
            ("?q=pulled%20of", ["Pulled"]),
            ("?since=3h&type=Warning", ["BackOff", "Ancient"]),
            ("?namespace=shop&type=Normal", ["Pulled"]),
            ("?namespace=other", []),
            ("?cluster=paris&kind=Pod", ["BackOff", "Pulled"]),
        ],
    )
    async def test_filters(self, viewer: Person, query: str, reasons: list[str]) -> None:
        assert [one["reason"] for one in await groups(viewer, query)] == reasons

    async def test_the_timeline_counts_them(self, viewer: Person) -> None:
        steps = (await viewer.http.get("/api/v1/events/groups")).json()["timeline"]
        assert (sum(step["warnings"] for step in steps), sum(step["normal"] for step in steps)) == (2, 2)

    async def test_counted_and_read_they_are_the_same(self, viewer: Person) -> None:
        assert await groups(viewer, "?namespace=shop&since=3h") == await groups(viewer, "?since=3h") != []
        counted, read = [
            (await viewer.http.get(f"/api/v1/events/groups?since=3h{query}")).json()["timeline"]
            for query in ("", "&namespace=shop")
        ]
        assert counted == read

    async def test_a_span_that_there_is_not_is_told(self, viewer: Person) -> None:
        assert (await viewer.http.get("/api/v1/events/groups?since=9y")).status_code == 422

    async def test_the_page_has_drawing_and_table(self, viewer: Person) -> None:
        text = (await viewer.http.get("/events", headers={"Accept": "text/html"})).text
        assert "<figcaption>Events per five minutes</figcaption>" in text
        assert '<rect class="c3"' in text
        counted = re.findall(
            r'<th scope="row">\d\d:\d\d</th><td class="number">(\d+)</td><td class="number">(\d+)</td>', text
        )
        assert [sum(map(int, column)) for column in zip(*counted, strict=True)] == [2, 2]
        assert "BackOff" in text

    async def test_each_event_is_one_step_away_and_back(self, viewer: Person) -> None:
        for path, other in (("/events", "/objects/events"), ("/objects/events", "/events")):
            text = html.unescape((await viewer.http.get(path, headers={"Accept": "text/html"})).text)
            assert f'<a href="{path}" aria-current="page">' in text
            assert f'<a href="{other}">' in text
            assert re.search(r'href="/events"[^>]*aria-current="page"', text), "the menu marks where we are"

    async def test_a_stranger_hears_nothing(self, stranger: Person) -> None:
        assert await groups(stranger) == []


COUNTED = "select minute, cluster_id, type, reason, kind, count, times from event_rollups"
TRUE = """
    select left(cells ->> 'last', 15) || case when substr(cells ->> 'last', 16, 1) >= '5' then '5' else '0' end,
           cluster_id, status, cells ->> 'reason', 'Pod', count(*), sum((cells ->> 'count')::integer)
    from objects where resource = 'events' group by 1, 2, 3, 4"""


@pytest.mark.usefixtures("told")
class TestRollups:
    @pytest.mark.parametrize(
        "change",
        [
            "update objects set cells = cells || '{\"count\": 9}' where name = 'a'",
            "update objects set cells = cells || '{\"last\": \"2026-01-01T00:07:00Z\"}' where name <> 'c'",
            "update objects set cells = cells || '{\"reason\": \"BackOff\"}', status = 'Warning' where name = 'b'",
            "update objects set resource_version = '2'",
            "delete from objects where name = 'a'",
            "delete from objects",
        ],
    )
    async def test_they_count_what_there_is_after_every_change(self, hub: Hub, owner: Person, change: str) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute(change)
            query = f"""
                with counted as ({COUNTED}), true_ as ({TRUE})
                select count(*) from (
                    (select * from counted except all select * from true_)
                    union all (select * from true_ except all select * from counted)
                ) as different"""
            assert await tx.value(query) == 0


def test_a_timeline_has_no_gaps() -> None:
    now = datetime(2026, 1, 1, 12, 7, tzinfo=UTC)
    found = Bucket(minute="2026-01-01T12:00", warnings=1, normal=0)
    steps = timeline([found], now - timedelta(minutes=15), now)
    assert [step.minute[-5:] for step in steps] == ["11:50", "11:55", "12:00", "12:05"]
    assert steps[2] is found
