"""Sign a device in from the browser: it asks, a person decides, it gets a token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from basefly.base.db.failures import Duplicate
from basefly.base.errors import Denied, Limited, NotFound
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.access import store as members
from basefly.core.audit.actions import record
from basefly.core.identity import model as marks
from basefly.core.identity import store as people
from basefly.core.identity import throttle
from basefly.core.identity.model import Origin, Token
from basefly.core.identity.throttle import Bucket
from basefly.core.machines import model, store
from basefly.core.machines.model import Asking, Expired, NotApproved, Pending, TooFast

BEGINNINGS = Bucket(20, 1 / 15)  # devices that ask from one network
ENTRIES = Bucket(10, 1 / 30)  # codes that one person types: ten, then two a minute
QUESTIONS = Bucket(120, 2)  # of the devices of one network

_NO_SUCH_CODE = "No device is waiting with this code."
_NO_SUCH_CODE_CURE = "Check each letter. A code is good for ten minutes; after that, start again on the device."


class Begun(NamedTuple):
    """The device's own code, and the one to type."""

    device_code: Secret
    user_code: str


class Granted(NamedTuple):
    """The token of a device, and whose it is."""

    secret: Secret
    token: Token
    email: str


async def begin(house: House, machine: str, origin: Origin) -> Begun:
    """A device asks to be signed in. Raises Limited."""
    await throttle.spend(house.db, "device", network(origin.address), BEGINNINGS)
    code = marks.mint(marks.UNKNOWN)
    for _ in range(5):  # of 25 milliards of codes one may be taken
        typed = model.user_code()
        hashes = marks.fingerprint(code.reveal()), _hash(typed)
        try:
            async with house.db.transaction() as tx:
                await store.insert(tx, *hashes, machine=model.machine(machine), origin=origin, lifetime=model.LIFETIME)
            return Begun(code, typed)
        except Duplicate:
            continue
    raise Limited("No code is free.", retry_after=60)


async def find(house: House, by: Principal, code: str) -> Asking:
    """Who asks under a code that someone typed. Raises NotFound, Limited, Denied for whoever came with a token."""
    _in_person(by)
    await throttle.spend(house.db, "device code", str(by.user_id), ENTRIES)
    async with house.db.transaction() as tx:
        found = await store.get(tx, _hash(code))
    if found is None:
        raise NotFound(_NO_SUCH_CODE, cure=_NO_SUCH_CODE_CURE)
    return found


async def decide(house: House, by: Principal, code: str, *, approve: bool) -> str:
    """Let the device in as oneself, or refuse it; its name."""
    _in_person(by)
    await throttle.spend(house.db, "device code", str(by.user_id), ENTRIES)
    async with house.db.transaction(by.org_id) as tx:
        if approve:
            machine = await store.approve(tx, _hash(code), by.user_id)
        else:
            machine = await store.refuse(tx, _hash(code))
        if machine is None:
            raise NotFound(_NO_SUCH_CODE, cure=_NO_SUCH_CODE_CURE)
        act = "device.approved" if approve else "device.refused"
        await record(tx, by, act, f"users/{by.user_id}", {"machine": machine})
    return machine


async def redeem(house: House, device_code: str, origin: Origin) -> Granted:
    """A device asks how it stands: once approved, its token. Raises Pending, TooFast, Expired, NotApproved."""
    await throttle.spend(house.db, "device question", network(origin.address), QUESTIONS)
    kept = marks.fingerprint(device_code)
    async with house.db.transaction() as tx:
        asked = await store.ask(tx, kept, model.PAUSE)
    if asked is None:
        raise Expired("The code is too old, was used, or was never given.", cure="Begin again.")
    if asked.early:
        raise TooFast(f"Wait {asked.pause} seconds between two questions.", interval=asked.pause)
    if asked.refused:
        raise NotApproved("Someone refused to sign this device in.", cure="Begin again, and approve it yourself.")
    if asked.user_id is None or asked.home_org_id is None:
        raise Pending("Nobody has approved this device yet.", interval=asked.pause)
    async with house.db.transaction(asked.home_org_id) as tx:
        user = await people.get_user_account(tx, asked.user_id)
        member = await members.get_membership(tx, asked.user_id)
        if not await store.delete(tx, kept) or user is None or member is None:
            raise Expired("Whoever approved this device may not sign in any more.", cure="Begin again.")
        ends = datetime.now(UTC) + timedelta(days=model.DAYS)
        secret = Secret(marks.TOKEN_PREFIX + marks.mint(asked.home_org_id).reveal())
        name = f"{asked.machine} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"[:100]
        token = await people.insert_token(
            tx, user.id, name=name, secret_hash=marks.fingerprint(secret.reveal()), expires_at=ends
        )
        if token is None:
            raise Expired("The token was not made.", cure="Begin again.")
        who = Principal(user_id=user.id, org_id=asked.home_org_id, name=user.name, email=user.email, grants=())
        await record(tx, who, "token.created", f"tokens/{token.id}", {"name": token.name, "by": "device"})
    return Granted(secret, token, user.email)


def _in_person(by: Principal) -> None:
    if by.kind != "session":
        raise Denied("A token cannot sign devices in.", cure="Sign in in a browser for this.")


def _hash(code: str) -> bytes:
    return marks.fingerprint(f"device\0{model.normalized(code)}")
