"""What is personal in a record is sealed, shows itself to those who may see it, and can be erased; the chain stays."""

from __future__ import annotations

import psycopg
import pytest

from basefly.base.db.pool import Database
from basefly.core.audit import personal
from basefly.core.audit.actions import record
from tests.conftest import Urls
from tests.core.audit.chain.test_verifying import chain, verdict
from tests.people import Hub, Person


async def write(hub: Hub, owner: Person, subject: Person) -> None:
    before, after = {"name": "Vic", "email": "vic@example.com"}, {"name": "Victor", "email": "v@example.com"}
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        await record(
            tx, owner.by, "member.renamed", f"members/{subject.by.user_id}", {"n": 1}, before=before, after=after
        )


async def read(owner: Person) -> dict[str, object]:
    (found,) = (await owner.http.get("/api/v1/audit?act=member.renamed")).json()["items"]
    return dict(found)


class TestPersonalFields:
    async def test_are_sealed_in_the_table(self, hub: Hub, owner: Person, viewer: Person, urls: Urls) -> None:
        await write(hub, owner, viewer)
        await owner.http.post("/api/v1/tokens", json={"name": "ci"})
        with psycopg.connect(urls.superuser) as connection:
            rows = connection.execute("select r::text from audit_records r").fetchall()
        assert rows
        assert not [row for (row,) in rows if "example.com" in row or "Victor" in row or "127.0.0.1" in row]

    async def test_show_themselves_to_who_may_see_them(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await write(hub, owner, viewer)
        found = await read(owner)
        assert found["before"] == {"name": "Vic", "email": "vic@example.com"}
        assert found["after"] == {"name": "Victor", "email": "v@example.com"}
        assert found["erased"] is False

    async def test_of_a_cluster_are_none(self, hub: Hub, owner: Person, urls: Urls) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await record(tx, owner.by, "cluster.changed", "clusters/x", {"name": "production"})
        with psycopg.connect(urls.superuser) as connection:
            (row,) = connection.execute("select r::text from audit_records r where act = 'cluster.changed'").fetchall()
        assert "production" in row[0]

    async def test_are_gone_when_erased_and_the_chain_is_true(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await write(hub, owner, viewer)
        await chain(hub.house, owner.by.org_id)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await personal.forget(tx, viewer.by.user_id)
        found = await read(owner)
        assert found["after"] == {"name": "erased", "email": "erased"}
        assert found["erased"] is True
        assert found["detail"] == {"n": 1}
        await write(hub, owner, viewer)
        (latest, _) = (await owner.http.get("/api/v1/audit?act=member.renamed")).json()["items"]
        assert latest["after"] == {"name": "erased", "email": "erased"}, "nothing new is kept of them either"
        await chain(hub.house, owner.by.org_id)
        assert (await verdict(owner))["ok"]

    async def test_of_one_person_do_not_open_for_another(self, hub: Hub, owner: Person, viewer: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            told = personal.Told("users/x", owner.by.user_id, None)
            told.where("10.1.2.3")
            texts = await personal.sealed(tx, told, owner.by.user_id)
            assert list(texts) == [str(owner.by.user_id)]
            await personal.sealed(tx, personal.Told("users/x", viewer.by.user_id, None), viewer.by.user_id)

    async def test_need_a_vault(self, db: Database, org: object, owner: Person, urls: Urls) -> None:
        bare = await Database.open(urls.application, max_size=1)
        try:
            with pytest.raises(RuntimeError, match="vault"):
                async with bare.transaction(owner.by.org_id) as tx:
                    await record(tx, owner.by, "user.changed", "users/x", {"email": "x@example.com"})
        finally:
            await bare.close()

    @pytest.mark.parametrize("tampered", ['{"x": "y"}', '{"00000000-0000-4000-8000-000000000000": "!"}', None])
    async def test_that_somebody_changed_hide_no_record(
        self, hub: Hub, owner: Person, viewer: Person, urls: Urls, tampered: str | None
    ) -> None:
        await write(hub, owner, viewer)
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            personal_ = "jsonb_object_agg(key, 'c2hvcnQ=')" if tampered is None else "max(%s)::jsonb"
            connection.execute(
                f"update audit_records set personal = (select {personal_} from jsonb_each(personal))"
                " where act = 'member.renamed'",
                [] if tampered is None else [tampered],
            )
        assert (await read(owner))["erased"] is True


class TestSecrets:
    async def test_are_starred_wherever_they_stand(self, hub: Hub, owner: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            given = {"kubeconfig": "apiVersion", "deep": {"password": "p", "list": ["Bearer abcdefgh12345"]}}
            await record(tx, owner.by, "thing.changed", "things/1", given, before={"token": "t"}, after={"ok": "yes"})
        (found,) = (await owner.http.get("/api/v1/audit?act=thing")).json()["items"]
        assert found["detail"] == {"kubeconfig": "***", "deep": {"password": "***", "list": ["***"]}}
        assert found["before"] == {"token": "***"}
        assert found["after"] == {"ok": "yes"}
