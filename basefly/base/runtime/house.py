"""What every slice may reach: settings, database, notices, vault, and the long-lived things that slices put here."""

from __future__ import annotations

import os
import secrets
from copy import copy
from typing import TypeVar, cast

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.shutdown import Shutdown
from basefly.base.settings import Settings

T = TypeVar("T")


def process_name() -> str:
    """A name that no process ever had before: whoever has died does not come back under it."""
    return f"{os.uname().nodename}/{os.getpid()}/{secrets.token_hex(4)}"


class House:
    """One process's house. Things are put in while the slices furnish it, and found by their type.

    `own` are the connections for what happens by itself, and `life` those for what keeps the process alive to others;
    without, all share those of who asks.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        changes: Changes,
        vault: Vault,
        *,
        own: Database | None = None,
        life: Database | None = None,
    ) -> None:
        self.settings = settings
        self.name = process_name()
        self.db = db
        self._own = own or db
        self.life = life or self._own
        self.changes = changes
        self.vault = self.db.sealer = self._own.sealer = vault
        self.shutdown = Shutdown()
        self._things: dict[type, object] = {}

    @property
    def backstage(self) -> House:
        """The same house as what happens by itself sees it: its transactions wait among their own kind."""
        behind = copy(self)
        behind.db = self._own
        return behind

    @property
    def loads(self) -> dict[str, dict[str, int]]:
        """How busy the connections are of who asks (people), of what happens by itself (hub), and of signs of life."""
        pools = (("life", self.life), ("hub", self._own), ("people", self.db))
        named = {id(pool): (name, pool) for name, pool in pools}  # one that is shared, by the last of its names
        return {name: pool.load for name, pool in named.values()}

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
