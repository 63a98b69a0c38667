"""Files for this user alone: whole or not at all, and readable by nobody else from their first byte."""

from __future__ import annotations

import os
from pathlib import Path


def replace(place: Path, content: bytes) -> None:
    """Put a file in the place of the one that is there, making its folder if need be. A crash leaves the old one.

    Raises OSError, with nothing left behind.
    """
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
