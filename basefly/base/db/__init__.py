"""PostgreSQL, the only state: transactions that carry their tenant, migrations, notices of change, leases, secrets."""

from psycopg import DataError, Error, sql
from psycopg.types.json import Jsonb

__all__ = ["DataError", "Error", "Jsonb", "sql"]  # what a store needs of the driver
