"""Factor removals as JSON."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT, post
from basefly.core.recovery import actions
from basefly.core.recovery.model import Removed


@post(
    "/members/{member_id:uuid}/factor-removals",
    permission="access:write",
    opt=RECENT,
    summary="Take away a member's second factors",
)
async def remove_factors(house: House, tx: Tx, by: Principal, member_id: UUID) -> Removed:
    """All passkeys, the authenticator app and the recovery codes of someone who lost them; their sessions end. Not of
    oneself, nor of someone who holds more than oneself."""
    return await actions.remove_factors(house, tx, by, member_id)


HANDLERS = (remove_factors,)
