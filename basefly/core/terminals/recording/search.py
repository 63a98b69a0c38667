"""Text within recordings. They are sealed, so none is indexed: those that are asked for are opened, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from uuid import UUID

from basefly.base.runtime.house import House
from basefly.core.terminals.model import Recording
from basefly.core.terminals.recording import keeping
from basefly.core.terminals.recording.masking import plain

PATIENCE = 5.0  # s
AROUND = 60  # characters shown on both sides


async def matching(house: House, org_id: UUID, found: Sequence[Recording], text: str) -> tuple[dict[UUID, str], bool]:
    """Where the text was shown or typed, by recording, with what stands around; and whether all could be looked at."""
    places: dict[UUID, str] = {}
    begun = time.monotonic()
    for recording in found:
        if time.monotonic() - begun > PATIENCE:
            return places, False
        if place := await _place(house, org_id, recording.id, text.lower()):
            places[recording.id] = place
    return places, True


async def _place(house: House, org_id: UUID, recording_id: UUID, text: str) -> str:
    before = ""
    async for some in keeping.lines(house, org_id, recording_id):
        events = [json.loads(line) for line in some.splitlines()]
        for kind in ("o", "i"):
            whole = (before if kind == "o" else "") + plain("".join(e[2] for e in events if e[1] == kind))
            at = whole.lower().find(text)
            if at >= 0:
                return " ".join(whole[max(0, at - AROUND) : at + len(text) + AROUND].split())
            if kind == "o":
                before = whole[-AROUND:]
    return ""
