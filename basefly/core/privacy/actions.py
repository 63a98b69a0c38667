"""Order one's own data, fetch it, and be forgotten: what takes long is a durable operation."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound, Unavailable
from basefly.base.principal import Principal
from basefly.base.runtime import operations
from basefly.core.access.store import grants
from basefly.core.audit.actions import record
from basefly.core.privacy import store
from basefly.core.privacy.model import Export

EXPORT, ERASE = "privacy.export", "privacy.erase"


def purpose(export_id: UUID) -> str:
    """The place of an export in the vault."""
    return f"data_exports/sealed/{export_id}"


async def exports(tx: Tx, by: Principal) -> list[Export]:
    """One's own exports."""
    return await store.page_exports(tx, by.user_id)


async def order_export(tx: Tx, by: Principal) -> Export:
    """Have everything about oneself collected. Conflict while that is under way."""
    if any(each.state in ("pending", "running") for each in await store.page_exports(tx, by.user_id)):
        raise Conflict("Your data is being collected already.", cure="Wait for it; it takes less than a minute.")
    operation = await operations.start(tx, EXPORT, {"user": str(by.user_id)}, by=by.user_id)
    created = await store.insert_export(tx, by.user_id, operation)
    await record(tx, by, "data.export_ordered", f"users/{by.user_id}")
    found = await store.get_export(tx, by.user_id, created)
    if found is None:
        raise Unavailable("The export could not be ordered.")
    return found


async def fetch_export(tx: Tx, by: Principal, export_id: UUID) -> bytes:
    """What was collected, as JSON. NotFound until it is ready, and for those of others."""
    sealed = await store.get_sealed(tx, by.user_id, export_id)
    if sealed is None or tx.sealer is None:
        raise NotFound("There is no such export.", cure="Order one, or wait until it is ready.")
    await record(tx, by, "data.exported", f"users/{by.user_id}", {"export": str(export_id)})
    return await tx.sealer.open(tx, sealed, purpose=purpose(export_id))


async def erase_me(tx: Tx, by: Principal, confirm: str) -> UUID:
    """Be forgotten: the account, its sessions and tokens, and every personal field in the audit. There is no way back.

    `confirm` is one's own e-mail address. Conflict for the last owner, Denied for a token.
    """
    if by.kind != "session":
        raise Denied("A token cannot erase the person it belongs to.", cure="Sign in for this.")
    if confirm.strip().lower() != by.email.lower():
        detail = "This is not your e-mail address."
        raise Invalid(detail, errors=(FieldError("/confirm", detail),), cure="Type it as it stands in your settings.")
    await check_owner(tx, by.user_id)
    operation = await operations.start(tx, ERASE, {"user": str(by.user_id)}, by=by.user_id)
    await record(tx, by, "person.erased", f"users/{by.user_id}", outcome="started")
    return operation


async def check_owner(tx: Tx, user_id: UUID) -> None:
    """Raise Conflict if the organization would have no owner without this person."""
    if await grants.owners(tx) == [user_id]:
        raise Conflict("The organization would have no owner.", cure="Make someone else an owner first.")
