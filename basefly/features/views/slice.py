"""How saved views plug into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.lists.page import Openings
from basefly.features.views import actions, api, pages
from basefly.features.views.actions import SHARE


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """A list opens with the view that its reader prefers."""
    house.get(Openings).append(actions.preferred)
    yield


views = Slice(
    name="views",
    permissions={SHARE: "Share saved views with the whole organization"},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
)
