"""Records as a file: whole, in order, safe in a spreadsheet, and put on record."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from basefly.core.audit import export
from basefly.core.audit.actions import record
from tests.people import Hub, Person


async def write(hub: Hub, person: Person, number: int) -> None:
    async with hub.house.db.transaction(person.by.org_id) as tx:
        for place in range(number):
            await record(tx, person.by, "thing.done", f"things/{place}", {"name": "=HYPERLINK(1)"})


class TestExport:
    async def test_as_json_lines_has_every_record_once(
        self, hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "CHUNK", 7)
        await write(hub, owner, 21)
        answer = await owner.http.get("/api/v1/audit/export?act=thing")
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        assert "attachment" in answer.headers["content-disposition"]
        objects = [json.loads(line)["object"] for line in answer.text.splitlines()]
        assert objects == [f"things/{place}" for place in reversed(range(21))]

    async def test_as_csv_runs_in_no_spreadsheet(self, hub: Hub, owner: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await record(tx, owner.by, "thing.done", "=1+1")
        rows = list(csv.DictReader(io.StringIO((await owner.http.get("/api/v1/audit/export/csv?act=thing")).text)))
        assert [row["object"] for row in rows] == ["'=1+1"]
        assert rows[0]["actor"] == owner.by.name

    async def test_is_on_record_itself(self, owner: Person) -> None:
        await owner.http.get("/api/v1/audit/export?act=cluster")
        (found,) = (await owner.http.get("/api/v1/audit?act=audit.exported")).json()["items"]
        assert found["detail"] == {"format": "jsonl", "filter": {"act": "cluster"}}

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.get("/api/v1/audit/export")).status_code == 403

    async def test_a_stranger_gets_nothing_of_it(self, hub: Hub, owner: Person, stranger: Person) -> None:
        await write(hub, owner, 2)
        assert (await stranger.http.get("/api/v1/audit/export?act=thing")).text == ""

    async def test_another_format_is_422(self, owner: Person) -> None:
        assert (await owner.http.get("/audit/export?format=xml")).status_code == 422


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("+1", "'+1"), ("-1", "'-1"), ("@sum", "'@sum"), ("\tx", "'\tx"),
        (7, "7"), ({"a": 1}, '{"a":1}'), (None, ""), (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ],
)  # fmt: skip
def test_fields(given: Any, field: str) -> None:
    assert export.field(given) == field
