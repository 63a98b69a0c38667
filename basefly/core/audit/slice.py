"""The audit, whole."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.audit import api

audit = Slice(
    name="audit",
    permissions={"audit:read": "Read the record of what was done"},
    api=(api.audit,),
)
