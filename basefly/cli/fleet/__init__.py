"""What the fleet holds, as the hub tells it: lists, single objects, changes, and how old all of it is."""
