"""What tests of several slices share: a hub that sends mail."""

from __future__ import annotations

from tests.core.identity.post import mailbox, relayed  # noqa: F401  # fixtures
