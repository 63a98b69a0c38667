"""Identity, whole. What someone sees here is their own, so it needs no permission."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.base.web import SIGNED_IN
from basefly.core.identity.api import factors, sessions
from basefly.core.identity.pages import security, settings, sign_in

identity = Slice(
    name="identity",
    permissions={},
    nav=(Nav("Settings", "/settings", "Govern", "sliders-horizontal", SIGNED_IN, 900),),
    api=(*sessions.HANDLERS, *factors.HANDLERS),
    pages=(*sign_in.HANDLERS, *settings.HANDLERS, *security.HANDLERS),
)
