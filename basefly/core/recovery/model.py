"""What is taken away from somebody who lost their second factors."""

from __future__ import annotations

import msgspec


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away: the authenticator app, how many passkeys and recovery codes; and the sessions that ended."""

    totp: bool
    passkeys: int
    recovery_codes: int
    sessions_ended: int
