"""What a client needs to speak to clusters through the hub."""

from __future__ import annotations

from pathlib import Path

import msgspec

from basefly.base.authority import Authority
from basefly.base.db.transaction import Tx
from basefly.base.errors import Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request
from basefly.core.access.actions import credential_of
from basefly.core.access.impersonated import GROUPS, group_of, name_of
from basefly.core.audit.actions import record
from basefly.core.gateway import credentials, door
from basefly.core.gateway.credentials import Minted
from basefly.core.gateway.model import READ


class Gateway(msgspec.Struct, frozen=True):
    """Where the gateway is and whom to trust there; a cluster's API is at `url`/clusters/ID.

    `ca` is PEM, empty when the system's authorities do. `user` and `groups` are how clusters may see whoever asks.
    """

    url: str
    ca: str
    user: str
    groups: list[str]


def about(house: House, by: Principal) -> Gateway:
    """The gateway, for whoever may use it."""
    by.require(READ)
    groups = [group for permission, group in GROUPS.items() if by.may(permission)]
    return Gateway(house.settings.gateway_at, _ca(house), name_of(by.user_id), [*groups, group_of(by.org_id)])


async def mint(tx: Tx, by: Principal, request: Request, cluster: str | None) -> Minted:
    """A short-lived credential that ends with the one of this request, for one cluster or all. Raises NotFound."""
    by.require(READ)
    only = (await door.find(request.house, tx, by, cluster))[0] if cluster else None
    source = credential_of(request)
    if source is None:
        raise Unauthenticated("Nobody is signed in.")
    minted = await credentials.mint(request.house, tx, source, only)
    where = f"clusters/{only}" if only else "clusters"
    await record(tx, by, "credential.created", where, {"expires_at": minted.expires_at})
    return minted


def _ca(house: House) -> str:
    settings = house.settings
    if settings.gateway_ca:
        return Path(settings.gateway_ca).read_text(encoding="ascii")
    if settings.gateway_certificate or settings.gateway_url:
        return ""
    return house.get(Authority).certificate
