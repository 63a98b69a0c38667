"""Exec and attach: exit codes, half-close, terminals, big transfers, slow readers, and what is refused."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from basefly.sim import Cluster
from tests.sim.asking import asking, trusting
from tests.sim.rest.parts.pods import POD, plant
from tests.sim.test_clients import Kubectl

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
ALL = "stdin=true&stdout=true&stderr=true"


class Talk:
    """One WebSocket of channels, as a client holds it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, channel: int, data: bytes) -> None:
        await self.socket.send_bytes(bytes((channel,)) + data)

    async def rest(self) -> dict[int, bytes]:
        """What every channel says until the end."""
        heard: dict[int, bytes] = {}
        async for message in self.socket:
            heard[message.data[0]] = heard.get(message.data[0], b"") + message.data[1:]
        return heard

    async def until(self, text: bytes) -> bytes:
        """The output up to some text."""
        heard = b""
        while text not in heard:
            message = await self.socket.receive(10)
            assert message.type is aiohttp.WSMsgType.BINARY, (message, heard)
            heard += message.data[1:]
        return heard


@asynccontextmanager
async def talking(cluster: Cluster, *command: str, query: str = ALL, protocol: str = V5) -> AsyncIterator[Talk]:
    path = f"{POD}/exec?{query}" + "".join(f"&command={quote(word)}" for word in command)
    async with (
        trusting(cluster) as session,
        session.ws_connect(URL(cluster.server + path, encoded=True), protocols=(protocol,), max_msg_size=0) as socket,
    ):
        assert socket.protocol == protocol
        yield Talk(socket)


