"""What a browser brings and keeps: where it comes from, and the cookie of its session."""

from __future__ import annotations

from datetime import timedelta

from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.telemetry import trace
from basefly.base.web import Cookie, Request, pending_cookie, session_cookie
from basefly.core.identity.model import PENDING_LIFE, Origin


def origin(request: Request) -> Origin:
    """Where a request comes from."""
    here = trace.current()
    return Origin(here.address if here else "", request.headers.get("user-agent", ""))


def kept(house: House, secret: Secret) -> Cookie:
    """The cookie of a session just begun."""
    return session_cookie(house.settings, secret.reveal(), house.settings.session_absolute)


def gone(house: House) -> Cookie:
    """The cookie that takes the session's away."""
    return session_cookie(house.settings, "", timedelta())


def waiting(house: House, secret: str) -> Cookie:
    """The cookie of a sign-in that waits for its second factor, or for a passkey."""
    return pending_cookie(house.settings, secret, PENDING_LIFE)


def came(house: House) -> Cookie:
    """The cookie that takes the waiting one away."""
    return pending_cookie(house.settings, "", timedelta())


# Sent at sign-out, so that neither the back button nor the network's absence brings pages back that the browser kept.
FORGET = {"Clear-Site-Data": '"cache", "storage"'}
