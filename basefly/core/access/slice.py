"""Access, whole."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.access import api, pages

access = Slice(
    name="access",
    permissions={
        "access:read": "See who is a member, with which role",
        "access:write": "Add and remove members, and change their roles",
        "access:own": "Make and unmake owners",
    },
    api=(
        api.set_up,
        api.me,
        api.second_factor,
        api.require_second_factor,
        api.members,
        api.add_member,
        api.change_role,
        api.remove_member,
    ),
    pages=(pages.setup_page, pages.set_up, pages.second_factor_page, pages.require_second_factor),
)
