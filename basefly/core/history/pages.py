"""The history of objects for people: the life of one beside its events, and what changed lately in the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.text.document import Document, document
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import current, t, tp
from basefly.core.audit.model import READ as AUDIT
from basefly.core.history import actions, model
from basefly.core.history.actions import Compared, Past, Question, Timeline
from basefly.core.history.model import Entry, Settings
from basefly.core.inventory import detail
from basefly.core.inventory.display.address import Address, list_path, object_path, part_path
from basefly.core.inventory.display.cells import moment
from basefly.core.inventory.display.words import title_of
from basefly.core.inventory.model import InventoryObject
from basefly.core.inventory.sight import READ, visible_clusters

SPANS = {"1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720}  # hours
TONES = {"created": "ok", "changed": "idle", "seen": "idle"}
_OBJECT = "/clusters/{cluster:str}/objects/{resource:str}/{name:str}"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a timeline: an entry, or an event."""

    at: datetime
    tone: str
    word: str
    entry: Entry | None = None
    event: InventoryObject | None = None
    href: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of the past besides its timeline, or why it cannot."""

    compared: Compared | None = None
    beneath: int = 0  # the entry under which the difference is shown; 0: above them all
    past: Past | None = None
    document: Document | None = None
    mistake: BaseflyError | None = None


def words() -> dict[str, str]:
    """What each kind of entry is called."""
    return {
        "seen": t("First seen"),
        "created": tp("object", "Created"),
        "changed": tp("object", "Changed"),
        "deleted": tp("object", "Deleted"),
        "missed": t("Gone unseen"),
        "restored": t("Gone with a restore"),
        "unserved": t("No longer served"),
    }


@get(f"{_OBJECT}/history", permission=READ, include_in_schema=False)
async def show_history(
    request: Request, tx: Tx, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """The life of an object, with what differs, or what it was like."""
    asked = request.query_params
    path = detail.Path(cluster=cluster, resource=resource, namespace=asked.get("namespace", ""), name=name)
    found = await detail.find(tx, by, path)
    cursor = asked.get("cursor", "")
    timeline = await actions.life(tx, by, path, cursor=cursor)
    events = [] if cursor else await detail.get_events(tx, by, path)
    shown = await _shown(tx, by, path, asked)
    kind, address = found.stream.resource, Address(request.url.path, tuple(asked.multi_items()))
    return render(
        request,
        "history/object.html",
        status=shown.mistake.status if shown.mistake else 200,
        cluster=found.cluster,
        kind=found.stream.kind,
        resource=kind,
        plural=title_of(found.stream.kind),
        list_href=list_path(kind),
        name=name,
        namespace=path.namespace,
        href=object_path(found.cluster.id, kind, path.namespace, name),
        graph_href=part_path(found.cluster.id, kind, path.namespace, name, "graph"),
        kept=model.is_kept(kind),
        settings=await actions.get_settings(tx, by),
        rows=_rows(timeline, events, cut=bool(timeline.next)),
        versions=[entry for entry in timeline.items if entry.what not in model.GONE],
        address=address,
        first=address.only("namespace") if cursor else "",
        following=address.only("namespace", cursor=timeline.next) if timeline.next else "",
        shown=shown,
        given={key: asked.get(key, "") for key in ("at", "before", "after")},
        may_audit=by.may(AUDIT),
    )


async def _shown(tx: Tx, by: Principal, path: detail.Path, asked: Any) -> Shown:
    """What the address asks for: a version, two of them, or a moment."""
    try:
        if version := asked.get("shown", ""):
            compared = await actions.compare(tx, by, path, None, _when(version))
            return Shown(compared=compared, beneath=compared.after.version)
        if asked.get("before", "") and asked.get("after", ""):
            return Shown(compared=await actions.compare(tx, by, path, _when(asked["before"]), _when(asked["after"])))
        if at := asked.get("at", ""):
            past = await actions.past(tx, by, path, _when(at))
            return Shown(past=past, document=document(past.object))
    except (NotFound, Invalid) as mistake:
        return Shown(mistake=mistake)
    return Shown()


def _when(text: str) -> datetime | int:
    """A version, or a moment: as a field of a form gives it, in the reader's own zone. Raises Invalid."""
    if text.isdecimal() and len(text) < 19:  # what fits into the number of a version
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=current().zone)
    except ValueError as error:
        detail = t("Give a moment.")
        raise Invalid(detail, errors=(FieldError("/at", detail),)) from error


