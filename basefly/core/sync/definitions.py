"""What a cluster's custom resource definitions say of the columns of their kinds."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.kube.discovery import Resource
from basefly.core.sync.kind import Row
from basefly.core.sync.printed import Printed
from basefly.core.sync.store import streams


class _Cells(msgspec.Struct, frozen=True):
    printed: dict[str, tuple[Printed, ...]] = {}


_cells = msgspec.json.Decoder(_Cells)


class Definitions:
    """The columns of every custom kind: what the rows kept at first, and since then what the cluster says."""

    def __init__(self) -> None:
        self._printed: dict[str, dict[str, tuple[Printed, ...]]] | None = None

    async def load(self, tx: Tx, cluster_id: UUID) -> None:
        """Begin with what the rows kept, unless that was done."""
        if self._printed is None:
            self._printed = {each.name: each.printed for each in await streams.get_definitions(tx, cluster_id)}

    def hear(self, row: Row) -> None:
        """A definition as the cluster shows it now, which may be ahead of its row."""
        if self._printed is not None:
            self._printed[row.name] = _cells.decode(row.cells).printed

    def columns(self, resource: Resource) -> tuple[Printed, ...]:
        """The columns of a kind in the version in which it is followed."""
        return (self._printed or {}).get(resource.name, {}).get(resource.version, ())
