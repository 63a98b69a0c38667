"""The first owner: a one-time link, printed at the start, makes them and their organization."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from basefly.base.db.pool import Database
from basefly.base.errors import Conflict, Denied, FieldError, Invalid
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.settings import Settings
from basefly.core.access import store
from basefly.core.audit.actions import record
from basefly.core.identity import actions as identity
from basefly.core.identity import model, passwords, signing, throttle
from basefly.core.identity import store as people
from basefly.core.identity.model import Origin, User

LIFETIME = timedelta(days=7)

_BAD_LINK = "This set-up link is not valid (any more)."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Who the first owner is, and what their organization is called."""

    email: str
    name: str
    password: Secret
    organization: str


async def needed(db: Database) -> bool:
    """Whether nobody has an account yet."""
    async with db.transaction() as tx:
        return await people.count_users(tx) == 0


async def link(db: Database, settings: Settings) -> str | None:
    """A new set-up link, also written to data_dir/setup-link (0600) for `basefly setup`; None when an owner exists.

    Links of earlier starts end.
    """
    if not await needed(db):
        file(settings).unlink(missing_ok=True)
        return None
    secret = model.mint(uuid4()).reveal()
    async with db.transaction() as tx:
        await people.insert_setup_link(tx, model.fingerprint(secret), LIFETIME)
    address = f"{settings.url}/setup#{secret}"
    _keep(file(settings), address)
    return address


async def redeem(house: House, secret: str, wish: Wish, origin: Origin) -> tuple[User, Secret]:
    """Make the first owner and their organization, and sign them in; the link is used up.

    Raises Denied for a link that is not good, Conflict when an owner exists, Invalid for what was typed.
    """
    await throttle.spend(house.db, "setup", network(origin.address), throttle.SETUP)
    if not wish.organization.strip() or len(wish.organization) > 200:
        raise Invalid(
            "The organization needs a name of at most 200 characters.",
            errors=(FieldError("/organization", "Say what it is called."),),
        )
    model.check_email(model.normalized(wish.email))
    model.check_password(wish.password.reveal(), email=wish.email, name=wish.name)
    password_hash = await passwords.hashed(wish.password)
    org_id = uuid4()
    async with house.db.transaction(org_id) as tx:
        if not await people.use_setup_link(tx, model.fingerprint(secret)):
            raise Denied(_BAD_LINK, cure="Start the hub again: it prints a new one, as long as nobody has an account.")
        if await people.count_users(tx):
            raise Conflict("This hub has its owner already.", cure="Sign in, or ask an owner to add you.")
        await store.insert_organization(tx, wish.organization.strip())
        user = await identity.create_user(tx, org_id, email=wish.email, name=wish.name, password_hash=password_hash)
        await store.insert_member(tx, user.id, "owner")
        by = Principal(user_id=user.id, org_id=org_id, name=user.name, email=user.email, grants=())
        await record(tx, by, "organization.created", f"organizations/{org_id}", {"name": wish.organization.strip()})
        session = await signing.open_session(house, tx, user, origin)
    file(house.settings).unlink(missing_ok=True)
    return user, session


def file(settings: Settings) -> Path:
    """Where the link lies for the command line on the same machine."""
    return settings.data_dir / "setup-link"


def _keep(path: Path, address: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # one that others can read stays readable, whatever mode we ask for
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(address + "\n")
