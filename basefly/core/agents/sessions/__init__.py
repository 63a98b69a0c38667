"""An agent's stay at the hub: its first words, and what is heard of it until it leaves."""
