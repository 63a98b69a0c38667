"""Figures of the whole hub are for whoever runs it, and for no organization."""

from __future__ import annotations

import msgspec
import pytest

from basefly.base.settings import SettingsError, load
from tests.people import OPERATOR, Hub, Person


async def test_the_operators_token_reads_the_figures(hub: Hub, owner: Person) -> None:
    await owner.http.get("/api/v1/me")
    told = await hub.metrics()
    assert 'basefly_http_requests_total{method="GET",route="/api/v1/me",status="200"}' in told
    assert "basefly_database_connections" in told


@pytest.mark.parametrize("given", ["", OPERATOR, f"Basic {OPERATOR}", "Bearer", f"Bearer {OPERATOR[:-1]}", "Bearer é"])
async def test_nothing_else_does(hub: Hub, given: str) -> None:
    async with hub.browser() as http:
        answer = await http.get("/metrics", headers=[(b"Authorization", given.encode("latin-1"))])
    assert answer.status_code == 401
    assert "BASEFLY_METRICS_TOKEN" in answer.json()["cure"]
    assert "basefly_" not in answer.text


async def test_no_account_does_not_even_an_owners(owner: Person) -> None:
    token = (await owner.http.post("/api/v1/tokens", json={"name": "scraper"})).json()["token"]
    assert (await owner.http.get("/metrics")).status_code == 401
    assert (await owner.http.get("/metrics", headers=owner.bearer(token))).status_code == 401


@pytest.mark.parametrize("given", ["", "Bearer", f"Bearer {OPERATOR}"])
async def test_without_the_setting_nobody_does(hub: Hub, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.house, "settings", msgspec.structs.replace(hub.house.settings, metrics_token=""))
    async with hub.browser() as http:
        assert (await http.get("/metrics", headers={"Authorization": given})).status_code == 401


@pytest.mark.parametrize("text", ["short", "x" * 23, "with a space in the middle of it", "ä" * 30])
def test_a_weak_token_does_not_start_and_is_not_told(text: str) -> None:
    with pytest.raises(SettingsError, match="BASEFLY_METRICS_TOKEN=…: give 24 or more") as told:
        load({"BASEFLY_METRICS_TOKEN": text})
    assert text not in str(told.value)
    assert load({"BASEFLY_METRICS_TOKEN": "x" * 24}).metrics_token == "x" * 24
