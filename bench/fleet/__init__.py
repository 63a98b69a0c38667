"""The bars of a whole fleet: a real hub beside simulated clusters of a size, and what is measured of the two."""
