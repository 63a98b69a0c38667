"""What the pages of access have in common: their tabs, their forms, and how a grant is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, redirect, render
from basefly.core.access.model import OWN, READ, WRITE, Granted
from basefly.core.access.words import place

Context = Mapping[str, Any]
Read = Callable[[Tx], Awaitable[Context]]


class Line(msgspec.Struct, frozen=True):
    """A grant with its place in words."""

    grant: Granted
    place: str


def lines(grants: Iterable[Granted], names: Mapping[UUID, str]) -> list[Line]:
    """Grants as a table shows them."""
    return [Line(each, place(each.where, names)) for each in grants]


async def show(request: Request, house: House, by: Principal, template: str, read: Read, **more: Any) -> Response[Any]:
    """A page, with what `read` brings; `error` among the rest is shown, and makes its status."""
    async with house.db.transaction(by.org_id) as tx:
        context = await read(tx)
    error = more.get("error")
    status = error.status if isinstance(error, BaseflyError) else 200
    # Members, teams and roles are of the whole organization: whoever may write in a part of it sees no form for them.
    rights = {"may_read": by.may(READ), "may_write": by.may(WRITE), "may_own": by.may(OWN)}
    rights["may_govern"] = by.scope(WRITE).everything
    more.setdefault("error", None)
    return render(request, f"access/{template}", status=status, **rights, **context, **more)


async def attempt(
    house: House,
    by: Principal,
    work: Callable[[Tx], Awaitable[Any]],
    to: str,
    again: Callable[[BaseflyError], Awaitable[Response[Any]]],
) -> Response[Any]:
    """Do what a form asks and lead on; after a mistake show the form again, with nothing done."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await work(tx)
    except BaseflyError as error:
        return await again(error)
    return redirect(to)
