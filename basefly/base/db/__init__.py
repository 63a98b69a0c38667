"""PostgreSQL, the only state: transactions that carry their tenant, migrations, notices of change, leases, secrets."""
