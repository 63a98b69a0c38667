"""A page by a key with many equals is the same whether it is walked to or sorted, page after page and back again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Reach, Scope
from basefly.core.inventory.model import ObjectQuery, Sort
from basefly.core.inventory.store import objects, walk

_FILL = """
    insert into objects (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status,
                         health, owner_uid, labels, cells, digest)
    select %(org)s, %(cluster)s, resource, 'u-' || i, 'ns-' || i %% 3, 'web-' || i %% 40, '1', now(), 's-' || i %% 2,
           case when i %% 9 = 0 then 'bad' else 'ok' end, '', '{}',
           case when i %% 11 = 0 then '{}' else jsonb_build_object('restarts', i %% 4, 'node', 'n-' || i %% 5,
               'ready', '1/1', 'ip', '10.0.0.' || i, 'cpu', i %% 3 / 4.0, 'images', jsonb_build_array('web:' || i %% 2))
           end, i
    from generate_series(1, %(each)s) i, unnest(array['pods', 'events', 'configmaps']) resource"""


@pytest.fixture
async def tx(db: Database, org: UUID) -> AsyncIterator[Tx]:
    """Four clusters, of which one is empty, and objects with few different keys and many equal ones."""
    async with db.transaction(org) as tx:
        for name, each in {"b": 60, "a": 45, "d": 0, "c": 3}.items():
            query = "insert into clusters (org_id, name) values (%s, %s) returning id"
            cluster = await tx.value(query, [org, name])
            await tx.execute(_FILL, {"org": org, "cluster": cluster, "each": each})
        yield tx


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("resource", "column"),
    [
        ("pods", "cluster"),
        *((resource, column) for resource, columns in walk.KEYED.items() for column in sorted(columns)),
        *(("configmaps", column) for column in sorted(walk.OTHERS)),
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_walked_pages_are_those_that_are_sorted(
    tx: Tx, org: UUID, resource: str, column: str, descending: bool, limit: int
) -> None:
    sort = Sort(column, descending, text=column in ("node", "ready", "ip", "qos", "images"))
    query = ObjectQuery(resource=resource, clusters=None, namespaces=("ns-0", "ns-1"), sort=sort, limit=limit)
    scope = Scope(org, (Reach(None, None),))
    cursor: str | None = ""
    seen, pages = list[str](), 0
    while cursor is not None and pages < 12:
        asked = msgspec.structs.replace(query, cursor=cursor)
        walked, plain = await walk.walk(tx, scope, asked), await objects.page_objects(tx, scope, asked)
        assert walked == plain
        if walked.previous:
            back = msgspec.structs.replace(query, cursor=walked.previous)
            assert await walk.walk(tx, scope, back) == await objects.page_objects(tx, scope, back)
        seen += [f"{row.cluster_id}/{row.uid}" for row in walked.rows]
        cursor, pages = walked.next, pages + 1
    assert len(seen) == len(set(seen)) == (72 if limit > 1 else 12)
