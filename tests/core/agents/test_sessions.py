"""Who is let in at the agents' address, and what becomes of everybody else."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from basefly import __version__
from basefly.agent import program
from basefly.agent.keeping import FileKeeping
from basefly.agent.program import Stranger
from basefly.base.tunnel import words
from basefly.base.tunnel.frames import Kind, encode
from basefly.base.tunnel.identity import Key
from basefly.base.tunnel.talk import SentAway, talking
from basefly.base.tunnel.websocket import Refused, call
from basefly.base.tunnel.words import Challenge, Greeting, Hello
from basefly.core.agents.sessions import attending, handshake
from basefly.sim import Cluster
from tests.core.agents.conftest import Issue, agent, approved, config, eventually, working
from tests.people import Hub, Person


async def asked(hub: Hub, path: str = words.PATH, **headers: str) -> Any:
    """A WebSocket at the hub, asked for with these headers."""
    parts = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"ws://{parts.netloc}{path}"
    return await call(reader, writer, url, subprotocols=[words.SUBPROTOCOL], headers=given)


class TestTheAddress:
    async def test_browsers_are_refused(self, hub: Hub) -> None:
        with pytest.raises(Refused) as refused:
            await asked(hub, Origin=hub.url)
        assert refused.value.status == 403

    async def test_there_is_no_other(self, hub: Hub) -> None:
        with pytest.raises(Refused) as refused:
            await asked(hub, "/agent/v1/other")
        assert refused.value.status == 403

    async def test_it_is_no_page(self, hub: Hub) -> None:
        async with hub.browser() as http:
            assert (await http.get(words.PATH)).status_code in (401, 404)

    async def test_a_crowd_comes_again_later(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attending, "QUEUE", 0)
        with pytest.raises(Refused) as refused:
            await asked(hub)
        assert refused.value.status == 429
        assert refused.value.retry_after >= 1

    async def test_whoever_says_nothing_is_cut_off(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("basefly.base.tunnel.talk.HANDSHAKE", 0.2)
        async with talking(await asked(hub), first=True) as talk, asyncio.timeout(15):
            with pytest.raises(ConnectionError):
                await talk.hear(Challenge, within=None)

    @pytest.mark.parametrize(
        "message",
        [b"", b"\x63\x00\x00\x00\x00", encode(Kind.OPEN, 1), encode(Kind.TELL, 0, b"{}"), os.urandom(60_000)],
    )
    async def test_hostile_frames_close_it_and_the_hub_goes_on(self, hub: Hub, message: bytes) -> None:
        socket = await asked(hub)
        socket.write(message)
        async with asyncio.timeout(10):
            await gone(socket)
        async with hub.browser() as http:
            assert (await http.get("/health/ready")).status_code == 200


class TestProof:
    async def test_a_hub_that_it_does_not_know_hears_nothing(
        self, attentive: Hub, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        made = await issue()
        other = {**made, "hub_key": words_key()}
        with pytest.raises(Stranger):
            await agent(config(attentive.url, other, cluster, tmp_path / "a")).session()
        async with working(agent(config(attentive.url, made, cluster, tmp_path / "b"))):
            pass  # the token was not told to the other

    async def test_a_stranger_with_a_key_of_their_own_is_refused(self, hub: Hub, issue: Issue, owner: Person) -> None:
        await issue()
        assert await refused(hub, owner.by.org_id, Key.create()) == "unknown"

    async def test_an_organization_that_is_not_there_looks_the_same(self, hub: Hub, issue: Issue) -> None:
        await issue()
        assert await refused(hub, uuid4(), Key.create()) == "unknown"

    async def test_a_signature_of_something_else_is_refused(
        self, attentive: Hub, issue: Issue, owner: Person, cluster: Cluster, tmp_path: Path
    ) -> None:
        setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
        async with working(agent(setup)):
            pass
        key = (await FileKeeping(Path(setup.state)).read()).keys[0]
        assert await refused(attentive, owner.by.org_id, key, nonce=b"yesterday's") == "unknown"

    @pytest.mark.parametrize(
        ("version", "code"), [("0.3.9", ""), ("0.4.0", "version"), ("1.1.0", "version"), ("x", "version")]
    )
    async def test_versions_two_apart_go_together(
        self, hub: Hub, issue: Issue, owner: Person, version: str, code: str
    ) -> None:
        await issue()
        found = await refused(hub, owner.by.org_id, Key.create(), version=version)
        assert found == (code or "unknown")

    @pytest.mark.parametrize("hub_version", ["0.2.0", "0.3.0"])
    async def test_an_old_agent_works_with_a_hub_two_minors_newer(
        self, attentive: Hub, issue: Issue, owner: Person, cluster: Cluster, tmp_path: Path, hub_version: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(handshake, "__version__", hub_version)
        async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
            await approved(owner)


class TestManySessions:
    async def test_the_newest_wins_and_the_older_is_told_why(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
        older = agent(setup)
        ended = asyncio.create_task(older.session())

        async def there() -> bool:
            return older.connected

        await eventually(there)
        async with working(agent(setup)) as newer:
            with pytest.raises(SentAway) as away:
                await ended
            assert away.value.refusal.code == "replaced"
            assert newer.connected

            async def told() -> bool:
                items = (await owner.http.get("/api/v1/audit", params={"act": "agent.replaced"})).json()["items"]
                return len(items) == 1

            await eventually(told)

    async def test_one_that_flaps_is_made_to_wait(
        self, attentive: Hub, issue: Issue, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(program, "TICK", 0.1)
        setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
        for _ in range(5):
            async with working(agent(setup)):
                pass
        with pytest.raises(SentAway) as away:
            await agent(setup).session()
        assert away.value.refusal.code == "busy"
        assert 0 < (away.value.refusal.retry_after or 0) <= 2

    async def test_when_a_session_ends_the_agent_says_since_when_and_why(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
            await approved(owner)
            (found,) = (await owner.http.get("/api/v1/agents")).json()["items"]
            assert (found["connected"], found["version"]) == (True, __version__)

        async def away() -> bool:
            (found,) = (await owner.http.get("/api/v1/agents")).json()["items"]
            return not found["connected"] and bool(found["cut_at"])

        await eventually(away)


async def gone(socket: Any) -> None:
    """Return once the other side has closed."""
    with suppress(ConnectionError):
        while True:
            await socket.receive()


def words_key() -> str:
    """The key of some other hub."""
    from basefly.core.agents.keys import told

    return told(Key.create().public)


async def refused(hub: Hub, org_id: UUID, key: Key, *, version: str = __version__, nonce: bytes = b"") -> str:
    """As what somebody with a key is refused."""
    async with talking(await asked(hub), first=True) as talk:
        talk.say(Greeting(organization=org_id, nonce=b"n" * 32, version=version, protocols=[1]))
        challenge = await talk.hear(Challenge)
        talk.say(Hello(public=key.public, signature=key.sign(b"basefly tunnel: an agent\0", nonce or challenge.nonce)))
        try:
            await talk.hear(Hello)
        except SentAway as away:
            return away.refusal.code
    raise AssertionError("it was let in")


async def test_a_session_outlives_the_patience_of_the_web_server(
    attentive: Hub, issue: Issue, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("basefly.base.web.boundary.arrival.HEAD", 0.5)
    async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))) as one:
        await asyncio.sleep(1.5)
        assert one.connected
