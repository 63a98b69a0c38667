"""The last step of connecting a cluster: what was checked, and its first inventory coming in."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.console.cluster.summary import Summary, get_summary
from basefly.core.clusters import actions as clusters
from basefly.core.clusters.actions import WRITE
from basefly.core.clusters.model import Cluster
from basefly.core.inventory import answers


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One check of a cluster that is connected: how it stands now, and what cures it."""

    state: str  # ok, warn, bad, or idle while it is not known
    name: str
    detail: str
    cure: str = ""


@get("/connect/verify/{cluster:str}", permission=WRITE, include_in_schema=False)
async def show_verify(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """How the connection stands, live, until everything has been read once."""
    found = await clusters.find(tx, by, cluster)
    [state] = await answers.visible_clusters(tx, by, [str(found.id)])
    summary = await get_summary(tx, by, state)
    return render(
        request,
        "console/fleet/verify.html",
        cluster=found,
        progress=summary.progress,
        checks=checks(found, summary),
        step="verify",
        steps=_steps(),
    )


def _steps() -> list[tuple[str, str]]:
    """The steps of the wizard; those before cannot be gone back to."""
    return [(label, "") for label in (t("Name"), t("Access"), t("Install (if needed)"), t("Verify"))]


def checks(cluster: Cluster, summary: Summary) -> list[Step]:
    """What must be well for a cluster to be followed, in the order in which it is found out."""
    answers_now = cluster.health != "unreachable"
    reached = Step(
        state="ok" if answers_now else "bad",
        name=t("Reached"),
        detail=t("{server} answers, and its certificate is trusted.", server=cluster.server)
        if answers_now
        else cluster.health_reason,
        cure="" if answers_now else t("Check the way to its API server: address, firewall, certificate."),
    )
    known = Step(
        state="ok" if answers_now and cluster.version else "idle",
        name=t("Credentials"),
        detail=t("They are accepted; it runs Kubernetes {version}.", version=cluster.version),
    )
    rights = Step(
        state="warn" if summary.unseen else "ok" if summary.progress.followed else "idle",
        name=t("Rights"),
        detail=t("Not permitted: {kinds}.", kinds=", ".join(s.resource for s in summary.unseen))
        if summary.unseen
        else t("Every kind that the cluster serves may be listed.")
        if summary.progress.followed
        else t("Finding out what the cluster serves."),
        cure=t("Apply a manifest with wider rights, if you miss them.") if summary.unseen else "",
    )
    return [reached, known, rights]


HANDLERS = (show_verify,)
