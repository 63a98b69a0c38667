"""The families of exchanges: each is a script that asks one side, told its questions by title."""

from __future__ import annotations

from collections.abc import Callable

from e2e.conformance.families import (
    access,
    apply,
    custom,
    discovery,
    errors,
    kinds,
    patches,
    python_client,
    reads,
    watches,
    writes,
)
from e2e.conformance.sides import Side

FAMILIES: dict[str, Callable[[Side], None]] = {
    "discovery": discovery.documents,
    "openapi": discovery.schemas,
    "kinds": kinds.every_kind,
    "reads": reads.lists,
    "watches": watches.sequences,
    "writes": writes.lives,
    "patches": patches.every_type,
    "apply": apply.server_side,
    "custom": custom.definitions,
    "access": access.rights,
    "errors": errors.refusals,
    "python client": python_client.calls,
}
