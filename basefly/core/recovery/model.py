"""What is taken away from somebody who lost their second factors, and the mail that tells them."""

from __future__ import annotations

import msgspec

SUBJECT = "Your second factors on Basefly were taken away"
TEXT = """Hello,

an administrator of your organization at {url} took away all your second factors: passkeys, authenticator app and
recovery codes. Your sessions have ended.

Sign in with your password, and set up a new factor under Settings, Security.

If you did not ask for this, set your password anew at once, and tell another administrator.
"""


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away: the authenticator app, how many passkeys and recovery codes; and the sessions that ended."""

    totp: bool
    passkeys: int
    recovery_codes: int
    sessions_ended: int


def letter(url: str) -> tuple[str, str]:
    """Subject and text of the mail."""
    return SUBJECT, TEXT.format(url=url)
