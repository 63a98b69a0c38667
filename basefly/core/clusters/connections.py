"""One client per cluster: opened when first wanted, shared by all who want it, replaced when its credentials change."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound
from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.faults import judge
from basefly.base.resilience.breaker import Breaker
from basefly.base.resilience.bulkhead import Bulkhead
from basefly.base.resilience.policy import Policy
from basefly.base.secret import Secret
from basefly.core.clusters import store

AT_ONCE = 16  # requests to one cluster, streams not counted


class Held(msgspec.Struct, frozen=True):
    """A client and the version of the credentials that it uses."""

    version: int
    client: Client


class Connections:
    """The clients of this process. Decrypted credentials are in here and in the clients, and nowhere else."""

    def __init__(self, vault: Vault, *, private: bool) -> None:
        self.private = private
        self._vault = vault
        self._held: dict[tuple[UUID, UUID], Held] = {}
        self._policies: dict[UUID, Policy] = {}

    async def client(self, tx: Tx, cluster_id: UUID) -> Client:
        """The client of a cluster of this transaction's organization. Raises NotFound if there is no such cluster.

        It is shared: do not close it. After new credentials or a removal it raises ConnectError; ask for it again.
        """
        key = (_organization(tx), cluster_id)
        found = await store.get_connection(tx, cluster_id)
        if found is None:
            await self._forget(key)
            raise NotFound("There is no such cluster here.")
        held = self._held.get(key)
        if held is not None and held.version == found.credentials_version:
            return held.client
        credentials = await open_credentials(tx, self._vault, cluster_id, found.sealed)
        await self._forget(key)
        client = Client(credentials, private=self.private, policy=self.policy(cluster_id))
        self._held[key] = Held(found.credentials_version, client)
        return client

    def policy(self, cluster_id: UUID) -> Policy:
        """What stands between us and a cluster, whatever its credentials."""
        if cluster_id not in self._policies:
            name = f"cluster {cluster_id}"
            self._policies[cluster_id] = Policy(judge, breaker=Breaker(name), bulkhead=Bulkhead(name, AT_ONCE))
        return self._policies[cluster_id]

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
