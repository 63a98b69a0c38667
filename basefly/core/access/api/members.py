"""Set-up, oneself and the members as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import (
    PUBLIC,
    RECENT,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Body,
    Request,
    Response,
    delete,
    get,
    patch,
    post,
    put,
)
from basefly.core.access import actions, setup
from basefly.core.access.model import Me, Member
from basefly.core.identity import browser

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Password = Annotated[str, msgspec.Meta(max_length=1000)]


class Setup(Body):
    """The token of the set-up link, and who the first owner is."""

    token: Text
    email: Text
    name: Text
    password: Password
    organization: Text


class NewMember(Body):
    """Someone who gets an account, with a first password to change."""

    email: Text
    name: Text
    password: Password
    role: Text = "viewer"


class SecondFactor(Body):
    """Whether everyone in the organization must have a second factor."""

    required: bool


class RoleChange(Body):
    """A member's role to come: the name or the id of one."""

    role: Text


class Owner(msgspec.Struct, frozen=True):
    """The owner just made."""

    id: UUID
    name: str
    email: str


class Members(msgspec.Struct, frozen=True):
    """Members, by name."""

    items: list[Member]


@post("/setup", permission=PUBLIC, summary="Make the first owner")
async def set_up(request: Request, house: House, data: Setup) -> Response[Owner]:
    """Uses the one-time link up, makes the organization and its owner, and signs them in."""
    wish = setup.Wish(email=data.email, name=data.name, password=Secret(data.password), organization=data.organization)
    user, secret = await setup.redeem(house, data.token, wish, browser.origin(request))
    cookies = [browser.kept(house, secret)]
    return Response(Owner(user.id, user.name, user.email), status_code=201, cookies=cookies)


@get("/me", permission=SIGNED_IN, opt=WITHOUT_FACTOR, summary="Who am I, and what may I?")
async def me(tx: Tx, by: Principal) -> Me:
    """Whose credential this is, with role and permissions."""
    return await actions.me(tx, by)


@get(
    "/organization/second-factor",
    permission=SIGNED_IN,
    opt=WITHOUT_FACTOR,
    summary="Must everyone have a second factor?",
)
async def second_factor(tx: Tx, by: Principal) -> SecondFactor:
    """Anyone without one must set it up before anything else."""
    return SecondFactor(await actions.second_factor_required(tx, by))


@put("/organization/second-factor", permission="access:own", opt=RECENT, summary="Require a second factor of everyone")
async def require_second_factor(tx: Tx, by: Principal, data: SecondFactor) -> SecondFactor:
    """Takes effect with everyone's next request. Only who has proved a second factor can turn it on."""
    await actions.require_second_factor(tx, by, required=data.required)
    return data


@get("/members", permission="access:read", summary="List members")
async def members(tx: Tx, by: Principal) -> Members:
    """Everyone in the organization, by name."""
    return Members(await actions.members(tx, by))


@post("/members", permission="access:write", summary="Add a member")
async def add_member(house: House, by: Principal, data: NewMember) -> Member:
    """Makes an account with a first password. Only an owner makes owners."""
    return await actions.add_member(
        house, by, email=data.email, name=data.name, password=Secret(data.password), role=data.role
    )


@patch("/members/{member_id:uuid}", permission="access:write", summary="Change a member's role")
async def change_role(house: House, tx: Tx, by: Principal, member_id: UUID, data: RoleChange) -> Member:
    """Replaces their grant over the whole organization. Takes effect with the next request, on open streams within
    seconds. One owner must remain."""
    return await actions.change_role(house, tx, by, member_id, data.role)


@delete("/members/{member_id:uuid}", permission="access:write", summary="Remove a member")
async def remove_member(house: House, tx: Tx, by: Principal, member_id: UUID) -> None:
    """Their sessions, tokens and open streams end within seconds. One owner must remain."""
    await actions.remove_member(house, tx, by, member_id)


@delete("/me/membership", permission=SIGNED_IN, summary="Leave the organization")
async def leave(tx: Tx, by: Principal) -> None:
    """Ends your sessions and tokens. The last owner cannot leave."""
    await actions.leave(tx, by)


HANDLERS = (
    set_up,
    me,
    second_factor,
    require_second_factor,
    members,
    add_member,
    change_role,
    remove_member,
    leave,
)
