"""Teams and who is in them."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.access.model import Team, TeamMember

_SELECT = """
    select t.id, t.name, t.description, t.created_at,
           (select count(*) from team_members m where m.org_id = t.org_id and m.team_id = t.id)::int as members,
           (select count(*) from grants g where g.org_id = t.org_id and g.team_id = t.id)::int as grants
      from teams t where t.org_id = %(org)s"""


async def page(tx: Tx) -> list[Team]:
    """Every team, by name."""
    return await tx.all(Team, f"{_SELECT} order by lower(t.name), t.id", {"org": tx.org_id})


async def get(tx: Tx, team_id: UUID) -> Team | None:
    """One team."""
    return await tx.one(Team, f"{_SELECT} and t.id = %(id)s", {"org": tx.org_id, "id": team_id})


async def insert(tx: Tx, name: str, description: str, by: UUID) -> UUID:
    """Add a team; raises Duplicate when there is one of this name."""
    created: UUID = await tx.value(
        "insert into teams (org_id, name, description, created_by) values (%s, %s, %s, %s) returning id",
        [tx.org_id, name, description, by],
    )
    return created


async def update(tx: Tx, team: Team) -> None:
    """Write a team's name and description; raises Duplicate when another has this name."""
    await tx.execute(
        "update teams set name = %s, description = %s where org_id = %s and id = %s",
        [team.name, team.description, tx.org_id, team.id],
    )


async def delete(tx: Tx, team_id: UUID) -> None:
    """Delete a team without grants, and who is in it."""
    await tx.execute("delete from team_members where org_id = %s and team_id = %s", [tx.org_id, team_id])
    await tx.execute("delete from teams where org_id = %s and id = %s", [tx.org_id, team_id])


async def page_members(tx: Tx, team_id: UUID) -> list[TeamMember]:
    """Who is in a team, by name."""
    return await tx.all(
        TeamMember,
        """select u.id, u.name, u.email, m.created_at from team_members m join users u on u.id = m.user_id
            where m.org_id = %s and m.team_id = %s order by lower(u.name), u.id""",
        [tx.org_id, team_id],
    )


async def insert_member(tx: Tx, team_id: UUID, user_id: UUID, by: UUID) -> bool:
    """Put a member into a team; False when they are there."""
    touched = await tx.execute(
        "insert into team_members (org_id, team_id, user_id, added_by) values (%s, %s, %s, %s) on conflict do nothing",
        [tx.org_id, team_id, user_id, by],
    )
    return touched > 0


async def delete_member(tx: Tx, team_id: UUID, user_id: UUID) -> bool:
    """Take a member out of a team; False when they are not there."""
    touched = await tx.execute(
        "delete from team_members where org_id = %s and team_id = %s and user_id = %s", [tx.org_id, team_id, user_id]
    )
    return touched > 0


async def leave_all(tx: Tx, user_id: UUID) -> int:
    """Take a person out of every team; how many there were."""
    return await tx.execute("delete from team_members where org_id = %s and user_id = %s", [tx.org_id, user_id])
