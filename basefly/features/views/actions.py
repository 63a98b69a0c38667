"""Save, change, share and delete views; one's own, and for the whole organization what is shared."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound
from basefly.base.principal import Principal
from basefly.core.audit.actions import record
from basefly.features.views import model, store
from basefly.features.views.model import View

SHARE = "views:share"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; None leaves it as it is."""

    name: str | None = None
    address: str | None = None
    shared: bool | None = None
    default: bool | None = None


async def views(tx: Tx, by: Principal, path: str = "") -> list[View]:
    """Views in sight: one's own and the shared ones, of one page when given."""
    return await store.page(tx, by.user_id, path)


async def preferred(tx: Tx, by: Principal, path: str) -> str:
    """The address that someone's list of a path opens with; "" for none."""
    return next((view.address for view in await store.page(tx, by.user_id, path) if view.default), "")


async def find(tx: Tx, by: Principal, view_id: UUID) -> View:
    """A view in sight; NotFound hides those of others."""
    found = await store.get(tx, by.user_id, view_id)
    if found is None:
        raise NotFound("There is no such view.", cure="Look at the list of views.")
    return found


async def save(tx: Tx, by: Principal, name: str, address: str, *, shared: bool = False) -> View:
    """Keep an address under a name; sharing it needs views:share. Conflict when one's own has that name."""
    if shared:
        by.require(SHARE)
    name, address = model.name(name), model.address(address)
    created = await store.insert(tx, by.user_id, name, address, shared=shared)
    if created is None:
        raise _taken(name)
    if shared:
        await record(tx, by, "view.shared", f"views/{created}", {"name": name, "address": address})
    return await find(tx, by, created)


async def change(tx: Tx, by: Principal, view_id: UUID, wanted: Change) -> View:
    """Rename, move, share or unshare one's own view, or let one's list open with it (or no longer)."""
    before = await find(tx, by, view_id)
    after = msgspec.structs.replace(
        before,
        name=before.name if wanted.name is None else model.name(wanted.name),
        address=before.address if wanted.address is None else model.address(wanted.address),
        shared=before.shared if wanted.shared is None else wanted.shared,
    )
    if after != before:
        await _rewrite(tx, by, before, after)
    if wanted.default is not None:
        await (store.set_default if wanted.default else store.unset_default)(tx, by.user_id, after)
    return await find(tx, by, view_id)


async def delete(tx: Tx, by: Principal, view_id: UUID) -> None:
    """Delete one's own view; for others a shared one is gone too."""
    view = await find(tx, by, view_id)
    _own(view)
    await store.delete(tx, view.id)
    if view.shared:
        await record(tx, by, "view.deleted", f"views/{view.id}", {"name": view.name, "address": view.address})


async def _rewrite(tx: Tx, by: Principal, before: View, after: View) -> None:
    _own(before)
    if after.shared and not before.shared:
        by.require(SHARE)
    if await store.named(tx, by.user_id, after.name) not in (None, after.id):
        raise _taken(after.name)
    await store.update(tx, after)
    if before.shared or after.shared:
        act = "view.changed" if before.shared == after.shared else "view.shared" if after.shared else "view.unshared"
        await record(tx, by, act, f"views/{after.id}", {"name": after.name, "address": after.address})


def _own(view: View) -> None:
    if not view.mine:
        raise Denied(f"The view {view.name!r} is {view.owner}'s.", cure="Save the list under a name of your own.")


def _taken(name: str) -> Conflict:
    return Conflict(f"You have a view called {name!r}.", cure="Take another name, or delete that one first.")
