"""The record survives its way into months and back."""

from __future__ import annotations

import psycopg

from basefly.base.db import migrate
from tests.conftest import Urls

BEFORE = 21  # what is below the chain


async def test_records_of_before_are_there_and_wait_for_their_links(blank: Urls) -> None:
    await migrate.up(blank.owner, BEFORE)
    with psycopg.connect(blank.superuser, autocommit=True) as connection:
        row = connection.execute("insert into organizations (name) values ('Acme') returning id").fetchone()
        assert row
        connection.execute(
            "insert into audit_records (org_id, at, act, object, outcome, actor_kind, address)"
            " select %s, now() - n * interval '40 days', 'thing.done', 'x', 'done', 'system', '10.0.0.1'"
            " from generate_series(0, 9) n",
            row,
        )
        await migrate.up(blank.owner)
        query = "select count(*), count(distinct tableoid), min(address) from audit_records"
        assert connection.execute(query).fetchone() == (10, 10, "10.0.0.1")
        assert connection.execute("select count(*) from audit_pending").fetchone() == (10,)
        await migrate.down(blank.owner, BEFORE)
        assert connection.execute("select count(*), min(address) from audit_records").fetchone() == (10, "10.0.0.1")
