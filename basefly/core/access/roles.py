"""Roles: ours, and those that an organization makes of the permission list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.core.access.model import READ, ROLES, WRITE, RoleInfo, permissions_of
from basefly.core.access.rights.closure import lacks
from basefly.core.access.store import grants as grants_store
from basefly.core.access.store import roles as store
from basefly.core.audit.actions import record

LONGEST_NAME, LONGEST_TEXT = 60, 400


async def roles(house: House, tx: Tx, by: Principal) -> list[RoleInfo]:
    """Every role, ours first; needs access:read."""
    by.require(READ)
    counts = await store.counts(tx)
    return [*_ours(house.get(Permissions), counts), *await store.page(tx)]


async def find(house: House, tx: Tx, word: str) -> RoleInfo:
    """The role of this id or name. Raises Invalid: whoever names a role gives it to someone."""
    if word in ROLES:
        return next(role for role in _ours(house.get(Permissions), {}) if role.id == word)
    found = await store.get(tx, word)
    if found is None:
        detail = f"There is no role {word[:80]!r}."
        raise Invalid(detail, errors=(FieldError("/role", detail),), cure="The list of roles names them.")
    return found


async def create(
    house: House, tx: Tx, by: Principal, *, name: str, description: str, permissions: Sequence[str]
) -> RoleInfo:
    """Make a role of permissions that one holds oneself; needs access:write over the whole organization."""
    by.require_everywhere(WRITE)
    name, permissions = tidy_name(name, "/name"), _known(house, permissions)
    _hold(by, permissions)
    try:
        created = await store.insert(tx, name, _text(description), permissions, by.user_id)
    except Duplicate as error:
        raise _taken(name) from error
    await record(tx, by, "role.created", f"roles/{created}", {"name": name, "permissions": permissions})
    return await _own(tx, str(created))


async def change(
    house: House, tx: Tx, by: Principal, role_id: str, wanted: Mapping[str, str | Sequence[str] | None]
) -> RoleInfo:
    """Change a role of the organization's own, for everyone who has it, with their next request.

    Whoever changes it must hold all that it gave and all that it will give, over the whole organization.
    """
    by.require_everywhere(WRITE)
    await grants_store.lock(tx)
    before = await _own(tx, role_id)
    name = before.name if wanted.get("name") is None else tidy_name(str(wanted["name"]), "/name")
    text = before.description if wanted.get("description") is None else _text(str(wanted["description"]))
    given = wanted.get("permissions")
    permissions = before.permissions if given is None else _known(house, given)
    _hold(by, [*permissions, *(each for each in before.permissions if each in house.get(Permissions))])
    try:
        await store.update(tx, before.id, name, text, permissions)
    except Duplicate as error:
        raise _taken(name) from error
    detail = {"name": name, "permissions": list(permissions), "was": before.permissions, "grants": before.grants}
    await record(tx, by, "role.changed", f"roles/{before.id}", detail)
    return await _own(tx, before.id)


async def delete(tx: Tx, by: Principal, role_id: str) -> None:
    """Delete a role that nobody has; Conflict says how many grants still give it."""
    by.require_everywhere(WRITE)
    await grants_store.lock(tx)
    role = await _own(tx, role_id)
    if role.grants:
        raise Conflict(
            f"The role {role.name} is given by one grant."
            if role.grants == 1
            else f"The role {role.name} is given by {role.grants} grants.",
            cure="Revoke what gives it first, or give another role.",
        )
    await store.delete(tx, role.id)
    await record(tx, by, "role.deleted", f"roles/{role.id}", {"name": role.name, "permissions": role.permissions})


def tidy_name(text: str, pointer: str) -> str:
    """A name of a role or a team, tidied. Raises Invalid."""
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        detail = f"A name has 1 to {LONGEST_NAME} printable characters."
        raise Invalid(detail, errors=(FieldError(pointer, detail),), cure="Give it a short name.")
    if tidy.lower() in ROLES:
        detail = f"{tidy} is the name of a role that every organization has."
        raise Invalid(detail, errors=(FieldError(pointer, detail),), cure="Take another name.")
    return tidy


def _ours(known: Mapping[str, str], counts: Mapping[str, int]) -> list[RoleInfo]:
    return [
        RoleInfo(
            id=role,
            name=role,
            description=text,
            permissions=sorted(permissions_of(role, known)),
            builtin=True,
            grants=counts.get(role, 0),
        )
        for role, text in ROLES.items()
    ]


async def _own(tx: Tx, role_id: str) -> RoleInfo:
    if role_id in ROLES:
        raise Conflict(f"The role {role_id} is the same in every organization.", cure="Make a role of your own.")
    found = await store.get(tx, role_id)
    if found is None:
        raise NotFound("There is no such role.")
    return found


def _known(house: House, permissions: object) -> list[str]:
    given = sorted(set(permissions)) if isinstance(permissions, Sequence) else []
    known = house.get(Permissions)
    if not given or (strays := [each for each in given if each not in known]):
        detail = f"There is no permission {strays[0][:80]!r}." if given else "A role needs a permission."
        cure = "Choose one from the list of permissions."
        raise Invalid(detail, errors=(FieldError("/permissions", detail),), cure=cure)
    return given


def _hold(by: Principal, permissions: Sequence[str]) -> None:
    if missing := lacks(Grant(frozenset(permissions)), by.grants):
        raise Denied(
            f"You do not hold {', '.join(missing)} yourself, over the whole organization and without end.",
            cure="Leave that out, or ask someone who holds it.",
            permission=missing[0],
        )


def _text(text: str) -> str:
    tidy = " ".join(text.split())
    if len(tidy) > LONGEST_TEXT:
        detail = f"A description has at most {LONGEST_TEXT} characters."
        raise Invalid(detail, errors=(FieldError("/description", detail),), cure="Shorten it.")
    return tidy


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a role called {name} already.", cure="Take another name.")
