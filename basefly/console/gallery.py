"""What the gallery shows: one of each part, in every state it has."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from basefly.base.errors import Invalid
from basefly.console.overview import Tally
from basefly.core.sync.freshness import Missing

SPRITE = Path(__file__).parent / "templates/icons.html"


def fixtures() -> dict[str, Any]:
    """The context of the gallery."""
    now = datetime.now(UTC)
    here = UUID(int=1)
    absent = Missing(here, "edge-fra-02", "The cluster refused the connection", now - timedelta(minutes=4))
    return {
        "icons": re.findall(r'id="i-([a-z0-9-]+)"', SPRITE.read_text()),
        "now": now,
        "ages": [now - timedelta(seconds=seconds) for seconds in (5, 300, 20_000, 600_000, 90_000_000)],
        "one_missing": [absent],
        "many_missing": [
            Missing(UUID(int=n), f"edge-{n:02}", "has not answered for a while", now) for n in range(1, 6)
        ],
        "mistake": Invalid(
            "The label selector 'app in (' cannot be read at character 8.", cure="Write it as kubectl does."
        ),
        "tally": Tally(resource="pods", total=1200, ok=1000, warn=60, bad=40, idle=100),
        "labels": {"app": "checkout", "app.kubernetes.io/part-of": "shop", "legacy": ""},
        "command": "kubectl create namespace basefly\nkubectl apply -n basefly -f manifest.yaml",
    }
