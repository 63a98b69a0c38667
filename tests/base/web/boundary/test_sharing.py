"""An answer is shared by those whose rights are equal, all of them, and by nobody else."""

from __future__ import annotations

from uuid import UUID, uuid4

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Grant, Principal
from basefly.base.sight import Profile, Sight
from basefly.base.web.boundary.sharing import Answer, Written, shared

JSON = "application/json"
CLUSTER = UUID(int=7)
BOTH = frozenset({"clusters:read", "inventory:read"})


def someone(org: UUID, *grants: Grant, sight: Sight | None = None) -> Principal:
    return Principal(user_id=uuid4(), org_id=org, name="Mia", email="mia@example.com", grants=grants, sight=sight)


async def told(db: Database, by: Principal, answer: str) -> str:
    async def read(tx: Tx) -> str:
        return answer

    async with db.reading(by.org_id) as tx:
        return await shared(tx, by, "clusters", read, "clusters/*")


async def test_equal_rights_by_other_grants_share(db: Database, org: UUID) -> None:
    db.share(lambda *_: 1)
    one, other = (someone(org, Grant(BOTH, id=uuid4(), via=via)) for via in ("", "team:SRE"))
    assert [await told(db, one, "first"), await told(db, other, "second")] == ["first", "first"]


@pytest.mark.parametrize(
    "other",
    [
        (Grant(frozenset({"clusters:read"})),),  # sees the same clusters, and not what runs in them
        (Grant(BOTH, clusters=frozenset({CLUSTER})),),
        (Grant(BOTH, namespaces=frozenset({"shop"})),),
        (Grant(frozenset({"clusters:read"})), Grant(frozenset({"inventory:read"}), clusters=frozenset({CLUSTER}))),
    ],
)
async def test_other_rights_do_not(db: Database, org: UUID, other: tuple[Grant, ...]) -> None:
    db.share(lambda *_: 1)
    await told(db, someone(org, Grant(BOTH)), "all")
    assert await told(db, someone(org, *other), "a part") == "a part"


async def test_nor_does_what_the_clusters_themselves_show_otherwise(db: Database, org: UUID) -> None:
    db.share(lambda *_: 1)
    seen = [Sight("inventory:read", {CLUSTER: Profile(whole=frozenset({kind}))}, {}) for kind in ("pods", "nodes")]
    people = [someone(org, Grant(BOTH), sight=sight) for sight in seen]
    assert [await told(db, by, name) for by, name in zip(people, ("pods", "nodes"), strict=True)] == ["pods", "nodes"]


class Found(Answer, frozen=True):
    name: str


class Other(msgspec.Struct):
    name: str


def test_a_shared_answer_is_written_once() -> None:
    found = Found("web")
    first, again = (Written(found).render(found, JSON) for _ in range(2))
    assert first == b'{"name":"web"}'
    assert first is again


def test_what_was_made_of_it_is_written_anew() -> None:
    found = Found("web")
    assert found.json != msgspec.structs.replace(found, name="api").json


def test_other_answers_are_written_each_time() -> None:
    other = Other("web")
    first = Written(other).render(other, JSON)
    other.name = "api"
    assert (first, Written(other).render(other, JSON)) == (b'{"name":"web"}', b'{"name":"api"}')
