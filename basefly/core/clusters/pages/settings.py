"""The settings of one cluster: its name, labels and place, its credentials, and taking it out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.base.facts import releases
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT_SESSION, Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.clusters import actions, model
from basefly.core.clusters.actions import WRITE, Given, Settings
from basefly.core.clusters.pages import forms
from basefly.core.clusters.pages.forms import MISTAKES


@get("/clusters/{cluster:str}/settings", permission=WRITE, include_in_schema=False)
async def show_settings(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """What can be changed of a cluster."""
    return await _settings(request, tx, by, cluster)


@post("/clusters/{cluster:str}", permission=WRITE, include_in_schema=False)
async def change_cluster(
    request: Request, house: House, tx: Tx, by: Principal, form: Form, cluster: str
) -> Response[Any]:
    """Rename, label, relocate."""
    typed = {name: form.text(name) for name in ("name", "region", "provider", "labels")}
    wanted = Settings(name=typed["name"], region=typed["region"], provider=typed["provider"])
    try:
        wanted = msgspec.structs.replace(wanted, labels=model.typed_labels(typed["labels"]))
        changed = await actions.change(house, tx, by, cluster, wanted)
    except MISTAKES as error:
        return await _settings(request, tx, by, cluster, typed=typed, mistake=error)
    return redirect(f"/clusters/{changed.id}/settings")


@post("/clusters/{cluster:str}/credentials", permission=WRITE, include_in_schema=False)
async def rotate_credentials(request: Request, by: Principal, house: House, form: Form, cluster: str) -> Response[Any]:
    """Give new credentials."""
    given = await forms.given(form)
    private = house.settings.private_clusters
    try:
        changed = await actions.rotate(house.db, by, house.vault, cluster, given, private=private)
    except MISTAKES as error:
        async with house.db.transaction(by.org_id) as tx:
            return await _settings(request, tx, by, cluster, given=given, refused=error)
    return redirect(f"/clusters/{changed.id}")


@post(
    "/clusters/{cluster:str}/removals",
    permission=WRITE,
    opt=RECENT_SESSION | {"back": "/clusters/{cluster}/settings"},
    include_in_schema=False,
)
async def remove_cluster(request: Request, by: Principal, house: House, form: Form, cluster: str) -> Response[Any]:
    """Disconnect, once its name was typed; the page of the removed cluster offers to restore it."""
    async with house.db.transaction(by.org_id) as tx:
        name = (await actions.find(tx, by, cluster)).name
        if form.text("confirmation") != name:
            detail = t("Type the cluster's name, {name}, to disconnect it.", name=name)
            error = Invalid(detail, errors=(FieldError("/confirmation", detail),))
            return await _settings(request, tx, by, cluster, unconfirmed=error)
    await actions.remove(house.db, by, cluster)
    return redirect(f"/clusters/{cluster}")


@post("/clusters/{cluster:str}/restorations", permission=WRITE, include_in_schema=False)
async def restore_cluster(by: Principal, house: House, cluster: str) -> Response[Any]:
    """Restore."""
    restored = await actions.restore(house.db, by, cluster)
    return redirect(f"/clusters/{restored.id}")


async def _settings(request: Request, tx: Tx, by: Principal, cluster: str, **said: Any) -> Response[str]:
    """The page; `said` is what was typed and what was wrong with it."""
    found = await actions.find(tx, by, cluster)
    wrong: BaseflyError | None = said.get("mistake") or said.get("refused") or said.get("unconfirmed")
    labels = " ".join(f"{key}={value}" if value else key for key, value in found.labels.items())
    kept = {"name": found.name, "region": found.region, "provider": found.provider, "labels": labels}
    return render(
        request,
        "clusters/settings.html",
        status=wrong.status if wrong else 200,
        cluster=found,
        release=releases.release(found.version, datetime.now(UTC).date()),
        tab="settings",
        typed=said.get("typed") or kept,
        given=said.get("given", Given()),
        mistake=said.get("mistake"),
        refused=said.get("refused"),
        unconfirmed=said.get("unconfirmed"),
        checks=wrong.extra.get("checks", []) if wrong else [],
        may_write=by.may(WRITE, found.id),
        recent=by.recent(),
    )


HANDLERS = (show_settings, change_cluster, rotate_credentials, remove_cluster, restore_cluster)
