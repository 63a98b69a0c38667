"""Writing what clusters say into rows: what waits, who writes it, and what the database will not take."""
