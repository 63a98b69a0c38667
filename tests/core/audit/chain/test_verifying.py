"""Someone with every right over the database changes what was written: verifying says what, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from basefly.base import keys
from basefly.base.db import lease
from basefly.base.runtime.house import House
from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints, sequencing, store
from basefly.core.audit.chain.store import CONTENT, GENESIS, TAG
from tests.conftest import Urls
from tests.people import Hub, Person

Attack = Callable[[psycopg.Connection[tuple[Any, ...]]], object]


async def write(house: House, person: Person, number: int = 20) -> None:
    """Records, each in a transaction of its own, in places of the chain from 1 on; signed in the end."""
    for place in range(number):
        async with house.db.transaction(person.by.org_id) as tx:
            await record(tx, person.by, "thing.done", f"things/{place}", {"place": place}, before=None, after={"n": 1})
    await chain(house, person.by.org_id)


async def chain(house: House, org_id: UUID, *, sign: bool = True) -> None:
    held = await lease.acquire(house.db, f"audit/{org_id}", "test", timedelta(minutes=1))
    assert held
    while await sequencing.advance(house.db, org_id, held, batch=7):
        pass
    await lease.release(house.db, held)
    if sign:
        await checkpoints.make(house.db, house.settings, org_id)


async def verdict(person: Person) -> dict[str, Any]:
    """What verifying says at its end."""
    answer = await person.http.get("/api/v1/audit/verification")
    assert answer.status_code == 200
    told: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    assert told["kind"] == "verdict"
    return told


async def attacked(urls: Urls, person: Person, attack: Attack) -> dict[str, Any]:
    with psycopg.connect(urls.superuser) as connection:
        connection.execute("set session_replication_role = replica")  # no trigger stands in a superuser's way
        attack(connection)
    return await verdict(person)


def found(told: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(each["fault"], each["seq"]) for each in told["findings"]]


class TestAChainThatNobodyTouched:
    async def test_is_proved_to_its_end(self, hub: Hub, owner: Person) -> None:
        await write(hub.house, owner)
        told = await verdict(owner)
        assert told["ok"]
        assert told["findings"] == []
        assert told["last"] == told["proved"] == told["records"] >= 20
        assert told["checkpoints"] == 1

    async def test_has_no_gap_and_the_documented_hashes(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)
        with psycopg.connect(urls.superuser) as connection:
            rows = connection.execute(
                f"select c.seq, c.hash, {CONTENT} from audit_chain c join audit_records r"
                " on (r.org_id, r.at, r.id) = (c.org_id, c.record_at, c.record_id) where c.org_id = %s order by c.seq",
                [owner.by.org_id],
            ).fetchall()
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        before = GENESIS
        for seq, kept, content in rows:
            before = hashlib.sha256(TAG + seq.to_bytes(8, "big") + content + before).digest()
            assert before == kept, seq

    async def test_of_nobody_is_empty_and_good(self, hub: Hub, stranger: Person) -> None:
        await chain(hub.house, stranger.by.org_id)
        told = await verdict(stranger)
        assert told["ok"]

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.get("/api/v1/audit/verification")).status_code == 403

    async def test_of_a_stranger_is_another_chain(self, hub: Hub, owner: Person, stranger: Person) -> None:
        await write(hub.house, owner)
        await chain(hub.house, stranger.by.org_id)
        assert (await verdict(stranger))["records"] < 5


class TestARecordThatWaits:
    async def test_too_long_is_told(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner, 3)
        with psycopg.connect(urls.superuser) as connection:
            connection.execute(
                "with added as (insert into audit_records (org_id, at, act, object, outcome, actor_kind)"
                " values (%s, now() - interval '2 minutes', 'thing.done', 'x', 'done', 'system')"
                " returning org_id, at, id) insert into audit_pending (org_id, at, record_id)"
                " select org_id, at, id from added",
                [owner.by.org_id],
            )
        assert found(await verdict(owner)) == [("unchained", None)]
        assert "Records wait for their place" in (await owner.http.get("/audit")).text
        assert (await owner.http.get("/api/v1/audit/chain")).json()["lag"] > 100

    async def test_a_moment_is_no_fault(self, hub: Hub, owner: Person) -> None:
        await write(hub.house, owner, 3)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await record(tx, owner.by, "thing.done", "things/late")
        assert (await verdict(owner))["ok"]


class TestASuperuser:
    @pytest.mark.parametrize(
        "change",
        [
            "act = 'thing.undone'", "object = 'things/99'", "outcome = 'failed'", "actor_id = gen_random_uuid()",
            "actor_kind = 'token'", "on_behalf_of = gen_random_uuid()", "request_id = 'x'", "trace_id = 'x'",
            "address = '10.0.0.1'", """detail = '{"place": 5}'""", "before = '{}'", "after = null",
            """personal = '{"x": "y"}'""",
        ],
    )  # fmt: skip
    async def test_changes_any_field(self, hub: Hub, owner: Person, urls: Urls, change: str) -> None:
        await write(hub.house, owner)
        told = await attacked(urls, owner, lambda c: c.execute(
            f"update audit_records set {change} where object = 'things/10'"))  # fmt: skip
        (fault,) = told["findings"]
        with psycopg.connect(urls.superuser) as connection:
            row = connection.execute("select seq from audit_chain c join audit_records r on r.id = c.record_id"
                                     " where r.id = %s", [fault["record"]]).fetchone()  # fmt: skip
        assert row
        assert (fault["fault"], fault["seq"]) == ("changed", row[0])
        assert told["proved"] == row[0] - 1

    async def test_moves_a_record_in_time(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)
        told = await attacked(urls, owner, lambda c: c.execute(
            "update audit_records set at = at + interval '1 second' where object = 'things/10'"))  # fmt: skip
        assert {fault for fault, _ in found(told)} == {"missing", "inserted"}

    async def test_takes_a_record(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)
        told = await attacked(urls, owner, lambda c: c.execute(
            "delete from audit_records where id = (select record_id from audit_chain where seq = 9 and org_id = %s)",
            [owner.by.org_id]))  # fmt: skip
        assert found(told) == [("missing", 9)]

    async def test_takes_a_record_with_its_link(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)

        def attack(c: psycopg.Connection[tuple[Any, ...]]) -> None:
            c.execute("delete from audit_records where id = (select record_id from audit_chain where seq = 9"
                      " and org_id = %s)", [owner.by.org_id])  # fmt: skip
            c.execute("delete from audit_chain where seq = 9 and org_id = %s", [owner.by.org_id])

        told = await attacked(urls, owner, attack)
        assert ("missing", 9) in found(told)
        assert told["proved"] == 8

    async def test_puts_a_record_in(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)
        told = await attacked(urls, owner, lambda c: c.execute(
            "insert into audit_records (org_id, act, object, outcome, actor_kind)"
            " values (%s, 'thing.done', 'x', 'done', 'system')", [owner.by.org_id]))  # fmt: skip
        assert found(told) == [("inserted", None)]

    async def test_changes_places(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)

        def attack(c: psycopg.Connection[tuple[Any, ...]]) -> None:
            for old, new in ((8, 999), (12, 8), (999, 12)):
                c.execute("update audit_chain set seq = %s where seq = %s and org_id = %s", [new, old, owner.by.org_id])

        told = await attacked(urls, owner, attack)
        assert {("changed", 8), ("changed", 12)} <= set(found(told))

    async def test_cuts_the_end_off(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)

        def attack(c: psycopg.Connection[tuple[Any, ...]]) -> None:
            c.execute("delete from audit_records where id in (select record_id from audit_chain where seq > 15"
                      " and org_id = %s)", [owner.by.org_id])  # fmt: skip
            c.execute("delete from audit_chain where seq > 15 and org_id = %s", [owner.by.org_id])
            c.execute("delete from audit_checkpoints")

        assert found(await attacked(urls, owner, attack)) == [("cut", 16)]

    async def test_hashes_everything_anew(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner, 10)
        await write(hub.house, owner, 10)

        def attack(c: psycopg.Connection[tuple[Any, ...]]) -> None:
            seq = "(select record_id from audit_chain where seq = 15 and org_id = %s)"
            c.execute(f"update audit_records set detail = '{{}}' where id = {seq}", [owner.by.org_id])
            rehash(c, owner.by.org_id)
            c.execute("delete from audit_checkpoints")

        told = await attacked(urls, owner, attack)
        assert [each["fault"] for each in told["findings"]] == ["changed"]
        assert 10 <= told["proved"] < 15, "what was signed before the change is proved, nothing after it"

    async def test_signs_with_a_key_of_their_own(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub.house, owner)
        other = keys.Signer(b"x" * 32, hub.house.settings.data_dir / "elsewhere")

        def attack(c: psycopg.Connection[tuple[Any, ...]]) -> None:
            c.execute("update audit_checkpoints set key = %s, signature = %s", [other.public, other.sign(b"anything")])

        assert [fault for fault, _ in found(await attacked(urls, owner, attack))] == ["forged"]


class TestTheHubItself:
    @pytest.mark.parametrize("table", ["audit_records", "audit_chain", "audit_checkpoints"])
    @pytest.mark.parametrize("change", ["update {} set at = now()", "delete from {}", "truncate {}"])
    async def test_may_only_add(self, hub: Hub, owner: Person, urls: Urls, table: str, change: str) -> None:
        await write(hub.house, owner, 1)
        for url, why in ((urls.application, "permission denied"), (urls.superuser, "append-only")):
            with psycopg.connect(url) as connection:
                connection.execute("select set_config('app.org', %s, false)", [str(owner.by.org_id)])
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match=why):
                    connection.execute(change.format(table))

    async def test_writes_nothing_with_a_lease_that_is_over(self, hub: Hub, owner: Person) -> None:
        house, org = hub.house, owner.by.org_id
        old = await lease.acquire(house.db, f"audit/{org}", "old", timedelta(seconds=-1))
        new = await lease.acquire(house.db, f"audit/{org}", "new", timedelta(minutes=1))
        assert old
        assert new
        with pytest.raises(lease.LeaseLost):
            await sequencing.advance(house.db, org, old)
        assert await sequencing.advance(house.db, org, new) > 0


def rehash(c: psycopg.Connection[tuple[Any, ...]], org_id: UUID) -> None:
    before = GENESIS
    rows = c.execute(f"select c.seq, {CONTENT} from audit_chain c join audit_records r on r.id = c.record_id"
                     " where c.org_id = %s order by c.seq", [org_id]).fetchall()  # fmt: skip
    for seq, content in rows:
        before = hashlib.sha256(TAG + seq.to_bytes(8, "big") + content + before).digest()
        c.execute("update audit_chain set hash = %s where org_id = %s and seq = %s", [before, org_id, seq])


async def test_the_file_outside_says_what_the_table_says(hub: Hub, owner: Person) -> None:
    await write(hub.house, owner)
    outside = checkpoints.read(checkpoints.path(hub.house.settings, owner.by.org_id))
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        inside = await store.get_checkpoints(tx)
    assert [(each.seq, each.hash, each.signature) for each in outside] == [
        (each.seq, each.hash, each.signature) for each in inside
    ]
    assert len(outside) == 1