async def test_kubectl_gets_output_and_exit_code(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    assert await kubectl("exec", "web", "--", "hostname") == "web\n"
    assert await kubectl.run("exec", "web", "--", "true") == (0, "")
    code, told = await kubectl.run("exec", "web", "--", "sh", "-c", "echo out; nope; exit 42")
    assert code == 42
    said = ["command terminated with exit code 42", "out", "sh: nope: command not found"]
    assert sorted(told.splitlines()) == said  # kubectl itself keeps no order between its two outputs
    assert (await kubectl.run("exec", "web", "--", "sh", "-c", "nope"))[0] == 127


async def test_kubectl_pipes_its_input_through(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    text = "0123456789abcde\n" * 65_536
    assert await kubectl("exec", "-i", "web", "--", "cat", text=text) == text
    assert await kubectl("exec", "-i", "web", "--", "sh", "-c", "wc -c", text=text) == "1048576\n"


async def test_kubectl_learns_what_cannot_be_started(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster, state={"waiting": {"reason": "CrashLoopBackOff"}})
    plant(cluster, "two", containers=("a", "b"))
    code, told = await kubectl.run("exec", "web", "--", "true")
    assert code == 1
    assert 'unable to upgrade connection: container not found ("app")' in told
    code, told = await kubectl.run("exec", "two", "-c", "c", "--", "true")
    assert "container c is not valid for pod two" in told
    code, told = await kubectl.run("exec", "two", "--", "no-such-program")
    assert 'exec: "no-such-program": executable file not found in $PATH' in told


async def test_kubectl_attaches_to_the_running_log(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    attached = asyncio.create_task(kubectl.run("attach", "web"))
    while not any(request.target.subresource == "attach" for request in cluster.requests):
        await asyncio.sleep(0.05)
    await asyncio.sleep(5)
    cluster.api.delete("pods", "web", "default")
    code, told = await attached
    assert code == 0
    assert len(told.splitlines()) >= 2


async def test_half_close_ends_the_input_alone(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "sh", "-c", "cat; echo after") as talk:
        await talk.say(STDIN, b"before\n")
        assert await talk.until(b"before\n") == b"before\n"
        await talk.say(CLOSE, bytes((STDIN,)))
        heard = await talk.rest()
    assert heard[STDOUT] == b"after\n"
    assert json.loads(heard[ERROR]) == {"metadata": {}, "status": "Success"}
    assert talk.socket.close_code == 1000


async def test_the_older_protocol_knows_no_half_close(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "cat", protocol=V4) as talk:
        await talk.say(CLOSE, bytes((STDIN,)))
        await talk.say(STDIN, b"still read")
        assert await talk.until(b"still read") == b"still read"


async def test_exit_codes_travel_as_the_cause_of_a_status(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "sh", "-c", "echo no >&2; exit 7", protocol=V4) as talk:
        heard = await talk.rest()
    told = json.loads(heard[ERROR])
    assert heard[STDERR] == b"no\n"
    assert (told["status"], told["reason"]) == ("Failure", "NonZeroExitCode")
    assert told["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]


async def test_a_terminal_echoes_erases_and_interrupts(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "sh", query="stdin=true&stdout=true&tty=true") as talk:
        await talk.until(b"/ # ")
        await talk.say(RESIZE, b'{"Width":132,"Height":43}')
        await talk.say(STDIN, b"stty size\r")
        assert await talk.until(b"/ # ") == b"stty size\r\n43 132\r\n/ # "
        await talk.say(STDIN, b"echo hx\x7fi\r")
        assert await talk.until(b"/ # ") == b"echo hx\b \bi\r\nhi\r\n/ # "
        await talk.say(STDIN, b"sleep 1000\r")
        await talk.until(b"sleep 1000\r\n")
        await talk.say(STDIN, b"\x03")
        assert await talk.until(b"/ # ") == b"^C\r\n/ # "
        await talk.say(STDIN, b"echo $?\r")
        await talk.until(b"130\r\n/ # ")
        await talk.say(STDIN, b"cat\rseen\r\x04exit 3\r")
        heard = await talk.rest()
    assert heard[STDOUT].count(b"seen\r\n") == 2
    assert json.loads(heard[ERROR])["details"]["causes"][0]["message"] == "3"


async def test_every_byte_comes_back_as_it_went(cluster: Cluster) -> None:
    plant(cluster)
    every = bytes(range(256)) * 64
    async with talking(cluster, "cat") as talk:
        await talk.say(STDIN, every)
        await talk.say(CLOSE, bytes((STDIN,)))
        assert (await talk.rest())[STDOUT] == every


async def test_an_endless_output_waits_for_a_slow_reader_and_ends_with_it(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "cat", "/dev/zero", query="stdout=true") as talk:
        before, received = memory(), 0
        await asyncio.sleep(2)
        assert memory() - before < 20_000_000
        while received < 50_000_000:
            received += len((await talk.socket.receive(10)).data)
        assert memory() - before < 20_000_000
    await settled()


async def test_input_that_nobody_reads_is_held_back(cluster: Cluster) -> None:
    plant(cluster)
    async with talking(cluster, "sleep", "1000") as talk:
        before = memory()

        async def flood() -> None:
            for _ in range(1600):
                await talk.say(STDIN, bytes(32_768))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flood(), 2)
        assert memory() - before < 20_000_000
        assert talk.socket._writer.transport is not None
        talk.socket._writer.transport.abort()
    await settled()


async def settled() -> None:
    """Nothing of a conversation is left within five seconds of its end."""
    async with asyncio.timeout(5):
        while any("converse" in repr(task) or "handle" in repr(task.get_coro()) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.05)


def memory() -> int:
    """The resident bytes of this process, which holds cluster and client."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_what_is_no_websocket_is_refused(cluster: Cluster) -> None:
    plant(cluster)
    path = f"{POD}/exec?command=true&stdout=true"
    async with asking(cluster) as asker:
        status, told = await asker.ask(path)
        assert (status, told["message"]) == (400, "Upgrade request required")
        spdy = {"Upgrade": "SPDY/3.1", "Connection": "Upgrade"}
        status, told = await asker.ask(path, method="POST", headers=spdy)
    assert (status, told["reason"]) == (501, "NotImplemented")
    assert "pods/exec over SPDY/3.1 without WebSocket" in told["message"]


async def test_who_may_only_get_may_not_open_a_websocket(cluster: Cluster) -> None:
    plant(cluster)
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}
    subject = {"kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "ClusterRole", "name": "looks", "apiGroup": "rbac.authorization.k8s.io"}
    for kind, more in (("ClusterRole", {"rules": [rule]}), ("ClusterRoleBinding", {"subjects": [subject]})):
        meta = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "looks"}}
        cluster.api.create(meta | more | ({"roleRef": ref} if kind == "ClusterRoleBinding" else {}))
    headers = {"Authorization": f"Bearer {cluster.issue_token('eve')}"}
    async with trusting(cluster, headers) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{cluster.server}{POD}/exec?command=true&stdout=true", protocols=(V5,))
    assert caught.value.status == 403


def run_with_the_official_client(config: str) -> tuple[str, str, int]:
    kubernetes: Any = importlib.import_module("kubernetes")  # it carries no types
    streams: Any = importlib.import_module("kubernetes.stream")
    core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(config))
    streamed = {"stdin": True, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
    command = ["sh", "-c", "head -n 1; echo bad >&2; exit 9"]
    talk = streams.stream(core.connect_get_namespaced_pod_exec, "web", "default", command=command, **streamed)
    talk.write_stdin("good\n")
    talk.run_forever(timeout=10)
    return talk.read_stdout(), talk.read_stderr(), talk.returncode


async def test_the_official_python_client_runs_commands(cluster: Cluster, tmp_path: Path) -> None:
    plant(cluster)
    path = tmp_path / "config"
    path.write_text(cluster.kubeconfig())
    assert await asyncio.to_thread(run_with_the_official_client, str(path)) == ("good\n", "bad\n", 9)
