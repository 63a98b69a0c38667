"""Teams: who is in them, and what they hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post
from basefly.core.access import actions, teams
from basefly.core.access.model import Subject
from basefly.core.access.pages.frame import Context, attempt, lines, show
from basefly.core.access.rights.places import in_sight
from basefly.core.access.store import grants

HERE = "/access/teams"


@get("/access/teams", permission="access:read")
async def teams_page(request: Request, house: House, by: Principal) -> Response[Any]:
    """Every team."""
    return await _teams(request, house, by)


@post("/access/teams", permission="access:write")
async def create_team_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes a team."""
    given = {name: form.text(name) for name in ("name", "description")}
    return await attempt(
        house,
        by,
        lambda tx: teams.create(tx, by, given["name"], given["description"]),
        HERE,
        lambda error: _teams(request, house, by, error=error, given=given),
    )


@get("/access/teams/{team_id:uuid}", permission="access:read")
async def team_page(request: Request, house: House, by: Principal, team_id: UUID) -> Response[Any]:
    """One team."""
    return await _team(request, house, by, team_id)


@post("/access/teams/{team_id:uuid}", permission="access:write")
async def change_team_page(request: Request, house: House, by: Principal, form: Form, team_id: UUID) -> Response[Any]:
    """Does to a team what the pressed button says."""
    act = form.text("act")

    async def work(tx: Tx) -> None:
        if act == "delete":
            await teams.delete(tx, by, team_id)
        elif act == "rename":
            await teams.change(tx, by, team_id, form.text("name"), form.text("description"))
        elif act == "add":
            await teams.add(house, tx, by, team_id, _uuid(form.text("member")))
        else:
            await teams.remove(house, tx, by, team_id, _uuid(form.text("member")))

    to = HERE if act == "delete" else f"{HERE}/{team_id}"
    return await attempt(house, by, work, to, lambda error: _team(request, house, by, team_id, error))


async def _teams(request: Request, house: House, by: Principal, **more: Any) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        return {"teams": await teams.teams(tx, by)}

    more.setdefault("given", {"name": "", "description": ""})
    return await show(request, house, by, "teams.html", read, here=HERE, **more)


async def _team(
    request: Request, house: House, by: Principal, team_id: UUID, error: BaseflyError | None = None
) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        team = await teams.find(tx, by, team_id)
        inside = await teams.team_members(tx, by, team_id)
        ids = {each.id for each in inside}
        names = await in_sight(house, tx, by)
        return {
            "team": team,
            "inside": inside,
            "others": [(str(each.id), each.name) for each in await actions.members(tx, by) if each.id not in ids],
            "lines": lines(await grants.page(tx, Subject("team", str(team_id))), names),
        }

    return await show(request, house, by, "team.html", read, here=HERE, error=error)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("This is no member.", cure="Choose one from the list.") from error


HANDLERS = (teams_page, create_team_page, team_page, change_team_page)
