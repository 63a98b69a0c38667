"""Identity, whole. What someone sees here is their own, so it needs no permission."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.base.web import SIGNED_IN
from basefly.core.identity import api, pages

identity = Slice(
    name="identity",
    permissions={},
    nav=(Nav("Settings", "/settings", "Govern", "sliders-horizontal", SIGNED_IN, 900),),
    api=(
        api.sign_in,
        api.list_sessions,
        api.sign_out,
        api.end_session,
        api.change_password,
        api.get_preferences,
        api.change_preferences,
        api.list_tokens,
        api.create_token,
        api.revoke_token,
    ),
    pages=(
        pages.sign_in_page,
        pages.sign_in,
        pages.sign_out,
        pages.settings_page,
        pages.change_password,
        pages.change_preferences,
        pages.end_session,
        pages.create_token,
        pages.revoke_token,
    ),
)
