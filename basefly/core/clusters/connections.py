"""One client per cluster: opened when first wanted, shared by all who want it, replaced when its credentials change."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec

from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound
from basefly.base.http import Dialer
from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.faults import judge
from basefly.base.resilience.breaker import Breaker
from basefly.base.resilience.bulkhead import Bulkhead
from basefly.base.resilience.policy import Policy
from basefly.base.resilience.slow_start import Admission, Growth, Window
from basefly.base.secret import Secret
from basefly.core.clusters import store

AT_ONCE = 16  # requests to one cluster, streams not counted
OPENING = Growth(first=1, most=32)  # streams that one cluster is asked to open at once
OPENING_ALL = Growth(first=16, most=256)  # the same over all clusters: each is a handshake, which costs the hub CPU


class Held(msgspec.Struct, frozen=True):
    """A client and the version of the credentials that it uses."""

    version: int
    client: Client


class Ways(Protocol):
    """Knows how clusters are reached that the network does not lead to: those above plug themselves in."""

    def dialer(self, org_id: UUID, cluster_id: UUID) -> Dialer:
        """The way to a cluster that has an agent."""
        ...


class Connections:
    """The clients of this process. Decrypted credentials are in here and in the clients, and nowhere else."""

    def __init__(self, vault: Vault, *, private: bool) -> None:
        self.private = private
        self.ways: Ways | None = None
        self.followed: set[UUID] = set()  # the clusters that this process looks after: who follows them says so
        self._vault = vault
        self._held: dict[tuple[UUID, UUID], Held] = {}
        self._policies: dict[UUID, Policy] = {}
        self._opening = Window(OPENING_ALL)

    async def client(self, tx: Tx, cluster_id: UUID) -> Client:
        """The client of a cluster of this transaction's organization. Raises NotFound if there is no such cluster.

        It is shared: do not close it. After new credentials or a removal it raises ConnectError; ask for it again.
        """
        key = (_organization(tx), cluster_id)
        found = await store.get_connection(tx, cluster_id)
        if found is None:
            await self._forget(key)
            raise NotFound("There is no such cluster here.")
        if (client := self._current(key, found.credentials_version)) is not None:
            return client
        credentials = await open_credentials(tx, self._vault, cluster_id, found.sealed)
        if (client := self._current(key, found.credentials_version)) is not None:
            return client  # somebody else wanted it meanwhile
        dialer = self.dialer(key, credentials)
        client = Client(credentials, private=self.private, policy=self.policy(cluster_id), dialer=dialer)
        before, self._held[key] = self._held.get(key), Held(found.credentials_version, client)
        if before is not None:
            await before.client.close()
        return client

    def _current(self, key: tuple[UUID, UUID], version: int) -> Client | None:
        """The client that is held, if it uses these credentials or later ones."""
        held = self._held.get(key)
        return held.client if held is not None and held.version >= version else None

    def dialer(self, cluster: tuple[UUID, UUID], credentials: Credentials) -> Dialer | None:
        """The way of its own to a cluster (of an organization), if it has one."""
        return self.ways.dialer(*cluster) if self.ways and credentials.tunnelled else None

    def policy(self, cluster_id: UUID) -> Policy:
        """What stands between us and a cluster, whatever its credentials."""
        if cluster_id not in self._policies:
            name = f"cluster {cluster_id}"
            self._policies[cluster_id] = Policy(
                judge,
                breaker=Breaker(name),
                bulkhead=Bulkhead(name, AT_ONCE),
                admission=Admission(Window(OPENING), self._opening),
            )
        return self._policies[cluster_id]

    def resting(self) -> list[tuple[UUID, UUID]]:
        """The clusters (with their organizations) that are not asked for a while, because they did not answer."""
        return [key for key in self._held if self.policy(key[1]).breaker.state != "closed"]

    async def close(self) -> None:
        """Close every client."""
        for key in list(self._held):
            await self._forget(key)

    async def _forget(self, key: tuple[UUID, UUID]) -> None:
        if (held := self._held.pop(key, None)) is not None:
            await held.client.close()


async def seal_credentials(tx: Tx, vault: Vault, cluster_id: UUID, credentials: Credentials) -> bytes:
    """Credentials as they are stored: sealed for this cluster of this organization."""
    plain = msgspec.json.encode(credentials, enc_hook=_reveal)
    return await vault.seal(tx, plain, purpose=_purpose(cluster_id))


async def open_credentials(tx: Tx, vault: Vault, cluster_id: UUID, sealed: bytes) -> Credentials:
    """Credentials from how they are stored. Raises Unreadable."""
    plain = await vault.open(tx, sealed, purpose=_purpose(cluster_id))
    return msgspec.json.decode(plain, type=Credentials, dec_hook=_conceal)


def _purpose(cluster_id: UUID) -> str:
    return f"cluster_credentials/sealed/{cluster_id}"


def _organization(tx: Tx) -> UUID:
    if tx.org_id is None:
        raise ValueError("clusters belong to an organization: open the transaction with one")
    return tx.org_id


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(type(value).__name__)


def _conceal(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(kind.__name__)
