"""Every query of organizations, members, roles, teams, grants and invitations, by table."""

from basefly.core.access.store.members import (
    delete_member,
    get_member,
    get_membership,
    get_organization_ids,
    get_place,
    get_standing,
    insert_member,
    insert_organization,
    page_members,
    page_service_accounts,
    update_second_factor,
)

__all__ = [
    "delete_member",
    "get_member",
    "get_membership",
    "get_organization_ids",
    "get_place",
    "get_standing",
    "insert_member",
    "insert_organization",
    "page_members",
    "page_service_accounts",
    "update_second_factor",
]
