"""What the agent must not forget: its keys. In a Secret of its own namespace, or in a file that only it can read."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Protocol

import msgspec

from basefly.agent.cluster import Cluster, ClusterError
from basefly.base.secret import Secret
from basefly.base.tunnel.identity import Key


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's keys (base64), and since when it has the first. `next` is told to the hub only once it lies here."""

    organization: str = ""
    current: str = ""
    next: str = ""
    previous: str = ""
    enrolled: str = ""  # SHA-256 of the enrolment token that it came with
    since: int = 0  # s since 1970

    @property
    def keys(self) -> list[Key]:
        """Those that the hub may know us by, the likeliest first."""
        return [Key.read(each) for each in (self.current, self.next, self.previous) if each]


class Keeping(Protocol):
    """Where the state lies."""

    async def read(self) -> State:
        """As it was written last. Raises ClusterError."""
        ...

    async def write(self, state: State) -> None:
        """Whole or not at all; it lies there for good when this returns. Raises ClusterError."""
        ...

    async def token(self) -> Secret:
        """The enrolment token that lies beside it, if one does."""
        ...


class FileKeeping:
    """A file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> State:
        if not self._path.exists():
            return State()
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=State)
        except (OSError, msgspec.MsgspecError) as error:
            raise ClusterError(f"{self._path} cannot be read: {error}") from error

    async def write(self, state: State) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(msgspec.json.encode(state))
                out.flush()
                os.fsync(out.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise ClusterError(f"{self._path} cannot be written: {error.strerror}") from error

    async def token(self) -> Secret:
        return Secret("")


class SecretKeeping:
    """A Secret that the manifest made; the agent may read and change this one only."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/secrets/{name}"

    async def read(self) -> State:
        data = await self._data()
        return msgspec.convert({**data, "since": int(data.get("since") or 0)}, State)

    async def write(self, state: State) -> None:
        found = await asyncio.to_thread(self._cluster.call, "GET", self._path)
        values = {name: str(value) for name, value in msgspec.to_builtins(state).items()}
        found["data"] = (found.get("data") or {}) | {
            name: base64.b64encode(value.encode()).decode() for name, value in values.items()
        }
        await asyncio.to_thread(self._cluster.call, "PUT", self._path, found)

    async def token(self) -> Secret:
        return Secret((await self._data()).get("token", ""))

    async def _data(self) -> dict[str, str]:
        found = await asyncio.to_thread(self._cluster.call, "GET", self._path)
        return {name: base64.b64decode(value).decode() for name, value in (found.get("data") or {}).items()}


def keeping(where: str, cluster: Cluster) -> Keeping:
    """The keeping that a setting names."""
    parts = where.split("/")
    if parts[0] == "secret" and len(parts) == 3:
        return SecretKeeping(cluster, parts[1], parts[2])
    return FileKeeping(Path(where))
