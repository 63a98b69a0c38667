"""The client secret that proves us to a provider: sealed in the vault, opened only for the exchange."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.secret import Secret
from basefly.core.federation import store


async def sealed(tx: Tx, vault: Vault, provider_id: UUID, secret: Secret) -> bytes | None:
    """The secret as it is stored; None for an empty one, which makes the client a public one."""
    return await vault.seal(tx, secret.reveal().encode(), purpose=_place(provider_id)) if secret else None


async def opened(tx: Tx, vault: Vault, provider_id: UUID) -> Secret | None:
    """The secret; None for a public client. Raises Unreadable."""
    kept = await store.get_secret(tx, provider_id)
    return Secret((await vault.open(tx, kept, purpose=_place(provider_id))).decode()) if kept else None


def _place(provider_id: UUID) -> str:
    return f"identity_providers/client_secret/{provider_id}"
