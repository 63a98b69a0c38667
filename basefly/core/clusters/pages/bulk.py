"""What is done to several clusters at once: first what it would be, then the deed, with a result for each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT_SESSION, Form, Request, Response, get, post, render
from basefly.base.web.language import t, tn
from basefly.core.clusters import actions, model
from basefly.core.clusters.actions import WRITE, Settings
from basefly.core.clusters.model import Cluster

MOST = 200  # clusters at once


class Result(msgspec.Struct, frozen=True):
    """How it went with one cluster; `wrong` says why not, and is "" where it went well."""

    id: str
    name: str
    wrong: str = ""
    cure: str = ""


@get("/cluster-changes", permission=WRITE, include_in_schema=False)
async def show_changes(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """Which clusters were selected, and the form for what is to be done."""
    chosen = await _chosen(tx, by, request.query_params.getall("cluster", []))
    deed = "disconnect" if request.query_params.get("do") == "disconnect" else "label"
    return _changes(request, chosen, deed)


@post("/cluster-labels", permission=WRITE, include_in_schema=False)
async def label_clusters(request: Request, by: Principal, house: House, form: Form) -> Response[Any]:
    """Add labels to each, over those that it has; `key-` takes one away, as with kubectl."""
    async with house.db.transaction(by.org_id) as tx:
        chosen = await _chosen(tx, by, form.all("cluster"))
    typed = form.text("labels")
    words = typed.replace(",", " ").split()
    away = {word.removesuffix("-") for word in words if word.endswith("-") and "=" not in word}
    added = model.typed_labels(" ".join(word for word in words if word.removesuffix("-") not in away))
    if not words:
        wrong = Invalid(t("Say which labels."), errors=(FieldError("/labels", t("Say which labels.")),))
        return _changes(request, chosen, "label", mistake=wrong)

    async def relabel(cluster: Cluster) -> None:
        labels = {key: value for key, value in cluster.labels.items() if key not in away} | added
        async with house.db.transaction(by.org_id) as tx:
            await actions.change(house, tx, by, cluster.id, Settings(labels=labels))

    return _changes(request, chosen, "label", typed=typed, results=await _each(chosen, relabel))


@post(
    "/cluster-removals",
    permission=WRITE,
    opt=RECENT_SESSION | {"back": "/cluster-changes"},  # with the query of the form's address: what was selected
    include_in_schema=False,
)
async def remove_clusters(request: Request, by: Principal, house: House, form: Form) -> Response[Any]:
    """Disconnect each, once their number was typed; of one, its name."""
    async with house.db.transaction(by.org_id) as tx:
        chosen = await _chosen(tx, by, form.all("cluster"))
    alone = chosen[0].name if len(chosen) == 1 else ""
    if form.text("confirmation") != (alone or str(len(chosen))):
        detail = t("Type the number of clusters, {n}, to disconnect them.", n=len(chosen))
        detail = t("Type the cluster's name, {name}, to disconnect it.", name=alone) if alone else detail
        wrong = Invalid(detail, errors=(FieldError("/confirmation", detail),))
        return _changes(request, chosen, "disconnect", mistake=wrong)
    results = await _each(chosen, lambda cluster: actions.remove(house.db, by, cluster.id))
    return _changes(request, chosen, "disconnect", results=results)


async def _chosen(tx: Tx, by: Principal, ids: Sequence[str]) -> list[Cluster]:
    if len(ids) > MOST:
        raise Invalid(t("At most {most} clusters can be changed at once.", most=MOST), cure=t("Select fewer."))
    return [await actions.find(tx, by, one) for one in dict.fromkeys(ids)]


async def _each(clusters: Sequence[Cluster], do: Callable[[Cluster], Awaitable[None]]) -> list[Result]:
    """One after the other; what fails for one does not stop the others."""
    results: list[Result] = []
    for cluster in clusters:
        try:
            await do(cluster)
        except BaseflyError as error:
            results.append(Result(str(cluster.id), cluster.name, error.detail, error.cure))
        else:
            results.append(Result(str(cluster.id), cluster.name))
    return results


def _changes(request: Request, chosen: Sequence[Cluster], deed: str, **said: Any) -> Response[str]:
    mistake: BaseflyError | None = said.get("mistake")
    selection = urlencode([("do", deed), *(("cluster", cluster.id) for cluster in chosen)])
    return render(
        request,
        "clusters/changes.html",
        status=mistake.status if mistake else 200,
        chosen=list(chosen),
        deed=deed,
        selection=selection,
        recent=request.by is not None and request.by.recent(),
        title=_title(chosen, deed),
        mistake=mistake,
        typed=said.get("typed", ""),
        results=said.get("results", []),
    )


def _title(chosen: Sequence[Cluster], deed: str) -> str:
    count, label = len(chosen), deed == "label"
    if count == 1:
        name = chosen[0].name
        return t("Label {name}", name=name) if label else t("Disconnect {name}", name=name)
    if label:
        return tn("Label {n} cluster", "Label {n} clusters", count)
    return tn("Disconnect {n} cluster", "Disconnect {n} clusters", count)


HANDLERS = (show_changes, label_clusters, remove_clusters)
