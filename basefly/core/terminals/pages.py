"""A terminal in the page, and the recordings of those that there were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, urlencode
from uuid import UUID

from basefly.base.errors import BaseflyError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Offer
from basefly.base.web import Form, Request, Response, get, post, redirect, render, websocket, with_inline_styles
from basefly.base.web.boundary.conversation import Conversation, Socket
from basefly.base.web.language import t
from basefly.core.access.model import OWN
from basefly.core.clusters.model import ClusterState
from basefly.core.gateway import door
from basefly.core.gateway.model import EXEC
from basefly.core.gateway.verbs.offers import may, shown
from basefly.core.inventory.display.address import object_path
from basefly.core.inventory.sight import visible_clusters
from basefly.core.terminals import actions
from basefly.core.terminals.model import RECORDINGS, Recorded, Recording, Settings
from basefly.core.terminals.recording import keeping, search
from basefly.core.terminals.shell import pods, session
from basefly.core.terminals.shell.pods import Pod

PLACE = "/clusters/{cluster:str}/objects/{resource:str}/{name:str}"
IMAGE = "busybox:1.37"
SEARCHED = 200  # recordings that are opened for one search


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """A terminal, on the page of a pod."""
    here = shown(path, query)
    if here is None or here.resource != "pods" or not may(by, EXEC, here):
        return []
    return [Offer(t("Terminal"), here.page("terminal"), "square-terminal", 20)]


@get(f"{PLACE}/terminal", permission=EXEC, include_in_schema=False)
async def show_terminal(
    request: Request, house: House, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """A terminal in one of the pod's containers."""
    state, pod = await _pod(house, by, (cluster, resource, name), request.query_params.get("namespace", ""))
    return await _terminal(request, house, by, state, pod)


@post(f"{PLACE}/terminal", permission=EXEC, include_in_schema=False)
async def start_debugging(
    request: Request, house: House, by: Principal, form: Form, cluster: str, resource: str, name: str
) -> Response[Any]:
    """Start a debug container beside the others, and go there."""
    state, pod = await _pod(house, by, (cluster, resource, name), form.text("namespace"))
    try:
        made = await pods.debug(house, by, pod, form.text("image"), form.text("target"))
    except BaseflyError as error:
        return await _terminal(request, house, by, state, pod, mistake=error, image=form.text("image"))
    return redirect(f"{_path(state, pod)}/terminal?{urlencode({'namespace': pod.namespace, 'container': made})}")


@websocket(f"{PLACE}/terminal/socket", permission=EXEC)
async def open_terminal(socket: Socket, cluster: str, resource: str, name: str) -> None:
    """What is typed and shown there."""
    conversation, asked = Conversation(socket), socket.query_params
    place = (cluster, resource, name)
    _, pod = await _pod(conversation.house, conversation.by, place, asked.get("namespace", ""))
    await session.converse(conversation, pod, asked.get("container", ""), asked.get("shell", ""))


@get("/recordings", permission=RECORDINGS, include_in_schema=False)
async def show_recordings(request: Request, house: House, by: Principal) -> Response[str]:
    """Recorded sessions, newest first, or those with a text in them."""
    return await _recordings(request, house, by)


