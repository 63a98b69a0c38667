"""Events over the fleet: what the clusters say, grouped by reason and by what it is about."""
