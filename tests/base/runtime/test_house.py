"""The house keeps one thing of a kind, and says which one is missing."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.settings import Settings


@pytest.fixture
def house(db: Database, database_url: str, tmp_path: Path) -> House:
    settings = Settings(data_dir=tmp_path)
    return House(settings, db, Changes(database_url), Vault.load(settings))


class Connections:
    """A long-lived thing of some slice."""


def test_what_is_put_in_is_found_by_its_type(house: House) -> None:
    with pytest.raises(LookupError, match="Connections"):
        house.get(Connections)
    connections = Connections()
    house.put(connections)
    assert house.get(Connections) is connections
    with pytest.raises(ValueError, match="already"):
        house.put(Connections())


async def test_its_rooms_are_open(house: House, org: UUID) -> None:
    await house.vault.check(house.db)
    async with house.db.transaction(org) as tx:
        sealed = await house.vault.seal(tx, b"x", purpose="a/b/c")
        assert await house.vault.open(tx, sealed, purpose="a/b/c") == b"x"
    assert not house.shutdown.begun
