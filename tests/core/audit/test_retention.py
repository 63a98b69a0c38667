"""Whole months go when their time is over, for one organization and not for its neighbour; the rest stays provable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from basefly.core.audit import retention
from tests.conftest import Urls
from tests.core.audit.chain.test_verifying import chain, verdict, write
from tests.people import Hub, Person


def aged(urls: Urls, org_id: UUID, days: int) -> None:
    """Records of long ago, as if they had been written then."""
    with psycopg.connect(urls.superuser) as connection:
        moment = f"date_trunc('month', now()) - interval '{days} days'"
        connection.execute(f"select audit_month({moment})")
        connection.execute(
            "with added as (insert into audit_records (org_id, at, act, object, outcome, actor_kind)"
            f" select %s, {moment} + n * interval '1 second', 'old.done', 'x', 'done', 'system'"
            " from generate_series(1, 10) n returning org_id, at, id)"
            " insert into audit_pending (org_id, at, record_id) select org_id, at, id from added",
            [org_id],
        )


def months(urls: Urls) -> set[str]:
    with psycopg.connect(urls.superuser) as connection:
        query = "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_records'::regclass"
        return {name for (name,) in connection.execute(query)}


async def keep(person: Person, days: int | None) -> int:
    answer = await person.http.put("/api/v1/audit/settings", json={"retention_days": days})
    return answer.status_code


class TestEnforce:
    async def test_takes_whole_months_and_the_rest_is_proved(self, hub: Hub, owner: Person, urls: Urls) -> None:
        org = owner.by.org_id
        aged(urls, org, 200)
        await chain(hub.house, org)
        await write(hub.house, owner, 5)
        assert await keep(owner, 60) == 200
        await chain(hub.house, org)
        assert await retention.enforce(hub.house, org) == 10
        await chain(hub.house, org)
        told = await verdict(owner)
        assert told["findings"] == []
        assert told["first"] == 11
        assert (await owner.http.get("/api/v1/audit?act=old")).json()["items"] == []
        (trimmed,) = (await owner.http.get("/api/v1/audit?act=audit.trimmed")).json()["items"]
        assert trimmed["detail"]["records"] == 10
        old = f"audit_records_{datetime.now(UTC).replace(day=1) - timedelta(days=200):%Y%m}"
        assert old not in months(urls), "a month that is empty for everybody goes with its table"

    async def test_leaves_the_neighbour_s_records(self, hub: Hub, owner: Person, stranger: Person, urls: Urls) -> None:
        for person in (owner, stranger):
            aged(urls, person.by.org_id, 200)
            await write(hub.house, person, 2)
        before = months(urls)
        await keep(owner, 60)
        await chain(hub.house, owner.by.org_id)
        assert await retention.enforce(hub.house, owner.by.org_id) == 10
        assert months(urls) == before
        assert (await verdict(stranger))["ok"]
        assert len((await stranger.http.get("/api/v1/audit?act=old")).json()["items"]) == 10

    async def test_takes_nothing_twice_and_nothing_unasked(self, hub: Hub, owner: Person, urls: Urls) -> None:
        aged(urls, owner.by.org_id, 200)
        await write(hub.house, owner, 2)
        assert await retention.enforce(hub.house, owner.by.org_id) == 0, "nobody has said how long"
        await keep(owner, 300)
        assert await retention.enforce(hub.house, owner.by.org_id) == 0, "not old enough"
        await keep(owner, 60)
        await chain(hub.house, owner.by.org_id)
        assert await retention.enforce(hub.house, owner.by.org_id) == 10
        assert await retention.enforce(hub.house, owner.by.org_id) == 0

    async def test_hides_no_theft(self, hub: Hub, owner: Person, urls: Urls) -> None:
        """Who takes records and says that retention did has no signature for it."""
        aged(urls, owner.by.org_id, 200)
        await write(hub.house, owner, 5)
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute("delete from audit_records where act = 'old.done'")
            connection.execute("delete from audit_chain where seq <= 10 and org_id = %s", [owner.by.org_id])
            connection.execute(
                "insert into audit_checkpoints (org_id, at, seq, hash, trimmed_before, key, signature)"
                " select org_id, now(), 10, decode(repeat('00', 32), 'hex'), date_trunc('month', now()), key, signature"
                " from audit_checkpoints where org_id = %s limit 1", [owner.by.org_id],
            )  # fmt: skip
        assert not (await verdict(owner))["ok"]

    @pytest.mark.parametrize("cutoff", ["now()", "date_trunc('month', now()) + interval '1 month'"])
    async def test_the_application_role_cannot_take_more(
        self, hub: Hub, owner: Person, urls: Urls, cutoff: str
    ) -> None:
        await write(hub.house, owner, 2)
        await keep(owner, 30)
        with psycopg.connect(urls.application) as connection:
            connection.execute("select set_config('app.org', %s, false)", [str(owner.by.org_id)])
            with pytest.raises(psycopg.Error, match=r"whole months|does not allow"):
                connection.execute(f"select audit_trim({cutoff})")


class TestSettings:
    @pytest.mark.parametrize(("days", "status"), [(29, 422), (30, 200), (None, 200), (40_000, 422)])
    async def test_have_bounds(self, owner: Person, days: int | None, status: int) -> None:
        assert await keep(owner, days) == status

    async def test_leave_a_trace(self, owner: Person) -> None:
        await keep(owner, 90)
        (found,) = (await owner.http.get("/api/v1/audit?act=audit.retention_changed")).json()["items"]
        assert (found["before"], found["after"]) == ({"retention_days": None}, {"retention_days": 90})

    async def test_are_not_for_a_reader(self, viewer: Person) -> None:
        assert await keep(viewer, 90) == 403


class TestPage:
    async def test_changes_retention_and_makes_streams(self, owner: Person) -> None:
        csrf = (await owner.http.get("/audit/settings")).text.split('name="csrf" value="')[1].split('"')[0]
        wrong = await owner.http.post("/audit/settings", data={"csrf": csrf, "retention_days": "3"})
        assert wrong.status_code == 422
        assert "30 to 36500" in wrong.text
        assert (
            await owner.http.post("/audit/settings", data={"csrf": csrf, "retention_days": "90"})
        ).status_code == 303
        given = {"csrf": csrf, "name": "SIEM", "kind": "webhook", "address": "https://siem.example.com"}
        made = await owner.http.post("/audit/streams", data=given)
        assert "Copy its secret now" in made.text
        again = await owner.http.post("/audit/streams", data=given)
        assert again.status_code == 409
        (stream,) = (await owner.http.get("/api/v1/audit/streams")).json()["items"]
        assert "SIEM" in (await owner.http.get("/audit/settings")).text
        await owner.http.post(f"/audit/streams/{stream['id']}", data={"csrf": csrf, "act": "delete"})
        assert (await owner.http.get("/api/v1/audit/streams")).json()["items"] == []
