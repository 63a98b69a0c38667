"""The page that asks whether somebody's second factors shall be taken away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT, Request, Response, get, post, render
from basefly.core.access.model import OWN, READ
from basefly.core.identity.mail import outbox
from basefly.core.recovery import actions

HERE = "/access/members/{member_id:uuid}/factor-removals"
_RECENT = RECENT | {"back": "/access"}


@get(HERE, permission="access:write", opt=_RECENT)
async def confirm_page(request: Request, house: House, by: Principal, member_id: UUID) -> Response[str]:
    """What would be taken away from whom."""
    async with house.db.transaction(by.org_id) as tx:
        member, enrolled = await actions.look(house, tx, by, member_id)
    return _page(request, house, by, member=member, enrolled=enrolled)


@post(HERE, permission="access:write", opt=_RECENT, status_code=200)
async def remove_factors(request: Request, house: House, by: Principal, member_id: UUID) -> Response[str]:
    """Takes it away."""
    async with house.db.transaction(by.org_id) as tx:
        removed = await actions.remove_factors(house, tx, by, member_id)
        member, enrolled = await actions.look(house, tx, by, member_id)
    return _page(request, house, by, member=member, enrolled=enrolled, removed=removed)


def _page(request: Request, house: House, by: Principal, **context: Any) -> Response[str]:
    rights = {"may_read": by.may(READ), "may_own": by.may(OWN)}
    mail = outbox.configured(house)
    return render(request, "recovery/factors.html", here="/access", mail=mail, **rights, **context)


HANDLERS = (confirm_page, remove_factors)
