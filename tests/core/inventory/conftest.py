"""What the inventory's tests share: clusters that are followed, as the tests of the sync follow them."""

from tests.core.sync.conftest import client, cluster, cluster_id, equal, fleet, rows, synced, writer

__all__ = ["client", "cluster", "cluster_id", "equal", "fleet", "rows", "synced", "writer"]
