"""What was done in the organization, and what the clusters warn of: the last day, latest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.language import t
from basefly.core.access import actions as access
from basefly.core.audit import actions as audit
from basefly.core.audit.model import Filter, Record
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory.asking.request import ListRequest, understand
from basefly.core.inventory.display.address import about_path
from basefly.core.inventory.display.cells import moment
from basefly.core.inventory.sight import READ
from basefly.core.inventory.store import objects

RECENT = timedelta(hours=24)
READ_AUDIT = "audit:read"
CHANGES = 4
WARNINGS = 3
# Who signs in or makes a token has changed nothing in the fleet; that is in the audit.
_ABOUT = ("cluster.", "member.", "organization.", "restart.", "scale.")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what. `act` is as the audit has it; `href` leads to what it was done to, if it has a page."""

    at: datetime
    who: str
    act: str
    said: str
    what: str
    href: str
    outcome: str


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """A warning of a cluster about one of its objects."""

    at: datetime | None
    reason: str
    message: str
    about: str
    cluster: str
    count: int
    href: str


async def get_changes(tx: Tx, by: Principal, clusters: Sequence[ClusterState]) -> list[Change] | None:
    """What people did in the last day; None for someone who may not see the audit."""
    if not by.may(READ_AUDIT):
        return None
    since = datetime.now(UTC) - RECENT
    records = (await audit.page(tx, by, Filter(since=since), limit=100)).items
    people = {m.id: m.name or m.email for m in await access.members(tx, by)} if by.may("access:read") else {}
    names = {c.id: c.name for c in clusters}
    wanted = [r for r in records if r.act.startswith(_ABOUT) and r.outcome != "started"]
    return [_change(record, people, names) for record in wanted[:CHANGES]]


async def get_warnings(tx: Tx, by: Principal, clusters: Sequence[ClusterState]) -> list[Warned]:
    """The latest warnings of the clusters in sight."""
    asked = ListRequest(resource="events", status=("Warning",), sort="-last", limit=WARNINGS)
    understood = await understand(tx, by, asked, sight=clusters)
    page = await objects.page_objects(tx, by.scope(READ), understood.query)
    names = {c.id: c.name for c in clusters}
    return [
        Warned(
            at=moment(str(one.cells.get("last", ""))),
            reason=str(one.cells.get("reason", "")),
            message=str(one.cells.get("message", "")),
            about=str(one.cells.get("object", "")),
            cluster=names.get(one.cluster_id, ""),
            count=int(one.cells.get("count") or 1),
            href=about_path(one.cluster_id, str(one.cells.get("object", "")), one.namespace),
        )
        for one in page.rows
    ]


def _change(record: Record, people: Mapping[UUID, str], clusters: Mapping[UUID, str]) -> Change:
    thing, _, id_ = record.object.partition("/")
    target = _uuid(id_)
    name = clusters.get(target, "") if target and thing == "clusters" else ""
    told = name or str(record.detail.get("name") or "")
    who = people.get(record.actor_id, t("someone who has left")) if record.actor_id else t("The hub")
    return Change(
        at=record.at,
        who=who,
        act=record.act,
        said=_said(record.act),
        what=told or (people.get(target, "") if target else ""),
        href=f"/clusters/{target}" if name else "",
        outcome=record.outcome,
    )


def _said(act: str) -> str:
    """An act in words; one that has none yet stands as the audit has it."""
    said = {
        "cluster.registered": t("connected"),
        "cluster.changed": t("changed"),
        "cluster.removed": t("disconnected"),
        "cluster.restored": t("restored"),
        "cluster.credentials_rotated": t("gave new credentials to"),
        "cluster.put_back": t("found restored to an older state:"),
        "organization.created": t("created the organization"),
        "member.added": t("added the member"),
        "member.changed": t("changed the role of"),
        "member.removed": t("removed the member"),
        "member.left": t("left the organization:"),
    }
    return said.get(act, act)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
