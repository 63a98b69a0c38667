"""Lists for people: one page for every kind, the page of all kinds, and each list as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, Stream, get, redirect
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ
from basefly.core.inventory.asking.request import asked_kind
from basefly.core.inventory.display.address import list_path
from basefly.core.lists import export, page
from basefly.core.lists.columns import chosen
from basefly.core.lists.kinds import show_kinds
from basefly.core.lists.page import list_page
from basefly.core.sync import kinds
from basefly.core.sync.kind import Kind
from basefly.core.sync.store import streams


@get("/nodes", permission=READ, replica=True, include_in_schema=False)
async def show_nodes(request: Request, tx: Tx, by: Principal) -> Response[Any]:
    return await list_page(request, tx, by, "nodes")


@get("/pods", permission=READ, replica=True, include_in_schema=False)
async def show_pods(request: Request, tx: Tx, by: Principal) -> Response[Any]:
    return await list_page(request, tx, by, "pods")


@get("/workloads/{resource:str}", permission=READ, replica=True, include_in_schema=False)
async def show_workloads_of(request: Request, tx: Tx, by: Principal, resource: str) -> Response[Any]:
    return await list_page(request, tx, by, resource)


@get("/objects/{resource:str}", permission=READ, replica=True, include_in_schema=False)
async def show_objects(request: Request, tx: Tx, by: Principal, resource: str) -> Response[Any]:
    known = kinds.named(resource)
    home = list_path(known.resource if known else resource)
    if request.url.path != home and (known or not home.startswith("/objects/")):
        return redirect(f"{home}?{request.url.query}" if request.url.query else home)
    return await list_page(request, tx, by, resource)


@get(
    [
        f"{path}/export"
        for path in ("/nodes", "/pods", "/events", "/workloads/{resource:str}", "/objects/{resource:str}")
    ],
    permission=READ,
    limit="expensive",
    include_in_schema=False,
)
async def export_list(request: Request, house: House, by: Principal, resource: str = "") -> Stream:
    """The list as a file: its filters, columns and order; everything that matches, up to export.MOST objects."""
    form = request.query_params.get("format", "csv")
    if form not in get_args(export.Format):
        raise Invalid(f"There is no format {form!r}.", cure="Use csv, json or yaml.")
    async with house.db.reading(by.org_id, by=by.user_id) as tx:
        clusters = await answers.visible_clusters(tx, by)
        kind = await asked_kind(tx, resource or request.url.path.split("/")[1], clusters)
        namespaced = await streams.is_namespaced(tx, kind.resource)
    asked = page.read(request, kind.resource, clusters)
    prepared = await export.prepare(house.db, by, asked)
    shown = chosen(kind, request.query_params.getall("columns", []), namespaced=namespaced)
    body = export.write(house.db, by, prepared, form, ["name", *(column.name for column in shown)])  # type: ignore[arg-type]  # one of them, checked above
    return Stream(body, media_type=export.MEDIA[form], headers=_headers(kind, prepared, form))  # type: ignore[index]  # as above


def _headers(kind: Kind, prepared: export.Export, form: str) -> dict[str, str]:
    """The name of the file, which says so when it does not hold everything."""
    plural = kind.resource.partition(".")[0]
    part = f"-first-{export.MOST}" if prepared.cut else ""
    name = f"{plural}{part}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return headers | ({"X-Basefly-Truncated": str(export.MOST)} if prepared.cut else {})


HANDLERS = (
    show_kinds,
    show_nodes,
    show_pods,
    show_workloads_of,
    show_objects,
    export_list,
)
