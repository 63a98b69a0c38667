"""Identity as pages: sign-in, links by mail, settings, security, confirmation."""

from __future__ import annotations

from basefly.core.identity.pages import recovery, security, settings, sign_in

HANDLERS = (*sign_in.HANDLERS, *recovery.HANDLERS, *settings.HANDLERS, *security.HANDLERS)