@post("/recordings", permission=OWN, include_in_schema=False)
async def change_settings(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Record other sessions from now on."""
    days, recorded = form.text("retention_days"), form.text("recorded")
    try:
        if days and not days.isdecimal():
            raise Invalid(t("Give a whole number of days."))
        if recorded not in ("off", "shells", "everything"):
            raise Invalid(t("Choose what is recorded."))
        wanted = Settings(recorded=cast("Recorded", recorded), retention_days=int(days) if days else None)
        async with house.db.transaction(by.org_id) as tx:
            await actions.change_settings(tx, by, wanted)
    except BaseflyError as error:
        return await _recordings(request, house, by, mistake=error, days=days)
    return redirect("/recordings")


@get("/recordings/{recording_id:uuid}", permission=RECORDINGS, include_in_schema=False)
async def show_recording(request: Request, house: House, by: Principal, recording_id: UUID) -> Response[Any]:
    """One session, to be played."""
    async with house.db.transaction(by.org_id) as tx:
        found = await actions.find(tx, by, recording_id)
    found = await keeping.with_command(house, by.org_id, found)
    page = render(
        request,
        "terminals/recording.html",
        recording=found,
        href=_object(found),
        broken=found.broken(datetime.now(UTC)),
    )
    return with_inline_styles(request, page)


async def _terminal(
    request: Request, house: House, by: Principal, state: ClusterState, pod: Pod, **said: Any
) -> Response[Any]:
    asked, mistake = request.query_params, said.get("mistake")
    container = asked.get("container", "")
    found = await pods.find(house, by, pod)
    trouble: BaseflyError | None = None
    chosen = None
    try:
        chosen = found.choose(container)
    except BaseflyError as error:
        debugging = any(each.name == container and each.debug for each in found.containers)
        trouble = None if debugging else error  # it is on its way: the terminal waits for it
    given = {"namespace": pod.namespace, "container": chosen.name if chosen else container}
    given |= {"shell": asked["shell"]} if asked.get("shell") else {}
    page = render(
        request,
        "terminals/terminal.html",
        status=mistake.status if mistake else 200,
        cluster=state,
        pod=found,
        container=given["container"],
        shell=asked.get("shell", ""),
        trouble=trouble,
        socket=f"{_path(state, pod)}/terminal/socket?{urlencode(given)}",
        href=object_path(str(state.id), "pods", pod.namespace, pod.name),
        **{"image": IMAGE, "mistake": None, **said},
    )
    return with_inline_styles(request, page)


async def _pod(house: House, by: Principal, place: tuple[str, str, str], namespace: str) -> tuple[ClusterState, Pod]:
    """The cluster and the pod of an address. Raises NotFound, and Denied for whoever may not enter."""
    cluster, resource, name = place
    if resource != "pods":
        raise NotFound("Only pods can be entered.", cure="Choose a pod of it.")
    async with house.db.transaction(by.org_id) as tx:
        (state,) = await visible_clusters(tx, by, [cluster])
    pod = Pod(str(state.id), namespace or "default", name)
    door.require(by, state.id, EXEC, pod.namespace)
    return state, pod


def _path(state: ClusterState, pod: Pod) -> str:
    return f"/clusters/{state.id}/objects/pods/{quote(pod.name)}"


async def _recordings(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    asked = request.query_params
    given = {name: asked.get(name, "").strip() for name in ("cluster", "pod", "q")}
    limit = SEARCHED if given["q"] else 50
    async with house.db.transaction(by.org_id) as tx:
        settings = await actions.settings(tx, by)
        page = await actions.page(tx, by, given, cursor=asked.get("cursor", ""), limit=limit)
        if given["q"]:
            await actions.searched(tx, by, given["q"])
    rows, places, whole = page.items, dict[UUID, str](), True
    if given["q"]:
        places, whole = await search.matching(house, by.org_id, rows, given["q"])
        rows = [row for row in rows if row.id in places]
    mistake: BaseflyError | None = said.get("mistake")
    filled = {name: value for name, value in given.items() if value}
    return render(
        request,
        "terminals/recordings.html",
        status=mistake.status if mistake else 200,
        rows=[(row, _object(row), places.get(row.id, ""), row.broken(datetime.now(UTC))) for row in rows],
        given=given,
        filtered=list(filled),
        partly=not whole or (bool(given["q"]) and page.next is not None),
        settings=settings,
        choices=[("off", t("Nothing")), ("shells", t("Shells")), ("everything", t("Everything that enters a pod"))],
        may_choose=by.may(OWN),
        first=f"/recordings?{urlencode(filled)}" if asked.get("cursor") else "",
        following=f"/recordings?{urlencode({**filled, 'cursor': page.next})}" if page.next else "",
        **{"mistake": None, "days": settings.retention_days or "", **said},
    )


def _object(recording: Recording) -> str:
    return object_path(str(recording.cluster_id), "pods", recording.namespace, recording.pod)


HANDLERS = (show_terminal, start_debugging, show_recordings, change_settings, show_recording)
SOCKETS = (open_terminal,)
