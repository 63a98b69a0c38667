"""Every query of the inventory: it reads what following the clusters wrote, and writes nothing."""
