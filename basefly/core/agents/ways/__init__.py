"""The ways to clusters through their agents: the sessions of this process, and those of the hub's other ones."""
