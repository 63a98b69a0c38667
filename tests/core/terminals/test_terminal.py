"""A terminal in the page: who may open it, what it shows, how it ends, and what is on record."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from basefly.core.terminals.shell import session
from basefly.sim import Cluster
from tests.core.gateway.test_proxy import POD
from tests.core.terminals.conftest import Enter, Terminal, page_of
from tests.isolation.asking import form_token
from tests.people import Hub, Person, join


async def acts(owner: Person) -> list[tuple[str, str]]:
    records = (await owner.http.get("/api/v1/audit", params={"act": "pod.entered"})).json()["items"]
    return [(each["outcome"], each["object"]) for each in reversed(records)]


async def heard(terminal: Terminal) -> int:
    """How much comes until nothing more does."""
    size = 0
    while True:
        try:
            size += len(await asyncio.wait_for(terminal.socket.recv(), 0.7))
        except TimeoutError:
            return size


class TestOpening:
    async def test_shows_what_the_shell_shows_and_leaves_a_trace(
        self, owner: Person, enter: Enter, pod: dict[str, Any]
    ) -> None:
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="opened")
            assert terminal.told[0]["shell"] == "bash"
            assert terminal.told[0]["recorded"] is False
            await terminal.type("echo one-$((1))two\r")
            await terminal.until("two\r\n")
            await terminal.type("exit 7\r")
            await terminal.until(told="ended")
        assert terminal.told[-1] == {"type": "ended", "code": 7}
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        assert [outcome for outcome, _ in await acts(owner)] == ["started", "done"]
        assert (await acts(owner))[0][1].endswith(f"/pods/{namespace}/{name}/exec")

    async def test_a_resize_reaches_the_container(self, owner: Person, enter: Enter) -> None:
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.say(size=[132, 43])
            await terminal.type("stty size\r")
            await terminal.until("43 132")

    async def test_a_reader_is_refused(self, viewer: Person, owner: Person, enter: Enter) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with enter(viewer):
                pass
        assert refused.value.response.status_code == 403
        assert await acts(owner) == []

    async def test_a_stranger_cannot_tell_that_it_exists(
        self, stranger: Person, enter: Enter, prod: str, pod: dict[str, Any]
    ) -> None:
        nowhere = {"metadata": {"name": "nobody", "namespace": "nowhere"}}
        answers = []
        for each in (pod, nowhere):
            with pytest.raises(InvalidStatus) as refused:
                async with enter(stranger, pod=each):
                    pass
            answers.append((refused.value.response.status_code, refused.value.response.body))
            assert (await stranger.http.get(page_of(prod, each))).status_code == 404
        assert answers[0] == answers[1]

    async def test_a_failure_is_on_record(self, owner: Person, enter: Enter, monkeypatch: Any) -> None:
        monkeypatch.setattr(session, "SHELLS", ("zsh", "fish"))
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="error")
        assert terminal.told[-1]["code"] == "no_shell"
        assert "debug container" in terminal.told[-1]["cure"]
        assert [outcome for outcome, _ in await acts(owner)] == ["started", "done"] * 2

    async def test_of_what_does_not_run_says_why(
        self, owner: Person, enter: Enter, cluster: Cluster, prod: str
    ) -> None:
        idle = cluster.api.create({**POD, "metadata": {"name": "idle", "namespace": "default"}})
        async with asyncio.timeout(20), enter(owner, pod=idle) as terminal:
            await terminal.until(told="error")
        assert terminal.told[-1]["code"] == "not_running"
        page = await owner.http.get(page_of(prod, idle))
        assert page.status_code == 200
        assert "does not run" in page.text
        assert "data-terminal" not in page.text


class TestGuarding:
    async def test_another_site_may_not_open_it(self, hub: Hub, owner: Person, prod: str, pod: dict[str, Any]) -> None:
        address = page_of(prod, pod).replace("/terminal?", "/terminal/socket?")
        url = hub.url.replace("http", "ws") + address
        for headers in (
            {"Cookie": f"basefly={owner.secret}", "Origin": "https://evil.example"},
            {"Cookie": f"basefly={owner.secret}", "Origin": hub.url, "Sec-Fetch-Site": "cross-site"},
            {},
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(url, additional_headers=headers):
                    pass
            assert refused.value.response.status_code == 403

    async def test_ends_when_the_right_does(
        self, hub: Hub, owner: Person, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "LOOK", 0.2)
        async with (
            asyncio.timeout(20),
            join(hub, "dev", "developer", owner.by.org_id) as dev,
            enter(dev) as terminal,
        ):
            await terminal.until(told="opened")
            assert (await owner.http.delete(f"/api/v1/members/{dev.by.user_id}")).status_code == 204
            begun = time.monotonic()
            await terminal.until(told="error")
            assert terminal.told[-1]["code"] == "rights_ended"
            assert time.monotonic() - begun < 2
            with pytest.raises(ConnectionClosed):
                await terminal.socket.recv()

    async def test_ends_when_nothing_is_typed(self, hub: Hub, owner: Person, enter: Enter) -> None:
        hub.house.settings = msgspec.structs.replace(hub.house.settings, terminal_idle=timedelta(seconds=1))
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="error")
        assert terminal.told[-1]["code"] == "idle"

    async def test_a_connection_outlives_the_time_that_requests_have(
        self, owner: Person, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("basefly.base.web.boundary.arrival.HEAD", 0.3)
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="opened")
            await asyncio.sleep(1)
            await terminal.type("echo still\r")
            await terminal.until("still\r\n")

    async def test_who_does_not_read_is_not_read_ahead_for(
        self, owner: Person, enter: Enter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session, "WINDOW", 500)
        async with asyncio.timeout(20), enter(owner) as terminal:
            await terminal.until(told="opened")
            for _ in range(50):
                await terminal.type(f"echo {'x' * 200}\r")
            assert 500 < await heard(terminal) < 2000
            await terminal.say(read=10**9)  # more than was sent: the hub knows better
            assert 500 < await heard(terminal) < 2000


class TestDebugging:
    async def test_starts_a_container_and_attaches_to_it(
        self, owner: Person, enter: Enter, prod: str, pod: dict[str, Any]
    ) -> None:
        form = {"csrf": form_token(owner.secret), "namespace": pod["metadata"]["namespace"], "target": ""}
        answer = await owner.http.post(page_of(prod, pod), data=form | {"image": "busybox:1.37"})
        assert answer.status_code == 303, answer.text
        name = answer.headers["location"].rpartition("container=")[2]
        assert name.startswith("debugger-")
        async with asyncio.timeout(20), enter(owner, container=name) as terminal:
            await terminal.until(told="opened")
        assert terminal.told[0]["container"] == name
        objects = [(outcome, place.rpartition("/")[2]) for outcome, place in await acts(owner)]
        assert objects[:3] == [
            ("started", "ephemeralcontainers"),
            ("done", "ephemeralcontainers"),
            ("started", "attach"),
        ]

    async def test_of_what_is_no_image_says_so(self, owner: Person, prod: str, pod: dict[str, Any]) -> None:
        form = {"csrf": form_token(owner.secret), "namespace": pod["metadata"]["namespace"], "image": "a b"}
        answer = await owner.http.post(page_of(prod, pod), data=form)
        assert answer.status_code == 422
        assert "Name an image" in answer.text

    async def test_a_reader_is_refused(self, viewer: Person, prod: str, pod: dict[str, Any]) -> None:
        form = {"csrf": form_token(viewer.secret), "image": "busybox"}
        assert (await viewer.http.post(page_of(prod, pod), data=form)).status_code == 403


class TestPage:
    async def test_is_offered_and_holds_a_terminal(self, owner: Person, prod: str, pod: dict[str, Any]) -> None:
        page = await owner.http.get(page_of(prod, pod))
        assert page.status_code == 200, page.text
        assert f'data-terminal="/clusters/{prod}/objects/pods/' in page.text
        policy = page.headers["content-security-policy"]
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "script-src 'self' 'nonce-" in policy
