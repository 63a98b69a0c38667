"""Every query of the inventory: reading lists, merging what clusters say, streams, and rollups."""
