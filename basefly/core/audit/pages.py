"""The record for people: searched, one record unfolded, and whether all of it is as it was written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, Stream, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.audit import actions, export
from basefly.core.audit.chain import store as chain
from basefly.core.audit.model import OUTCOMES, READ, Filter, Outcome, Record

TONES = {"done": "ok", "started": "idle", "failed": "bad", "refused": "warn"}
NAMES = ("act", "object", "actor", "outcome", "since", "until")


def outcomes() -> list[tuple[str, str]]:
    """How an act came out, in words."""
    words = {"started": t("Started"), "done": t("Done"), "failed": t("Failed"), "refused": t("Refused")}
    return [(each, words[each]) for each in OUTCOMES]


@get("/audit", permission=READ, include_in_schema=False)
async def show_records(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """Records that match, newest first."""
    query = request.query_params
    given = {name: query.get(name, "").strip() for name in NAMES}
    cursor = query.get("cursor", "")
    page = await actions.page(tx, by, asked(given), cursor=cursor)
    return render(
        request,
        "audit/list.html",
        given=given,
        rows=[_row(record) for record in page.items],
        filtered=[name for name in NAMES if given[name]],
        acts=[(act, act) for act in sorted({*await actions.acts(tx, by), given["act"]} - {""})],
        outcomes=outcomes(),
        who=next((each.actor for each in page.items if str(each.actor_id) == given["actor"]), given["actor"]),
        first=_address(given) if cursor else "",
        following=_address({**given, "cursor": page.next}) if page.next else "",
        exports=[(form, _address({**given, "format": form}, "/audit/export")) for form in ("csv", "jsonl")],
        **await _proof(tx),
    )


@get("/audit/records/{record_id:uuid}", permission=READ, include_in_schema=False)
async def show_record(request: Request, tx: Tx, by: Principal, record_id: UUID) -> Response[str]:
    """One record, whole."""
    record = await actions.find(tx, by, record_id)
    parts = [("detail", t("Detail"), record.detail), ("before", t("Before"), record.before)]
    parts += [("after", t("After"), record.after)]
    shown = [(id_, title, _json(value)) for id_, title, value in parts if value]
    return render(request, "audit/record.html", row=_row(record), parts=shown)


@get("/audit/export", permission=READ, include_in_schema=False)
async def export_page(request: Request, house: House, by: Principal) -> Stream:
    """The list as a file."""
    form = request.query_params.get("format", "csv")
    wanted = asked({name: request.query_params.get(name, "").strip() for name in NAMES})
    headers = await export.begin(house.db, by, wanted, form)
    return Stream(export.write(house.db, by, wanted, form), media_type=export.MEDIA[form], headers=headers)


@post("/audit/verifications", permission=READ, include_in_schema=False)
async def verify_page(tx: Tx, by: Principal, form: Form) -> Response[None]:  # noqa: ARG001  # a form carries its token
    """Has the record verified; the page shows what comes out."""
    await actions.ask_to_verify(tx, by)
    return redirect("/audit")


def asked(given: dict[str, str]) -> Filter:
    """What the fields of the page ask for; what cannot be meant matches nothing it should not."""
    return Filter(
        act=given["act"] or None,
        object=given["object"].strip("/") or None,
        actor=_read(given["actor"], UUID),
        outcome=_read(given["outcome"], Outcome),
        since=_day(given["since"]),
        until=_day(given["until"], after=1),
    )


async def _proof(tx: Tx) -> dict[str, Any]:
    """How far the chain is, and what verifying last found."""
    return {"chain": await chain.get_head(tx), "verdict": await chain.get_verdict(tx)}


def _row(record: Record) -> dict[str, Any]:
    thing, _, id_ = record.object.partition("/")
    return {
        "record": record,
        "who": record.actor or (str(record.actor_id) if record.actor_id else ""),
        "tone": TONES[record.outcome],
        "word": dict(outcomes())[record.outcome],
        "by_actor": _address({"actor": str(record.actor_id)}) if record.actor_id else "",
        "name": _name(record),
        "brief": f"{thing}/{id_[:8]}" if _is_id(id_) else record.object,
        "history": _address({"object": record.object}),
        "href": f"/clusters/{id_}" if thing == "clusters" and _is_id(id_) else "",
    }


def _name(record: Record) -> str:
    """What the object is called, where the record says so; a grant is its role and who has it."""
    told = [part for part in (record.detail, record.after, record.before) if isinstance(part, dict)]
    names = [part[key] for part in told for key in ("name", "email") if isinstance(part.get(key), str)]
    called = record.subject or next(filter(None, names), "")
    role = record.detail.get("role") if record.object.startswith("grants/") else None
    return " · ".join(part for part in (role, called) if part)


def _address(values: dict[str, str], path: str = "/audit") -> str:
    text = urlencode([(name, value) for name, value in values.items() if value])
    return f"{path}?{text}" if text else path


def _read(text: str, kind: Any) -> Any:
    """A value of this kind, or None; a value that no record has stays one that no record has."""
    try:
        return msgspec.convert(text, kind) if text else None
    except msgspec.ValidationError:
        return UUID(int=0) if kind is UUID else None


def _is_id(text: str) -> bool:
    return _read(text, UUID) not in (None, UUID(int=0))


def _day(text: str, after: int = 0) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=after), datetime.min.time(), UTC)
    except (ValueError, OverflowError):
        return None


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


HANDLERS = (show_records, show_record, export_page, verify_page)
