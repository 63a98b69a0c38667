"""Access as JSON."""

from basefly.core.access.api import explanations, grants, members, roles, teams

HANDLERS = (
    *members.HANDLERS,
    *roles.HANDLERS,
    *teams.HANDLERS,
    *grants.HANDLERS,
    *explanations.HANDLERS,
)
