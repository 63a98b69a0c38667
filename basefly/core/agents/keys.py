"""Who the hub is to an organization's agents, and how their clusters are spoken to, sealed like other credentials."""

from __future__ import annotations

import base64
import os
from uuid import UUID

import msgspec

from basefly import __version__
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict
from basefly.base.kube.credentials import Credentials
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.tunnel.identity import HUB, NONCE, Key
from basefly.base.tunnel.talk import Talk
from basefly.base.tunnel.words import PROTOCOLS, Access, Challenge, Greeting
from basefly.core.agents import store
from basefly.core.agents.model import Keys
from basefly.core.clusters import actions as clusters
from basefly.core.clusters import store as cluster_store
from basefly.core.clusters.connections import open_credentials

_HUB = "agent_settings/sealed"
_MOST = 64 * 1024  # characters of an access, whole


async def of(house: House, tx: Tx) -> Keys:
    """Who the hub is to the agents of this organization; made when it is first asked."""
    found = await store.get_keys(tx)
    if found is None:
        key = Key.create()
        sealed = await house.vault.seal(tx, key.secret.reveal().encode(), purpose=_HUB)
        await store.insert_keys(tx, key.public, sealed)
        found = await store.get_keys(tx)
    assert found is not None, "it was made"  # noqa: S101  # for the type checker
    return found


class HubKeys(dict[UUID, Key]):
    """The keys that were opened, by organization: none ever changes. In the house, for a thousand agents at once."""


async def hub_key(house: House, org_id: UUID) -> Key | None:
    """The key itself; None where there never was an agent, and for organizations that do not exist."""
    known = house.get(HubKeys)
    if org_id not in known:
        async with house.db.transaction(org_id) as tx:
            found = await store.get_keys(tx)
            if found is None:
                return None
            known[org_id] = Key.read((await house.vault.open(tx, found.sealed, purpose=_HUB)).decode())
    return known[org_id]


async def prove(house: House, talk: Talk, greeting: Greeting) -> tuple[Key | None, bytes]:
    """Prove to whoever greets us that this is the hub which they know: its key, and the nonce that they must sign.

    Where there is no key we sign with one that nobody knows, so that a stranger cannot tell which organizations exist.
    """
    key, nonce = await hub_key(house, greeting.organization), os.urandom(NONCE)
    signature = (key or Key.create()).sign(HUB, greeting.nonce)
    protocol = max(common(greeting), default=0)
    talk.say(Challenge(nonce=nonce, signature=signature, version=__version__, protocol=protocol))
    return key, nonce


def common(greeting: Greeting) -> set[int]:
    """The protocols that both speak."""
    return set(PROTOCOLS) & set(greeting.protocols)


def told(public: bytes) -> str:
    """The hub's key as agents are told it."""
    return f"ed25519:{base64.b64encode(public).decode()}"


def credentials(access: Access) -> Credentials:
    """What an agent says of its cluster, as credentials."""
    return Credentials(
        server=access.server,
        ca=access.ca,
        token=Secret(access.token),
        tls_server_name=access.tls_server_name,
        tunnelled=True,
    )


def proper(access: Access) -> str:
    """What is wrong with an access, or nothing."""
    if not access.server.startswith("https://") or not access.token:
        return "an API server is spoken to over https://, with a token"
    if len(access.server) + len(access.token) + len(access.ca or "") > _MOST:
        return "that is too much"
    return ""


async def keep_pending(house: House, tx: Tx, agent_id: UUID, access: Access) -> None:
    """Seal how a cluster that waits is spoken to."""
    sealed = await house.vault.seal(tx, msgspec.json.encode(access), purpose=_pending(agent_id))
    await store.update_sealed(tx, agent_id, sealed)


async def pending_access(house: House, tx: Tx, agent_id: UUID) -> Credentials:
    """How a cluster that waits is spoken to. Raises Conflict while its agent has not said it."""
    sealed = await store.get_sealed(tx, agent_id)
    if sealed is None:
        raise Conflict("The agent has not said yet how its cluster is spoken to.", cure="Wait a moment, and try again.")
    plain = await house.vault.open(tx, sealed, purpose=_pending(agent_id))
    return credentials(msgspec.json.decode(plain, type=Access))


async def renew(house: House, tx: Tx, cluster_id: UUID, access: Access) -> bool:
    """Keep a cluster's new access, unless it has it, or is spoken to in another way by now; whether it was new."""
    found = await cluster_store.get_connection(tx, cluster_id)
    if found is None:
        return False
    kept = await open_credentials(tx, house.vault, cluster_id, found.sealed)
    given = credentials(access)
    if not kept.tunnelled or kept == given:
        return False
    await clusters.keep_credentials(tx, house.vault, cluster_id, given)
    await cluster_store.renew_credentials(tx, cluster_id)
    return True


def _pending(agent_id: UUID) -> str:
    return f"agents/sealed/{agent_id}"
