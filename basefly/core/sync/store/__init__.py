"""Every query of the sync: merging what clusters say into the rows, and how far each stream has come."""