def _rows(timeline: Timeline, events: Sequence[InventoryObject], *, cut: bool) -> list[Row]:
    """Entries and events in one order, latest first; where older entries follow on another page, so do older events."""
    called = words()
    rows = [
        Row(at=entry.at, tone=TONES.get(entry.what, "bad"), word=called[entry.what], entry=entry, href=_life(entry))
        for entry in timeline.items
    ]
    oldest = rows[-1].at if cut and rows else datetime.min.replace(tzinfo=UTC)
    for event in events:
        at = moment(event.cells.get("last", ""))
        if at is not None and at >= oldest:
            rows.append(Row(at=at, tone=event.health, word=event.cells.get("reason", ""), event=event))
    return sorted(rows, key=lambda row: row.at, reverse=True)


def _life(entry: Entry) -> str:
    return part_path(entry.cluster.id, entry.resource, entry.namespace, entry.name, "history")


@get("/changes", permission=READ, include_in_schema=False)
async def show_changes(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """What changed lately, in all clusters in sight or some."""
    asked = request.query_params
    span = asked.get("since", "") if asked.get("since", "") in SPANS else "24h"
    cursor = asked.get("cursor", "")
    question = Question(
        cluster=tuple(word for word in asked.getall("cluster", []) if word),
        set=tuple(word for word in asked.getall("set", []) if word),
        namespace=tuple(word for word in asked.getall("namespace", []) if word),
        resource=asked.get("kind", ""),
        q=asked.get("q", ""),
        manager=asked.get("manager", ""),
        since=datetime.now(UTC) - timedelta(hours=SPANS[span]),
    )
    timeline = await actions.lately(tx, by, question, cursor=cursor)
    every = await visible_clusters(tx, by)
    address = Address(request.url.path, tuple(asked.multi_items()))
    return render(
        request,
        "history/changes.html",
        rows=_rows(timeline, (), cut=False),
        asked=question,
        span=span,
        spans=_spans(),
        kinds=await actions.kinds(tx, by),
        clusters=[(one.name, one.name) for one in every],
        connected=bool(every),
        filtered=[key for key in ("q", "cluster", "namespace", "resource", "manager") if getattr(question, key)],
        address=address,
        first=address.having() if cursor else "",
        following=address.having(cursor=timeline.next) if timeline.next else "",
        settings=await actions.get_settings(tx, by),
        may_write=by.scope(actions.WRITE).everything,
        may_audit=by.may(AUDIT),
    )


def _spans() -> list[tuple[str, str]]:
    """What each of SPANS is called."""
    return [
        ("1h", t("Last hour")),
        ("6h", t("Last 6 hours")),
        ("24h", t("Last 24 hours")),
        ("7d", t("Last 7 days")),
        ("30d", t("Last 30 days")),
    ]


@get("/changes/settings", permission=READ, include_in_schema=False)
async def show_settings(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """How long versions are kept."""
    return await _settings(request, tx, by)


@post("/changes/settings", permission=actions.WRITE, include_in_schema=False)
async def change_settings(request: Request, tx: Tx, by: Principal, form: Form) -> Response[str] | Response[None]:
    """Keep them for so long from now on."""
    given = {name: form.text(name).strip() for name in ("days", "versions")}
    numbers = {name: int(text) if text.isdecimal() and len(text) < 9 else 0 for name, text in given.items()}
    try:
        await actions.change_settings(tx, by, Settings(days=numbers["days"], versions=numbers["versions"]))
    except Invalid as mistake:
        return await _settings(request, tx, by, given=given, mistake=mistake)
    return redirect("/changes/settings")


async def _settings(
    request: Request, tx: Tx, by: Principal, *, given: dict[str, str] | None = None, mistake: Invalid | None = None
) -> Response[str]:
    kept = await actions.get_settings(tx, by)
    return render(
        request,
        "history/settings.html",
        status=mistake.status if mistake else 200,
        kept=kept,
        given=given or {"days": str(kept.days), "versions": str(kept.versions)},
        errors={error.pointer.strip("/"): error.detail for error in mistake.errors} if mistake else {},
        may_write=by.scope(actions.WRITE).everything,
    )


HANDLERS = (show_history, show_changes, show_settings, change_settings)
