"""Teams as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Body, delete, get, patch, post
from basefly.core.access import teams as actions
from basefly.core.access.model import Team, TeamMember

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]


class NewTeam(Body):
    """A team to be."""

    name: Name
    description: Text = ""


class TeamWish(Body):
    """What of a team is to change; what is left out stays."""

    name: Name | None = None
    description: Text | None = None


class Joining(Body):
    """The id of a member."""

    member: UUID


class TeamList(msgspec.Struct, frozen=True):
    """Teams, by name."""

    items: list[Team]


class TeamMembers(msgspec.Struct, frozen=True):
    """Who is in a team, by name."""

    items: list[TeamMember]


@get("/teams", permission="access:read", summary="List teams")
async def list_teams(tx: Tx, by: Principal) -> TeamList:
    """With how many members and grants each has."""
    return TeamList(await actions.teams(tx, by))


@post("/teams", permission="access:write", summary="Create a team")
async def create_team(tx: Tx, by: Principal, data: NewTeam) -> Team:
    """Empty, and without a grant."""
    return await actions.create(tx, by, data.name, data.description)


@get("/teams/{team_id:uuid}", permission="access:read", summary="Read a team")
async def get_team(tx: Tx, by: Principal, team_id: UUID) -> Team:
    """One team."""
    return await actions.find(tx, by, team_id)


@patch("/teams/{team_id:uuid}", permission="access:write", summary="Change a team")
async def change_team(tx: Tx, by: Principal, team_id: UUID, data: TeamWish) -> Team:
    """Its name and description."""
    return await actions.change(tx, by, team_id, data.name, data.description)


@delete("/teams/{team_id:uuid}", permission="access:write", summary="Delete a team")
async def delete_team(tx: Tx, by: Principal, team_id: UUID) -> None:
    """Refused while it has grants."""
    await actions.delete(tx, by, team_id)


@get("/teams/{team_id:uuid}/members", permission="access:read", summary="List a team's members")
async def list_team_members(tx: Tx, by: Principal, team_id: UUID) -> TeamMembers:
    """By name."""
    return TeamMembers(await actions.team_members(tx, by, team_id))


@post("/teams/{team_id:uuid}/members", permission="access:write", summary="Add a member to a team")
async def add_team_member(house: House, tx: Tx, by: Principal, team_id: UUID, data: Joining) -> TeamMembers:
    """Who adds them must be able to give all that the team has."""
    return TeamMembers(await actions.add(house, tx, by, team_id, data.member))


@delete("/teams/{team_id:uuid}/members/{member_id:uuid}", permission=SIGNED_IN, summary="Take a member out of a team")
async def remove_team_member(house: House, tx: Tx, by: Principal, team_id: UUID, member_id: UUID) -> None:
    """Yourself, or another with access:write."""
    await actions.remove(house, tx, by, team_id, member_id)


HANDLERS = (
    list_teams,
    create_team,
    get_team,
    change_team,
    delete_team,
    list_team_members,
    add_team_member,
    remove_team_member,
)
