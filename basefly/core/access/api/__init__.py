"""Access as JSON."""

from basefly.core.access.api import grants, members, roles, teams

HANDLERS = (
    *members.HANDLERS,
    *roles.HANDLERS,
    *teams.HANDLERS,
    *grants.HANDLERS,
)
