"""Why may someone do this, why not, and who may: for everyone about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.base.web import SIGNED_IN, Request, Response, get, render
from basefly.base.web.language import t
from basefly.core.access import actions as members
from basefly.core.access.model import OWN, READ
from basefly.core.access.rights.places import in_sight
from basefly.core.access.words import cluster_id, place, through
from basefly.core.explanations import actions
from basefly.core.explanations.model import Question, Reason

Context = Mapping[str, Any]
Told = tuple[str, str, str, Any, str]


@get("/access/explanation", permission=SIGNED_IN)
async def explanation_page(
    request: Request,
    house: House,
    by: Principal,
    permission: str = "",
    cluster: str = "",
    namespace: str = "",
    member: str = "",
) -> Response[Any]:
    """The question as a form, and its answer."""
    asked = {"permission": permission, "cluster": cluster, "namespace": namespace, "member": member}
    error: BaseflyError | None = None
    answer: Context = {}
    if permission:
        try:
            async with house.db.transaction(by.org_id) as tx:
                answer = await _answer(house, tx, by, asked)
        except BaseflyError as wrong:
            error = wrong

    async with house.db.transaction(by.org_id) as tx:
        names = await in_sight(house, tx, by)
        people = [(str(each.id), each.name) for each in await members.members(tx, by)] if by.may(READ) else []
    return render(
        request,
        "explanations/explanation.html",
        status=error.status if error else 200,
        here="/access/explanation",
        asked=asked | {"cluster": _id(cluster, names)},
        error=error,
        may_read=by.may(READ),
        may_own=by.may(OWN),
        people=people,
        places=sorted(((str(id_), name) for id_, name in names.items()), key=lambda place: place[1]),
        permissions=sorted(house.get(Permissions).items()),
        **{**_blank(), **answer},
    )


def _blank() -> Context:
    return {"explained_access": None, "because": [], "misses": [], "holders": None}


async def _answer(house: House, tx: Tx, by: Principal, asked: Mapping[str, str]) -> Context:
    names = await in_sight(house, tx, by)
    cluster, member = _uuid(asked["cluster"]), _uuid(asked["member"])
    if asked["cluster"] and cluster is None:
        cluster = cluster_id(asked["cluster"], names)
    question = Question(permission=asked["permission"], cluster=cluster, namespace=asked["namespace"] or None)
    found = await actions.explain(house, tx, by, question, member)
    holders = (await actions.holders(house, tx, by, question)).items if by.may(READ) else None
    return {
        "explained_access": found,
        "because": _said(found.member.reasons, names),
        "misses": _said(found.misses, names),
        "holders": None if holders is None else [(each, _said(each.reasons, names)) for each in holders],
    }


def _said(reasons: Sequence[Reason], names: Mapping[UUID, str]) -> list[Told]:
    why = {
        "ended": t("it has ended"),
        "elsewhere": t("it does not reach this place"),
        "lesser": t("the role does not have this permission"),
    }
    return [
        (each.role, through(each.via), place(each.where, names), each.ends_at, why.get(each.miss, ""))
        for each in reasons
    ]


def _id(cluster: str, names: Mapping[UUID, str]) -> str:
    """The id of a cluster that was given by its name; what is no cluster in sight stays as it was given."""
    return next((str(id_) for id_, name in names.items() if name.lower() == cluster.lower()), cluster)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS = (explanation_page,)
