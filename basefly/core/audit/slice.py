"""The audit, whole."""

from __future__ import annotations

from basefly.base.runtime.rounds import Rounds
from basefly.base.slice import Nav, Slice
from basefly.core.audit import api, pages
from basefly.core.audit.controller import Sequencer
from basefly.core.audit.forwarding import api as streams
from basefly.core.audit.forwarding import pages as stream_pages
from basefly.core.audit.forwarding.forwarder import Forwarder
from basefly.core.audit.model import READ, WRITE
from basefly.core.audit.retention import enforce
from basefly.core.audit.verifier import Verifier

audit = Slice(
    name="audit",
    permissions={
        READ: "Read the record of what was done, and verify it",
        WRITE: "Decide how long records are kept, and where they are sent",
    },
    api=(*api.HANDLERS, *streams.HANDLERS),
    pages=(*pages.HANDLERS, *stream_pages.HANDLERS),
    controllers={
        "worker": lambda house: (
            Sequencer(house),
            Verifier(house),
            Forwarder(house),
            Rounds(house, "audit.retention", enforce),
        )
    },
    nav=(Nav(label="Audit", href="/audit", group="Govern", icon="shield", permission=READ, order=830),),
)
