"""The audit, whole."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.audit import api
from basefly.core.audit.controller import Sequencer
from basefly.core.audit.model import READ, WRITE

audit = Slice(
    name="audit",
    permissions={
        READ: "Read the record of what was done, and verify it",
        WRITE: "Decide how long records are kept, and where they are sent",
    },
    api=api.HANDLERS,
    controllers=lambda house: (Sequencer(house),),
)
