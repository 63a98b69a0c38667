"""Workloads over clusters for people: one line a group, which unfolds into one line a cluster."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import Address, list_path, object_path
from basefly.core.inventory.display.words import title_of
from basefly.core.inventory.standing import Coverage, get_coverage
from basefly.core.lists.kept import Kept, oldest
from basefly.features.workloads import answers
from basefly.features.workloads.answers import Member, WorkloadRequest
from basefly.features.workloads.model import RESOURCES, Group, GroupPage, Key

KINDS = {
    "deployments.apps": "Deployment",
    "statefulsets.apps": "StatefulSet",
    "daemonsets.apps": "DaemonSet",
    "jobs.batch": "Job",
    "cronjobs.batch": "CronJob",
}
VERSIONS_SAID = 3
FILTERS = ("q", "cluster", "namespace", "skewed", "failing")
NONE = GroupPage(items=[], next=None, as_of={}, missing=[])


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a row; `members` are there when it is unfolded."""

    id: str
    group: Group
    href: str
    open: bool
    versions: str
    members: list[tuple[Member, str]]


class Tab(msgspec.Struct, frozen=True):
    """A way to look at the same list."""

    label: str
    href: str
    here: bool


@get("/workloads", permission=READ, replica=True, include_in_schema=False)
async def show_workloads(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every workload of the fleet, grouped."""
    asked = _asked(request)
    mistake: Invalid | None = None
    slow = False
    try:
        (page, coverage), slow = await house.get(Kept).of(
            tx, by, answers.list_groups, asked, oldest=oldest(request, "list")
        )
    except Invalid as error:
        page, mistake = NONE, error
        asked = WorkloadRequest()
        coverage = await get_coverage(tx, by, (), tuple(RESOURCES))
    address = Address(request.url.path, tuple(request.query_params.multi_items()))
    opened = _opened(request)
    members = await answers.list_members(tx, by, asked, opened) if opened and not mistake else []
    return render(
        request,
        "workloads/list.html",
        status=mistake.status if mistake else 200,
        page=page,
        slow=slow,
        asked=asked,
        mistake=mistake,
        lines=[_line(group, address, opened, members) for group in page.items],
        all_clusters=(every := await visible_clusters(tx, by)),
        cluster_options=[(one.name, one.name) for one in every],
        first=address.having() if asked.cursor else "",
        following=address.having(cursor=page.next) if page.next else "",
        tabs=_tabs(address, asked),
        groupings=_groupings(address, asked),
        filtered=[name for name in FILTERS if getattr(asked, name)],
        clear=Address(address.path, tuple(part for part in address.query if part[0] not in FILTERS)).having(open=""),
        topics=_topics(coverage, asked),
    )


def _asked(request: Request) -> WorkloadRequest:
    query = request.query_params
    return WorkloadRequest(
        cluster=tuple(word for word in query.getall("cluster", []) if word),
        namespace=tuple(word for word in query.getall("namespace", []) if word),
        kind=query.get("kind", ""),
        q=query.get("q", ""),
        group="app" if query.get("group") == "app" else "name",
        skewed=bool(query.get("skewed")),
        failing=bool(query.get("failing")),
        cursor=query.get("cursor", ""),
    )


def _opened(request: Request) -> Key | None:
    """The group that is unfolded, as `resource/namespace/name`; a label's value may hold no slash either."""
    parts = request.query_params.get("open", "").split("/")
    return Key(parts[2], parts[1], parts[0]) if len(parts) == 3 else None


def _line(group: Group, address: Address, opened: Key | None, members: list[Member]) -> Line:
    unfolded = group.key == opened
    mark = f"{group.resource}/{group.namespace}/{group.name}"
    return Line(
        id=f"group-{mark.replace('/', '-')}",
        group=group,
        href=address.having(open="" if unfolded else mark, cursor=dict(address.query).get("cursor", "")),
        open=unfolded,
        versions=said(group),
        members=[(one, _path(one)) for one in members] if unfolded else [],
    )


def _path(member: Member) -> str:
    one = member.object
    return object_path(one.cluster.id, one.resource, one.namespace, one.name)


def said(group: Group) -> str:
    """The versions in words: one alone by its name, several each with the number of clusters it runs in."""
    if not group.skewed:
        return group.versions[0].name if group.versions else ""
    shown = [t("{version} on {count}", version=one.name, count=one.clusters) for one in group.versions[:VERSIONS_SAID]]
    more = len(group.versions) - VERSIONS_SAID
    return ", ".join([*shown, *([t("{count} more", count=more)] if more > 0 else [])])


def _tabs(address: Address, asked: WorkloadRequest) -> list[Tab]:
    every = Tab(t("All"), address.having(kind="", open=""), not asked.kind)
    return [
        every,
        *(Tab(title_of(kind), address.having(kind=name, open=""), asked.kind == name) for name, kind in KINDS.items()),
    ]


def _groupings(address: Address, asked: WorkloadRequest) -> list[Tab]:
    return [
        Tab(t("By name"), address.having(group="", open=""), asked.group == "name"),
        Tab(t("By app"), address.having(group="app", open="", skewed=""), asked.group == "app"),
        Tab(t("Not grouped"), list_path(asked.kind or "deployments.apps"), here=False),
    ]


def _topics(coverage: Coverage, asked: WorkloadRequest) -> str:
    return coverage.topics(*([asked.kind] if asked.kind else RESOURCES), "pods")


HANDLERS = (show_workloads,)
