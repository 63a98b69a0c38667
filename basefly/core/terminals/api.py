"""Recordings as JSON, and as asciicasts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, Stream, get, put
from basefly.core.access.model import OWN
from basefly.core.terminals import actions
from basefly.core.terminals.model import RECORDINGS, Page, Recorded, Recording, Settings

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="At most so many.")]
User = Annotated[UUID | None, QueryParameter(description="Of this person.")]
MEDIA_TYPE = "application/x-asciicast"


class NewSettings(Body):
    """What is recorded from now on. `retention_days` left out keeps recordings for ever."""

    recorded: Recorded
    retention_days: int | None = None


@get("/recordings", permission=RECORDINGS, summary="Sessions in containers that were recorded")
async def list_recordings(
    tx: Tx, by: Principal, cluster: str = "", pod: str = "", user: User = None, cursor: str = "", limit: Limit = 50
) -> Page:
    """Newest first: of one cluster (name or id), of pods whose name begins so, of one person."""
    return await actions.page(tx, by, {"cluster": cluster, "pod": pod, "user": user}, cursor=cursor, limit=limit)


@get("/recordings/{recording_id:uuid}", permission=RECORDINGS, summary="One recorded session")
async def get_recording(tx: Tx, by: Principal, recording_id: UUID) -> Recording:
    """Who, where, when and how long; what is in it is its cast."""
    return await actions.find(tx, by, recording_id)


@get(
    "/recordings/{recording_id:uuid}/cast",
    permission=RECORDINGS,
    media_type=MEDIA_TYPE,
    summary="What was typed and shown in a session",
)
async def get_cast(house: House, by: Principal, recording_id: UUID) -> Stream:
    """An asciicast, version 2. That it was read is on record."""
    _, cast = await actions.read(house, by, recording_id)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{recording_id}.cast"',
    }
    return Stream(cast, media_type=MEDIA_TYPE, headers=headers)


@get("/recording-settings", permission=RECORDINGS, summary="Which sessions are recorded")
async def get_recording_settings(tx: Tx, by: Principal) -> Settings:
    """`off`, `shells` (whatever is typed into) or `everything` (commands that only show something, too)."""
    return await actions.settings(tx, by)


@put("/recording-settings", permission=OWN, summary="Choose which sessions are recorded")
async def change_recording_settings(tx: Tx, by: Principal, data: NewSettings) -> Settings:
    """From now on. Sessions that have begun stay as they began."""
    return await actions.change_settings(tx, by, Settings(recorded=data.recorded, retention_days=data.retention_days))


HANDLERS = (list_recordings, get_recording, get_cast, get_recording_settings, change_recording_settings)
