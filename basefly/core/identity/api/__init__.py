"""Identity as JSON."""

from __future__ import annotations

from basefly.core.identity.api import factors, recovery, sessions

HANDLERS = (*sessions.HANDLERS, *factors.HANDLERS, *recovery.HANDLERS)
