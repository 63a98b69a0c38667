"""What slices plug in: what happens by itself waits among its own kind, who lets people in does not."""

from __future__ import annotations

from pathlib import Path

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.base.slice import Slice, controllers


class Noting:
    """A controller that remembers its house."""

    name = "noting"

    def __init__(self, house: House) -> None:
        self.house = house

    async def run(self) -> None:
        """Nothing happens."""


async def test_controllers_have_connections_of_their_own_and_listeners_those_of_who_asks(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    own = await Database.open(database_url, max_size=1)
    house = House(settings, db, Changes(database_url), Vault.load(settings), own=own)

    def noting(house: House) -> tuple[Noting, ...]:
        return (Noting(house),)

    plugged = Slice("x", {}, controllers={"sync": noting, "every": noting}, listeners={"gateway": noting})
    found = [each.house for each in controllers([plugged], house) if isinstance(each, Noting)]
    assert [each.db for each in found] == [own, own, db]
    house.put(plugged)
    assert [each.get(Slice) for each in found] == [plugged] * 3
    assert all(each.shutdown is house.shutdown for each in found)
    assert own.sealer is house.vault
    await own.close()
