"""Connecting by agent in the browser's own way: forms in, pages out."""

from __future__ import annotations

import re
from pathlib import Path

from basefly.core.agents.keys import told
from basefly.core.agents.store import get_keys
from basefly.sim import Cluster
from tests.core.agents.conftest import agent, config, eventually, working
from tests.people import Hub, Person


def token(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


async def sent(person: Person, path: str, **fields: str) -> str:
    """Fill in a form of a page; the page that comes of it."""
    page = (await person.http.get(path, headers={"Accept": "text/html"})).text
    answer = await person.http.post(
        path, data={"csrf": token(page), **fields}, headers={"Accept": "text/html"}, follow_redirects=True
    )
    assert answer.status_code in (200, 201), answer.text[:500]
    return answer.text


async def test_a_cluster_is_connected_step_by_step(
    attentive: Hub, owner: Person, cluster: Cluster, tmp_path: Path
) -> None:
    page = await sent(owner, "/connect/agent", name="berlin", profile="operate")
    secret = re.search(r"token: (basefly_agent_[\w=-]+)", page)
    waiting = re.search(r'href="(/connect/agent/[0-9a-f-]{36})"', page)
    assert secret, page
    assert waiting, page
    assert "Waiting for the agent" in (await owner.http.get(waiting[1])).text
    async with attentive.house.db.transaction(owner.by.org_id) as tx:
        keys = await get_keys(tx)
    assert keys is not None
    issued = {"token": secret[1], "hub_key": told(keys.public)}
    one = agent(config(attentive.url, issued, cluster, tmp_path / "a"))
    async with working(one):
        assert one.fingerprint in (await owner.http.get(waiting[1])).text
        assert one.fingerprint in (await owner.http.get("/agents")).text

        async def connected() -> bool:
            return "berlin is connected" in await sent(owner, waiting[1], act="approve")

        await eventually(connected)
        (found,) = (await owner.http.get("/api/v1/clusters")).json()["items"]
        assert "Connected by agent" in (await owner.http.get(f"/clusters/{found['id']}")).text


async def test_a_name_that_is_none_is_told_on_the_form(owner: Person) -> None:
    page = (await owner.http.get("/connect/agent")).text
    answer = await owner.http.post("/connect/agent", data={"csrf": token(page), "name": "no name"})
    assert answer.status_code == 422
    assert "no spaces" in answer.text


async def test_readers_see_agents_and_change_nothing(owner: Person, viewer: Person) -> None:
    assert (await viewer.http.get("/agents")).status_code == 200
    assert (await viewer.http.get("/connect/agent")).status_code == 403
    page = (await owner.http.get("/agents")).text
    answer = await owner.http.post("/agent-settings", data={"csrf": token(page), "approval": "false"})
    assert answer.status_code == 303
    assert "A token says" in (await owner.http.get("/agents")).text
