"""Which sessions are recorded, and how recordings are read: whoever reads one leaves a record of it."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import msgspec

from basefly.base.errors import Denied
from basefly.base.runtime.house import House
from basefly.core.clusters import store as clusters
from basefly.core.gateway.proxy.witness import Entering, Witness
from basefly.core.terminals import store
from basefly.core.terminals.model import Recording, wanted
from basefly.core.terminals.recording.recorder import Recorder, purpose


class NotRecordable(Denied):
    """The organization wants this session recorded, and it comes in a way that cannot be."""

    code = "not_recordable"


async def witness(house: House, entering: Entering) -> Witness | None:
    """The recorder of a session that begins, None where none is wanted. Raises NotRecordable."""
    passage, act = entering.passage, entering.passage.act
    async with house.db.transaction(passage.by.org_id) as tx:
        if not wanted(await store.get_settings(tx), entering):
            return None
        if not entering.readable:
            raise NotRecordable(
                "Your organization records sessions in containers, and this one would come as SPDY, which is not read.",
                cure="Use kubectl 1.31 or later, without KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false.",
            )
        id_ = uuid4()
        state = next(state for state in await clusters.get_states(tx) if state.id == passage.cluster)
        command = await house.vault.seal(tx, msgspec.json.encode(entering.command), purpose=_command(id_))
        recording = {
            "id": id_,
            "cluster_id": passage.cluster,
            "cluster_name": state.name,
            "namespace": act.namespace,
            "pod": act.name,
            "container": entering.container,
            "command": command,
            "user_id": passage.by.user_id,
            "way": entering.way,
            "terminal": entering.tty,
        }
        await store.insert(tx, recording)
    return Recorder(house, passage.by.org_id, id_, terminal=entering.tty)


async def with_command(house: House, org_id: UUID, recording: Recording) -> Recording:
    """The recording with the command that was run."""
    async with house.db.transaction(org_id) as tx:
        sealed = await store.get_command(tx, recording.id)
        opened = await house.vault.open(tx, sealed, purpose=_command(recording.id))
    return msgspec.structs.replace(recording, command=msgspec.json.decode(opened, type=list[str]))


async def lines(house: House, org_id: UUID, recording_id: UUID) -> AsyncIterator[bytes]:
    """The lines of its events, some at a time."""
    seq = 0
    while True:
        async with house.db.transaction(org_id) as tx:
            sealed = await store.get_chunk(tx, recording_id, seq)
            if sealed is None:
                return
            opened = await house.vault.open(tx, sealed, purpose=purpose(recording_id, seq))
        yield zlib.decompress(opened)
        seq += 1


async def cast(house: House, org_id: UUID, recording: Recording) -> AsyncIterator[bytes]:
    """The recording as an asciicast, version 2."""
    header = {
        "version": 2,
        "width": recording.width,
        "height": recording.height,
        "timestamp": int(recording.started_at.timestamp()),
        "duration": recording.seconds,
        "title": f"{recording.namespace}/{recording.pod} {recording.container} · {recording.cluster_name}",
    }
    yield json.dumps(header, ensure_ascii=False).encode() + b"\n"
    async for some in lines(house, org_id, recording.id):
        yield some


def _command(recording_id: UUID) -> str:
    return f"terminal_recordings/command/{recording_id}"
