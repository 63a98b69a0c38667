"""Teams: people who get grants together. Whoever puts someone into one gives them all that it has."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access import granting
from basefly.core.access import store as members
from basefly.core.access.model import READ, WRITE, Team, TeamMember
from basefly.core.access.rights import holdings
from basefly.core.access.rights.closure import lacks
from basefly.core.access.roles import LONGEST_TEXT, tidy_name
from basefly.core.access.store import grants as grants_store
from basefly.core.access.store import teams as store
from basefly.core.audit.actions import record


async def teams(tx: Tx, by: Principal) -> list[Team]:
    """Every team; needs access:read."""
    by.require(READ)
    return await store.page(tx)


async def find(tx: Tx, by: Principal, team_id: UUID) -> Team:
    """One team; needs access:read."""
    by.require(READ)
    found = await store.get(tx, team_id)
    if found is None:
        raise NotFound("There is no such team.")
    return found


async def team_members(tx: Tx, by: Principal, team_id: UUID) -> list[TeamMember]:
    """Who is in a team; needs access:read."""
    await find(tx, by, team_id)
    return await store.page_members(tx, team_id)


async def create(tx: Tx, by: Principal, name: str, description: str = "") -> Team:
    """Make a team; needs access:write over the whole organization."""
    by.require_everywhere(WRITE)
    name = tidy_name(name, "/name")
    try:
        created = await store.insert(tx, name, _text(description), by.user_id)
    except Duplicate as error:
        raise _taken(name) from error
    await record(tx, by, "team.created", f"teams/{created}", {"name": name})
    return await find(tx, by, created)


async def change(tx: Tx, by: Principal, team_id: UUID, name: str | None, description: str | None) -> Team:
    """Give a team another name or description; None leaves it."""
    by.require_everywhere(WRITE)
    before = await find(tx, by, team_id)
    after = msgspec.structs.replace(
        before,
        name=before.name if name is None else tidy_name(name, "/name"),
        description=before.description if description is None else _text(description),
    )
    try:
        await store.update(tx, after)
    except Duplicate as error:
        raise _taken(after.name) from error
    await record(tx, by, "team.changed", f"teams/{team_id}", {"name": after.name, "was": before.name})
    return after


async def delete(tx: Tx, by: Principal, team_id: UUID) -> None:
    """Delete a team that has no grants; Conflict says how many it has."""
    by.require_everywhere(WRITE)
    await grants_store.lock(tx)
    team = await find(tx, by, team_id)
    if team.grants:
        raise Conflict(
            f"The team {team.name} has one grant."
            if team.grants == 1
            else f"The team {team.name} has {team.grants} grants.",
            cure="Revoke what it has first.",
        )
    await store.delete(tx, team_id)
    await record(tx, by, "team.deleted", f"teams/{team_id}", {"name": team.name, "members": team.members})


async def add(house: House, tx: Tx, by: Principal, team_id: UUID, user_id: UUID) -> list[TeamMember]:
    """Put a member into a team: who does it must be able to give all that the team has."""
    by.require_everywhere(WRITE)
    await grants_store.lock(tx)
    team = await find(tx, by, team_id)
    member = await members.get_member(tx, user_id)
    if member is None:
        detail = "There is no such member."
        raise Invalid(detail, errors=(FieldError("/member", detail),), cure="The list of members has their ids.")
    now = await holdings.of(house, tx, by.user_id)  # the lock is taken: what was revoked meanwhile counts no more
    for each in await holdings.built(house, tx, await grants_store.held_by_team(tx, team_id)):
        granting.deny(lacks(each, by.grants) or lacks(each, now), each.role)
    if await store.insert_member(tx, team_id, user_id, by.user_id):
        detail_of = {"name": team.name, "member": str(user_id)}
        await record(tx, by, "team.member_added", f"teams/{team_id}", detail_of)
    return await store.page_members(tx, team_id)


async def remove(house: House, tx: Tx, by: Principal, team_id: UUID, user_id: UUID) -> None:
    """Take someone out of a team, or leave it oneself; with the next request its grants are theirs no more."""
    if user_id != by.user_id:
        by.require_everywhere(WRITE)
        await granting.may_take(house, tx, by, await grants_store.held_by_team(tx, team_id))
    team = await store.get(tx, team_id)
    if team is None or not await store.delete_member(tx, team_id, user_id):
        raise NotFound("Nobody of this id is in such a team.")
    await record(tx, by, "team.member_removed", f"teams/{team_id}", {"name": team.name, "member": str(user_id)})


def _text(text: str) -> str:
    tidy = " ".join(text.split())
    if len(tidy) > LONGEST_TEXT:
        detail = f"A description has at most {LONGEST_TEXT} characters."
        raise Invalid(detail, errors=(FieldError("/description", detail),), cure="Shorten it.")
    return tidy


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a team called {name} already.", cure="Take another name.")
