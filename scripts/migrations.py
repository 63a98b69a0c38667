"""`make migrations`: every migration up, down and up again on a fresh PostgreSQL; the schema must come out the same."""

from __future__ import annotations

import asyncio
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from basefly.base.db import migrate
from basefly.base.db.embedded import Embedded
from basefly.base.db.postmaster import Binaries
from basefly.base.settings import Settings


def main() -> int:
    """0 when the ways back lead back."""
    with tempfile.TemporaryDirectory(prefix="basefly-migrations-") as folder:
        postgres = Embedded.start(Settings(data_dir=Path(folder)))
        try:
            return check(postgres)
        finally:
            postgres.stop()


def check(postgres: Embedded) -> int:
    steps = asyncio.run(migrate.up(postgres.owner_url))
    before = schema(postgres)
    asyncio.run(migrate.down(postgres.owner_url, 0))
    left = re.findall(r"^CREATE .*", schema(postgres), re.MULTILINE)
    left = [line for line in left if "schema_migrations" not in line and not line.startswith("CREATE SCHEMA")]
    asyncio.run(migrate.up(postgres.owner_url))
    changed = list(difflib.unified_diff(before.splitlines(), schema(postgres).splitlines(), "first", "second", n=2))
    for line in [*(f"left behind by a way down: {line}" for line in left), *changed]:
        print(line)
    print(
        f"migrations: {len(steps)} up, down and up again, {'the same' if not left and not changed else 'NOT the same'}"
    )
    return 1 if left or changed else 0


def schema(postgres: Embedded) -> str:
    """The whole schema as SQL, without the random marks that pg_dump puts around it."""
    pg_dump = Binaries.find("").folder / "pg_dump"
    done = subprocess.run(
        [str(pg_dump), "--schema-only", postgres.superuser_url()], check=True, capture_output=True, text=True
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
