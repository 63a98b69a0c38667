"""Elevations as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Body, get, post
from basefly.core.access.bodies import WhereBody, Word
from basefly.core.access.granting import Wish
from basefly.core.access.model import Subject
from basefly.core.elevation import actions
from basefly.core.elevation.model import LONGEST, SHORTEST, Elevation

Text = Annotated[str, msgspec.Meta(max_length=400)]


class NewElevation(Body):
    """A role over a place for some minutes, and what for."""

    role: Word
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    minutes: Annotated[int, msgspec.Meta(ge=SHORTEST, le=LONGEST)] = 60
    where: WhereBody = msgspec.field(default_factory=WhereBody)


class Decision(Body):
    """A word about why."""

    note: Text = ""


class ElevationList(msgspec.Struct, frozen=True):
    """Elevations, what waits first."""

    items: list[Elevation]


@get("/elevations", permission=SIGNED_IN, summary="List elevations")
async def list_elevations(tx: Tx, by: Principal) -> ElevationList:
    """Your own; with access:read those of everyone."""
    return ElevationList(await actions.elevations(tx, by))


@post("/elevations", permission=SIGNED_IN, summary="Ask for an elevation")
async def ask_elevation(house: House, tx: Tx, by: Principal, data: NewElevation) -> Elevation:
    """It gives nothing until somebody else, who could grant it, approves it."""
    subject = Subject("user", str(by.user_id))
    wish = Wish(subject=subject, role=data.role, where=data.where.place(), reason=data.reason)
    return await actions.ask(house, tx, by, wish, data.minutes)


@get("/elevations/{elevation_id:uuid}", permission=SIGNED_IN, summary="Read an elevation")
async def get_elevation(tx: Tx, by: Principal, elevation_id: UUID) -> Elevation:
    """Your own; with access:read that of anyone."""
    return await actions.find(tx, by, elevation_id)


@post("/elevations/{elevation_id:uuid}/approvals", permission="access:write", summary="Approve an elevation")
async def approve_elevation(house: House, tx: Tx, by: Principal, elevation_id: UUID, data: Decision) -> Elevation:
    """It becomes a grant that ends by itself. You must hold all of it, for as long; nobody approves their own."""
    return await actions.approve(house, tx, by, elevation_id, data.note)


@post("/elevations/{elevation_id:uuid}/refusals", permission="access:write", summary="Refuse an elevation")
async def refuse_elevation(house: House, tx: Tx, by: Principal, elevation_id: UUID, data: Decision) -> Elevation:
    """Whoever could approve it may."""
    return await actions.refuse(house, tx, by, elevation_id, data.note)


@post("/elevations/{elevation_id:uuid}/withdrawals", permission=SIGNED_IN, summary="Withdraw an elevation")
async def withdraw_elevation(tx: Tx, by: Principal, elevation_id: UUID) -> Elevation:
    """Your own: the request, or the grant that it became, before its time."""
    return await actions.withdraw(tx, by, elevation_id)


HANDLERS = (
    list_elevations,
    ask_elevation,
    get_elevation,
    approve_elevation,
    refuse_elevation,
    withdraw_elevation,
)
