"""Recordings: which sessions are, what is masked, who may read them, and what cannot be recorded is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from basefly.core.terminals import actions, store
from basefly.core.terminals.recording import recorder
from basefly.core.terminals.shell import session
from tests.core.terminals.conftest import Enter
from tests.people import Hub, Person

EXEC = "command=sh&stdin=true&stdout=true&tty=true"
STDIN, STDOUT = 0, 1


async def want(owner: Person, recorded: str, days: int | None = None) -> None:
    answer = await owner.http.put("/api/v1/recording-settings", json={"recorded": recorded, "retention_days": days})
    assert answer.status_code == 200, answer.text


async def recordings(owner: Person) -> list[dict[str, Any]]:
    answer = await owner.http.get("/api/v1/recordings")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def cast(owner: Person, recording: dict[str, Any]) -> tuple[dict[str, Any], list[list[Any]]]:
    """The header of a recording, and its events."""
    answer = await owner.http.get(f"/api/v1/recordings/{recording['id']}/cast")
    assert answer.status_code == 200, answer.text
    header, *events = [json.loads(line) for line in answer.text.splitlines()]
    return header, events


def text(events: list[list[Any]], kind: str) -> str:
    return "".join(event[2] for event in events if event[1] == kind)


class TestFromThePage:
    async def test_is_written_down_and_played_back(self, owner: Person, enter: Enter, pod: dict[str, Any]) -> None:
        await want(owner, "shells")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="opened")
            assert terminal.told[0]["recorded"] is True
            await terminal.say(size=[100, 30])
            await terminal.type("echo heron\r")
            await terminal.until("heron\r\n")
            await terminal.type("export API_TOKEN=abcdef123456\r")
            await terminal.type("echo done\r")
            await terminal.until("done\r\n")
            await terminal.type("exit\r")
            await terminal.until(told="ended")
        (found,) = await recordings(owner)
        assert (found["pod"], found["way"], found["exit_code"]) == (pod["metadata"]["name"], "page", 0)
        assert found["user"] == "Mia"
        assert found["ended_at"] is not None
        header, events = await cast(owner, found)
        assert (header["version"], header["width"], header["height"]) == (2, 100, 30)
        assert "heron\r\n" in text(events, "o")
        assert "echo heron\r" in text(events, "i")
        assert "100x30" in text(events, "r")
        assert "abcdef123456" not in json.dumps(events)
        assert [event[0] for event in events] == sorted(event[0] for event in events)
        read = (await owner.http.get("/api/v1/audit", params={"act": "recording.read"})).json()["items"]
        assert read[0]["object"] == f"recordings/{found['id']}"

    async def test_what_lies_in_the_database_is_sealed(self, hub: Hub, owner: Person, enter: Enter) -> None:
        await want(owner, "everything")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("echo nightheron\r")
            await terminal.until("nightheron\r\n")
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await asyncio.sleep(1)
            kept = await tx.all(bytes, "select sealed from terminal_chunks")
        assert kept
        assert not any(b"nightheron" in each for each in kept)

    async def test_text_in_them_is_found(self, owner: Person, enter: Enter) -> None:
        await want(owner, "shells")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("echo kingfisher; exit\r")
            await terminal.until(told="ended")
        (found,) = await recordings(owner)
        for words, hit in (("kingfisher", True), ("ostrich", False)):
            page = await owner.http.get("/recordings", params={"q": words}, headers={"Accept": "text/html"})
            assert page.status_code == 200, page.text
            assert (f"/recordings/{found['id']}" in page.text) is hit
        replay = await owner.http.get(f"/recordings/{found['id']}", headers={"Accept": "text/html"})
        assert "data-player" in replay.text
        assert ">bash<" in replay.text

    async def test_one_that_cannot_be_written_down_ends(
        self, owner: Person, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fails(*_: object, **__: object) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(store, "append", fails)
        monkeypatch.setattr(recorder, "EVERY", 0.1)
        await want(owner, "shells")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("echo a\r")
            await terminal.until("a\r\n")
            await asyncio.sleep(0.5)
            await terminal.type("echo b\r")
            await terminal.until(told="error")
        assert terminal.told[-1]["code"] == "not_recorded"

    async def test_a_shell_that_is_not_there_leaves_none(
        self, owner: Person, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "SHELLS", ("zsh", "sh"))
        await want(owner, "shells")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until("# ")
            await terminal.type("exit\r")
            await terminal.until(told="ended")
        assert len(await recordings(owner)) == 1

    async def test_is_left_alone_where_nobody_wants_it(self, owner: Person, enter: Enter) -> None:
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("exit\r")
            await terminal.until(told="ended")
        assert await recordings(owner) == []


class TestByKubectl:
    async def test_is_written_down(self, owner: Person, pod: dict[str, Any], through: Callable[..., Any]) -> None:
        await want(owner, "shells")
        async with asyncio.timeout(20), await through(owner, pod, EXEC) as socket:
            await socket.send(bytes((STDIN,)) + b"echo heron\r")
            shown = b""
            while b"heron\r\n" not in shown:
                message = await socket.recv()
                shown += message[1:] if message[0] == STDOUT else b""
            await socket.send(bytes((STDIN,)) + b"exit 3\r")
            async for message in socket:
                shown += message
        (found,) = await recordings(owner)
        assert (found["way"], found["exit_code"]) == ("kubectl", 3)
        assert "heron" in text((await cast(owner, found))[1], "o")

    async def test_a_command_that_only_shows_something_is_no_shell(
        self, owner: Person, pod: dict[str, Any], through: Callable[..., Any]
    ) -> None:
        for wanted, count in (("shells", 0), ("everything", 1)):
            await want(owner, wanted)
            async with asyncio.timeout(20), await through(owner, pod, "command=hostname&stdout=true") as socket:
                async for _ in socket:
                    pass
            assert len(await recordings(owner)) == count

    async def test_in_a_way_that_cannot_be_read_is_refused(
        self, owner: Person, pod: dict[str, Any], through: Callable[..., Any], client: Any, prod: str
    ) -> None:
        await want(owner, "shells")
        with pytest.raises(InvalidStatus) as refused:
            await through(owner, pod, EXEC, "base64.channel.k8s.io")
        assert refused.value.response.status_code == 403
        meta = pod["metadata"]
        answer = await (await client(owner)).post(
            f"/clusters/{prod}/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/exec?{EXEC}",
            headers={"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v4.channel.k8s.io"},
        )
        assert answer.status_code == 403
        assert "SPDY" in answer.json()["message"]
        records = (await owner.http.get("/api/v1/audit", params={"act": "request.refused"})).json()["items"]
        assert records[0]["detail"]["code"] == "not_recordable"


class TestChoosing:
    async def test_works_and_leaves_a_trace(self, owner: Person) -> None:
        await want(owner, "everything", 30)
        assert (await owner.http.get("/api/v1/recording-settings")).json() == {
            "recorded": "everything",
            "retention_days": 30,
        }
        records = (await owner.http.get("/api/v1/audit", params={"act": "recordings.settings_changed"})).json()["items"]
        assert records[0]["after"]["recorded"] == "everything"
        assert records[0]["before"]["recorded"] == "off"

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.put("/api/v1/recording-settings", json={"recorded": "off"})).status_code == 403
        assert (await viewer.http.get("/api/v1/recordings")).status_code == 403

    async def test_a_stranger_cannot_tell_that_one_exists(self, owner: Person, stranger: Person, enter: Enter) -> None:
        await want(owner, "shells")
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("exit\r")
            await terminal.until(told="ended")
        (found,) = await recordings(owner)
        nowhere = "00000000-0000-4000-8000-000000000000"
        for path in ("/api/v1/recordings/{}", "/api/v1/recordings/{}/cast", "/recordings/{}"):
            answers = [await stranger.http.get(path.format(each)) for each in (found["id"], nowhere)]
            assert [answer.status_code for answer in answers] == [404, 404]
        assert await recordings(stranger) == []

    async def test_what_is_no_number_of_days_is_told(self, owner: Person) -> None:
        answer = await owner.http.put("/api/v1/recording-settings", json={"recorded": "off", "retention_days": 0})
        assert answer.status_code == 422

    async def test_old_ones_go(self, hub: Hub, owner: Person, enter: Enter) -> None:
        await want(owner, "shells", 7)
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.type("exit\r")
            await terminal.until(told="ended")
        org_id = owner.by.org_id
        assert await actions.sweep(hub.house, org_id) == 0
        assert await actions.sweep(hub.house, org_id, now=datetime.now(UTC) + timedelta(days=8)) == 1
        assert await recordings(owner) == []
