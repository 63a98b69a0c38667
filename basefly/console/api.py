"""What the console knows that no single slice does, for programs."""

from __future__ import annotations

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import get
from basefly.console import overview
from basefly.console.overview import Overview
from basefly.core.inventory.answers import READ


@get("/overview", permission=READ, replica=True, summary="The fleet at a glance, beginning with what is wrong")
async def get_overview(tx: Tx, by: Principal) -> Overview:
    return await overview.get_overview(tx, by)


HANDLERS = (get_overview,)
