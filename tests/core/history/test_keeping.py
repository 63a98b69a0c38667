"""What is kept and for how long: the pure part, isolation by the database, and retention."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Reach, Scope
from basefly.base.runtime.house import House
from basefly.core.history import store
from basefly.core.history.keeping import Keeping
from basefly.core.history.model import Field, Wanted, is_kept
from basefly.core.history.store import Begun, First, New, Path
from basefly.core.history.trimming import trim
from basefly.core.history.versions.comparing import fields
from basefly.core.history.versions.difference import difference, written
from basefly.core.history.versions.glimpse import MOST, Looking
from basefly.core.history.versions.packing import opened
from basefly.core.sync.kind import unreadable
from basefly.core.sync.model import Place
from basefly.core.sync.witness import Glimpse, Seen

KEY = b"k" * 32


def look(resource: str = "deployments.apps", key: bytes = KEY, **whole: Any) -> Glimpse | None:
    return Looking(key)(resource, msgspec.json.encode({"metadata": {"name": "web", "uid": "u"}} | whole))


def kept(glimpse: Glimpse | None) -> Any:
    assert glimpse is not None
    return msgspec.json.decode(glimpse.text)


class TestGlimpse:
    def test_status_versions_and_what_controllers_note_are_left_out(self) -> None:
        meta = {
            "uid": "u",
            "resourceVersion": "7",
            "labels": {"a": "b"},
            "annotations": {"deployment.kubernetes.io/revision": "3", "note": "x"},
            "managedFields": [{"manager": "helm", "operation": "Apply", "time": "2026-01-01T00:00:00Z"}],
        }
        glimpse = look(metadata=meta, spec={"replicas": 1}, status={"replicas": 1}, kind="Deployment")
        assert kept(glimpse) == {
            "metadata": {"labels": {"a": "b"}, "annotations": {"note": "x"}},
            "spec": {"replicas": 1},
        }
        assert glimpse is not None
        assert glimpse[2:] == ("helm", "Apply", "2026-01-01T00:00:00Z")

    def test_who_wrote_the_status_changed_nothing(self) -> None:
        wrote = [
            {"manager": "mia", "operation": "Update", "time": "2026-01-01T00:00:00Z", "subresource": "scale"},
            {"manager": "controller", "operation": "Update", "time": "2026-02-01T00:00:00Z", "subresource": "status"},
        ]
        glimpse = look(metadata={"managedFields": wrote})
        assert glimpse is not None
        assert (glimpse.manager, glimpse.operation) == ("mia", "scale")

    def test_a_mark_tells_values_of_a_secret_apart_and_nothing_else(self) -> None:
        first = kept(look("secrets", data={"a": "MQ==", "b": "MQ=="}))["data"]
        assert first == kept(look("secrets", data={"a": "MQ==", "b": "MQ=="}))["data"]
        assert first["a"] != first["b"]
        assert first["a"] != kept(look("secrets", key=b"o" * 32, data={"a": "MQ=="}))["data"]["a"]
        assert "MQ==" not in str(first)
        assert "data" in kept(look("secrets", data=None))

    def test_what_a_controller_owns_follows_from_its_owner(self) -> None:
        owned = {"ownerReferences": [{"controller": True}]}
        assert look("jobs.batch", metadata=owned) is None
        assert look("deployments.apps", metadata=owned) is not None

    def test_of_what_is_too_large_it_is_kept_that_it_changed(self) -> None:
        large, other = (look("configmaps", data={"a": letter * MOST}) for letter in "xy")
        assert large is not None
        assert other is not None
        assert large.digest != other.digest
        assert len(large.text) < 1000

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"metadata": 7}', b"\xff", b"[" * 5000])
    def test_what_cannot_be_read_is_not_kept(self, body: bytes) -> None:
        assert Looking(KEY)("configmaps", body) is None

    def test_pods_and_events_are_not_kept_but_custom_resources_are(self) -> None:
        kinds = ("pods", "events", "pods.metrics.k8s.io", "widgets.example.com", "secrets", "nodes")
        assert [is_kept(kind) for kind in kinds] == [False, False, False, True, True, True]


class TestFields:
    def test_containers_are_known_by_their_names(self) -> None:
        before = {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}}
        after = {"spec": {"containers": [{"name": "b", "image": "b:2"}, {"name": "a", "image": "a:1"}]}}
        assert fields(before, after) == [Field("spec.containers[b].image", "b:1", "b:2")]

    def test_what_came_and_went_is_told_down_to_its_values(self) -> None:
        before, after = {"a": {"x": 1, "y": [1]}, "same": 1}, {"b": {}, "same": 1, "c.d": None, "e": "new"}
        assert fields(before, after) == [
            Field("b", None, "{}"),
            Field("e", None, "new"),
            Field("a.x", "1", None),
            Field("a.y", "[1]", None),
        ]

    def test_long_values_and_odd_characters_are_told_in_short(self) -> None:
        (field,) = fields({"a": "\0"}, {"a": "x" * 1000})
        assert field.before == "\ufffd"
        assert len(field.after or "") == 160

    def test_a_difference_has_three_lines_around_it(self) -> None:
        lines = difference("\n".join("abcdefghij"), "\n".join("abcdeXghij"))
        assert written(lines[1:]) == " c\n d\n e\n-f\n+X\n g\n h\n i\n"
        assert difference("a", "a") == []


Begin = Callable[..., Awaitable[Begun]]


@pytest.fixture
def begin(cluster_id: UUID) -> Begin:
    """Begins the lives of config maps of these names."""

    async def firsts(names: Sequence[str], cause: Literal["seen", "created"]) -> AsyncIterator[First]:
        for place, name in enumerate(names):
            yield First(place, cluster_id, "configmaps", "shop", name, name, cause, None, "", "", 1, b"x")

    def begin(tx: Tx, *names: str, cause: Literal["seen", "created"] = "seen") -> Awaitable[Begun]:
        return store.begin(tx, firsts(names or ["settings"], cause))

    return begin


def changed(before: int, at: datetime | None = None) -> New:
    return New(before=before, at=at, changes=[], changed=0, digest=1, text=b"x")


class TestKept:
    async def test_the_database_shows_them_to_their_organization_alone(
        self, db: Database, org: UUID, other_org: UUID, begin: Begin
    ) -> None:
        async with db.transaction(org) as tx:
            await begin(tx)
            assert await tx.value("select count(*) from object_versions") == 1
        async with db.transaction(other_org) as tx:
            assert await tx.value("select count(*) from object_versions") == 0
            assert await tx.execute("update object_versions set manager = 'x'") == 0

    async def test_whoever_sees_one_namespace_sees_no_other(
        self, db: Database, org: UUID, cluster_id: UUID, begin: Begin
    ) -> None:
        async with db.transaction(org) as tx:
            assert (await begin(tx, cause="created")).clusters == [cluster_id]
            for namespace, seen in (("shop", 1), ("pay", 0)):
                scope = Scope(org, (Reach(frozenset({cluster_id}), frozenset({namespace})),))
                assert len(await store.page(tx, scope, Wanted(), after=None, limit=9)) == seen
                path = Path(cluster_id, "configmaps", "shop", "settings")
                assert bool(await store.get_as_of(tx, scope, path, datetime.now(UTC) + timedelta(days=1))) is bool(seen)

    async def test_no_clock_of_a_cluster_puts_a_version_before_the_last_or_after_now(
        self, db: Database, org: UUID, cluster_id: UUID, begin: Begin
    ) -> None:
        async with db.transaction(org) as tx:
            await begin(tx)
        for at in (datetime.now(UTC), datetime(2001, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)):
            async with db.transaction(org) as tx:
                last = await tx.value("select max(id) from object_versions")
                assert await store.replace(tx, [changed(last, at)]) == [cluster_id]
        async with db.transaction(org) as tx:
            spans = await tx.all(dict, "select at, until, now() as now from object_versions order by id")
        for early, late in pairwise(spans):
            assert early["until"] == late["at"] >= early["at"]
        assert all(each["at"] <= each["now"] for each in spans)

    async def test_a_life_that_has_begun_begins_no_second_time(self, db: Database, org: UUID, begin: Begin) -> None:
        for names, count in ((("a", "b"), 2), (("b", "c"), 1), (("a", "b", "c"), 0)):
            async with db.transaction(org) as tx:
                begun = await begin(tx, *names)
                assert (begun.count, begun.clusters) == (count, [])
                assert await store.get_differing(tx) == []
        async with db.transaction(org) as tx:
            await tx.execute("update object_versions set digest = 2 where name = 'b'")
        async with db.transaction(org) as tx:
            await begin(tx, "a", "b", "c")
            assert [known.place for known in await store.get_differing(tx)] == [1]


class TestOddObjects:
    @pytest.mark.parametrize(
        ("text", "time"),
        [
            (b'{"spec":"\\ud800"}', ""),
            (b'{"spec":' + b"[" * 990 + b"]" * 990 + b"}", ""),
            (b'{"spec":1}', "2026-01-01T00:00:00"),
            (b'{"spec":2}', "0001-01-01T00:00:00+14:00"),
            (b'{"spec":"\\u0000"}', "soon"),
        ],
    )
    async def test_one_hides_no_other(self, db: Database, org: UUID, cluster_id: UUID, text: bytes, time: str) -> None:
        def seen(uid: str, digest: int, text: bytes) -> Seen:
            row = msgspec.structs.replace(unreadable(uid, "shop", uid, ""), created_at=time or "2026-01-01T00:00:00Z")
            return Seen(Place(cluster_id, "configmaps"), row, Glimpse(digest, text, "m\0", "Update", time))

        for digest, sound in ((1, b'{"spec":1}'), (2, b'{"spec":2}')):
            async with db.transaction(org) as tx:
                await Keeping().keep(tx, [seen("odd", digest, text), seen("sound", digest, sound)], ())
        async with db.transaction(org) as tx:
            scope = Scope(org, (Reach(None, None),))
            found = await store.page(tx, scope, Wanted(begun=True), after=None, limit=9)
            assert len([each for each in found if each.name == "sound"]) == 2
            for each in found:
                path = Path(cluster_id, "configmaps", "shop", each.name)
                version = await store.get_version(tx, scope, path, each.id)
                assert version is not None
                assert "spec" in opened(version.text)


class TestRetention:
    async def test_the_old_and_the_many_go_and_the_present_stays(self, house: House, org: UUID, begin: Begin) -> None:
        async with house.db.transaction(org) as tx:
            await tx.execute(
                "insert into history_settings (org_id, days, versions, key) values (%s, 10, 3, 'k')", [org]
            )
        for name, count in (("few", 2), ("many", 6), ("old", 2)):
            async with house.db.transaction(org) as tx:
                await begin(tx, name)
            for _ in range(count - 1):
                async with house.db.transaction(org) as tx:
                    last = await tx.value("select max(id) from object_versions where name = %s", [name])
                    await store.replace(tx, [changed(last)])
        async with house.db.transaction(org) as tx:
            past = datetime.now(UTC) - timedelta(days=11)
            query = (
                "update object_versions set at = %s, until = case when until is not null then %s end where name = 'old'"
            )
            await tx.execute(query, [past, past])
        assert await trim(house, org, at_once=2) == 4
        async with house.db.transaction(org) as tx:
            query = "select name, count(*) from object_versions group by name order by name"
            left = {row["name"]: row["count"] for row in await tx.all(dict, query)}
            assert left == {"few": 2, "many": 3, "old": 1}
            assert await tx.value("select count(*) from object_versions where until is null") == 3

    async def test_what_was_of_a_cluster_goes_with_it(
        self, house: House, org: UUID, cluster_id: UUID, begin: Begin
    ) -> None:
        async with house.db.transaction(org) as tx:
            await begin(tx, *map(str, range(5)))
            await tx.execute("update clusters set deleted_at = now() where id = %s", [cluster_id])
        assert await trim(house, org, at_once=2) == 5
