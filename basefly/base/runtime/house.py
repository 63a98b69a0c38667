"""What every slice may reach: settings, database, notices, vault, and the long-lived things that slices put here."""

from __future__ import annotations

from typing import TypeVar, cast

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.shutdown import Shutdown
from basefly.base.settings import Settings

T = TypeVar("T")


class House:
    """One process's house. Things are put in while the slices furnish it, and found by their type."""

    def __init__(self, settings: Settings, db: Database, changes: Changes, vault: Vault) -> None:
        self.settings = settings
        self.db = db
        self.changes = changes
        self.vault = db.sealer = vault
        self.shutdown = Shutdown()
        self._things: dict[type, object] = {}

    def put(self, thing: object) -> None:
        """Keep a thing under its type; a second one of the same type is a mistake."""
        if type(thing) in self._things:
            raise ValueError(f"the house has its {type(thing).__name__} already")
        self._things[type(thing)] = thing

    def get(self, kind: type[T]) -> T:
        """The thing of exactly this type; LookupError when no slice has furnished it."""
        try:
            return cast("T", self._things[kind])
        except KeyError:
            raise LookupError(f"no slice has put a {kind.__name__} into the house") from None

    def find(self, kind: type[T]) -> T | None:
        """The thing of exactly this type; None when no slice has furnished it."""
        return cast("T | None", self._things.get(kind))
