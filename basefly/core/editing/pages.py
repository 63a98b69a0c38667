"""Editing for people: the editor, what an edit would come to, and files applied to clusters; without script, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Offer
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.editing import actions, applying
from basefly.core.editing.actions import Edit, Moved, Review
from basefly.core.editing.applying import Result, Wanted
from basefly.core.editing.reading import File
from basefly.core.gateway.model import WRITE
from basefly.core.gateway.verbs.offers import may, shown
from basefly.core.gateway.verbs.perform import Target
from basefly.core.inventory.display.address import object_path
from basefly.core.inventory.sight import visible_clusters

_EDIT = "/clusters/{cluster:str}/objects/{resource:str}/{name:str}/edit"


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """Editing, for whoever may, on the page of an object; nothing on any other page."""
    target = shown(path, query)
    if target is None or not may(by, WRITE, target):
        return []
    return [Offer(t("Edit"), target.page("edit"), "pencil", 30)]


@get(_EDIT, permission=WRITE, include_in_schema=False)
async def show_editor(
    request: Request, house: House, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """The object as text to write in."""
    target = _target(request, cluster, resource, name)
    text = await actions.opened(house, by, target)
    return await _editor(request, house, by, target, Edit(original=text, text=text))


@post(_EDIT, permission=WRITE, include_in_schema=False)
async def edit_object(
    request: Request, house: House, by: Principal, form: Form, cluster: str, resource: str, name: str
) -> Response[Any]:
    """As the pressed button says: try it and show what would change, leave what others own, or make the change."""
    target = _target(request, cluster, resource, name)
    do = form.text("do")
    edit = Edit(original=_unix(form.raw("original")), text=_unix(form.raw("text")), take_over=do == "take")
    if do == "edit":
        return await _editor(request, house, by, target, edit)
    try:
        if do in ("make", "take"):
            await actions.change(house, by, target, edit)
            return redirect(target.page())
        found = await actions.review(house, by, target, edit)
        if do == "leave":
            edit = actions.without(edit, found.owners)
            found = await actions.review(house, by, target, edit)
    except (Moved, actions.Contested):
        found = await actions.review(house, by, target, edit)
    except BaseflyError as mistake:
        if mistake.status in (403, 404):
            raise
        return await _editor(request, house, by, target, edit, mistake=mistake)
    return await _editor(request, house, by, target, edit, review=found)


async def _editor(
    request: Request, house: House, by: Principal, target: Target, edit: Edit, **more: Any
) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        (cluster,) = await visible_clusters(tx, by, [target.cluster])
    mistake: BaseflyError | None = more.get("mistake")
    review: Review | None = more.get("review")
    response = render(
        request,
        "editing/editor.html",
        status=mistake.status if mistake else 200,
        target=target,
        cluster=cluster,
        edit=edit,
        mistake=mistake,
        review=review,
        fields=f"/api/v1/clusters/{cluster.id}/kinds/{quote(target.resource, safe='')}/fields",
        action=f"{request.url.path}?{urlencode({'namespace': target.namespace})}",
        href=target.page(),
    )
    if target.resource == "secrets":
        response.headers["Cache-Control"] = "no-store"
    return response


def _target(request: Request, cluster: str, resource: str, name: str) -> Target:
    namespace = request.query_params.get("namespace", "")
    return Target(cluster=cluster, resource=resource, namespace=namespace, name=name)


def _unix(text: str) -> str:
    """Forms send lines with both of their ends (WHATWG HTML, form data set)."""
    return text.replace("\r\n", "\n")


@get("/apply", permission=WRITE, include_in_schema=False)
async def show_apply(request: Request, house: House, by: Principal) -> Response[str]:
    """What to apply, and where."""
    return await _apply(request, house, by, Wanted(files=[], clusters=request.query_params.getall("cluster", [])))


@post("/apply", permission=WRITE, limit="expensive", include_in_schema=False)
async def apply_files(request: Request, house: House, by: Principal, form: Form) -> Response[str]:
    """Try it and show what would change; or, after a look at that, do it."""
    wanted = Wanted(
        files=await _files(form),
        clusters=form.all("cluster"),
        namespace=form.text("namespace") or "default",
        dry_run=form.text("do") not in ("apply", "take"),
        take_over=form.text("do") == "take",
    )
    if form.text("do") == "edit":
        return await _apply(request, house, by, wanted)
    try:
        results = await applying.apply(house, by, wanted)
    except Invalid as mistake:
        return await _apply(request, house, by, wanted, mistake=mistake)
    return await _apply(request, house, by, wanted, results=results)


async def _files(form: Form) -> list[File]:
    """What was pasted, what was uploaded, and what a page before had of both."""
    try:
        uploaded = [File(name, content.decode()) for name, content in await form.files("file")]
    except UnicodeDecodeError as error:
        detail = t("A file is no text in UTF-8.")
        raise Invalid(detail, errors=(FieldError("/file", detail),)) from error
    pasted = _unix(form.raw("text"))
    kept = zip(form.all("kept_name"), form.all("kept_text"), strict=False)
    return [
        *([File(t("the pasted text"), pasted)] if pasted.strip() else []),
        *(File(name, _unix(text)) for name, text in kept),
        *uploaded,
    ]


async def _apply(request: Request, house: House, by: Principal, wanted: Wanted, **more: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        clusters = [each for each in await visible_clusters(tx, by) if by.scope(WRITE).sees(each.id)]
    mistake: BaseflyError | None = more.get("mistake")
    results: list[Result] = more.get("results", [])
    return render(
        request,
        "editing/apply.html",
        status=mistake.status if mistake else 200,
        wanted=wanted,
        clusters=clusters,
        mistake=mistake,
        results=results,
        undone=[each for each in results if each.outcome in ("conflict", "refused", "failed")],
        contested=any(each.outcome == "conflict" for each in results),
        hrefs=[_href(each) for each in results],
    )


def _href(result: Result) -> str:
    return object_path(result.cluster, result.kind, result.namespace, result.name)


HANDLERS = (show_editor, edit_object, show_apply, apply_files)
