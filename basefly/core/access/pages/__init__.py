"""Access as pages."""

from basefly.core.access.pages import grants, members, roles, setup, teams

HANDLERS = (
    *setup.HANDLERS,
    *members.HANDLERS,
    *teams.HANDLERS,
    *roles.HANDLERS,
    *grants.HANDLERS,
)
