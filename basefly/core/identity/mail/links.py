"""Links by mail: to set a password anew, and to show that an address is one's own.

A link's secret stands after the #, which browsers send to nobody. Asking for one answers the same, after the same
work, whether or not we know the address: who it is for is looked up when the mail is made.
"""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.failures import Duplicate
from basefly.base.errors import Conflict, Denied
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web.language import t
from basefly.core.audit.actions import record
from basefly.core.identity import model, passwords, store, throttle
from basefly.core.identity.mail import outbox
from basefly.core.identity.mail.outbox import Letter, paragraphs
from basefly.core.identity.model import Account, Mail, Origin, Purpose
from basefly.core.identity.signing import acting

_BAD_LINK = "This link is not good (any more)."
_AGAIN = "Ask for another one; each is good once, for an hour."


async def ask_reset(house: House, email: str, origin: Origin) -> None:
    """Send a link to set the password anew, if the address is someone's. Raises Limited or Unavailable."""
    outbox.require(house)
    email = model.normalized(email)[:254]
    model.check_email(email)
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    await throttle.spend(house.db, "link", email, throttle.LINK)
    async with house.db.transaction() as tx:
        await outbox.post(tx, "password_reset", email)


async def reset(house: House, secret: str, password: Secret, origin: Origin) -> None:
    """Take another password; every session ends, and a second factor is still asked for. Raises Denied or Invalid."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    org_id = _organization(secret)
    async with house.db.transaction(org_id) as tx:
        link = await store.lock_link(tx, "reset", model.fingerprint(secret))
        account = await store.get_user_account(tx, link.user_id) if link else None
    if account is None:
        raise Denied(_BAD_LINK, cure=_AGAIN)
    model.check_password(password.reveal(), email=account.email, name=account.name)
    password_hash = await passwords.hashed(password)
    async with house.db.transaction(org_id) as tx:
        link = await store.lock_link(tx, "reset", model.fingerprint(secret))
        if link is None:
            raise Denied(_BAD_LINK, cure=_AGAIN)
        await store.use_links(tx, account.id, "reset")
        await store.update_password(tx, account.id, password_hash)
        await store.end_pendings(tx, account.id)
        ended = await store.end_sessions(tx, account.id)
        await record(tx, acting(account), "password.reset", f"users/{account.id}", {"sessions_ended": ended})
        await outbox.tell(tx, house, "password_changed", account.email)
    await throttle.forgive(house.db, "account", account.email)


async def ask_verification(house: House, by: Principal, email: str) -> None:
    """Send a link to an address, by which it becomes one's own. The answer is the same when someone else has it."""
    outbox.require(house)
    email = model.normalized(email)
    model.check_email(email)
    await throttle.spend(house.db, "link", str(by.user_id), throttle.LINK)
    async with house.db.transaction(by.org_id) as tx:
        await outbox.post(tx, "email_verification", email, {"user": str(by.user_id)})
        await record(tx, by, "email.asked", f"users/{by.user_id}")


async def verify(house: House, secret: str, origin: Origin) -> None:
    """The address of this link is its person's own; the old one is told. Raises Denied or Conflict."""
    await throttle.spend(house.db, "network", network(origin.address), throttle.NETWORK)
    async with house.db.transaction(_organization(secret)) as tx:
        link = await store.lock_link(tx, "verification", model.fingerprint(secret))
        account = await store.get_user_account(tx, link.user_id) if link else None
        if link is None or account is None:
            raise Denied(_BAD_LINK, cure=_AGAIN)
        try:
            async with tx.attempt():
                await store.verify_email(tx, account.id, link.email)
        except Duplicate as error:
            raise Conflict("Someone has this e-mail address already.", cure="Take another one.") from error
        await store.use_links(tx, account.id, "verification")
        changed = link.email != account.email
        if changed:
            await store.use_links(tx, account.id, "reset")  # those went to the old address
            await outbox.tell(tx, house, "email_changed", account.email)
        await record(tx, acting(account), "email.verified", f"users/{account.id}", {"changed": changed})


async def operator_reset(house: House, email: str) -> str | None:
    """A link for whoever runs the hub to hand over; None when nobody has this address."""
    async with house.db.transaction() as tx:
        account = await store.get_account(tx, model.normalized(email))
    return await _minted(house, account, "reset", account.email, by_operator=True) if account else None


async def compose_reset(house: House, mail: Mail) -> Letter | None:
    """The mail with the link to set a password anew; None when nobody has the address."""
    async with house.db.transaction() as tx:
        account = await store.get_account(tx, mail.recipient)
    if account is None:
        return None
    link = await _minted(house, account, "reset", account.email)
    text = paragraphs(
        t("Hello {name},", name=account.name),
        t("someone asked to set a new password for your Basefly account. If it was you, open this within an hour:"),
        link,
        t("If it was not you, do nothing: your password stays as it is."),
    )
    return Letter(account.email, t("Set a new password for Basefly"), text)


async def compose_verification(house: House, mail: Mail) -> Letter | None:
    """The mail with the link that makes an address one's own; None when it has become someone else's."""
    async with house.db.transaction() as tx:
        account = await store.get_user_account(tx, UUID(mail.words["user"]))
        holder = await store.get_account(tx, mail.recipient)
    if account is None or (holder and holder.id != account.id):
        return None
    link = await _minted(house, account, "verification", mail.recipient)
    text = paragraphs(
        t("Hello {name},", name=account.name),
        t("is this your address for Basefly? Then open this within an hour:"),
        link,
        t("If you do not know what this is about, do nothing."),
    )
    return Letter(mail.recipient, t("Is this your address for Basefly?"), text)


async def compose_email_changed(house: House, mail: Mail) -> Letter | None:
    """The mail to the address that was left."""
    what = t("the account at {hub} that had this e-mail address has another one now.", hub=house.settings.url)
    cure = t("If it was not you, tell your administrator at once.")
    return _notice(mail, t("Your Basefly address was changed"), what, cure)


async def compose_password_changed(house: House, mail: Mail) -> Letter | None:
    """The mail that tells of another password."""
    what = t("your password at {hub} was changed, and your sessions have ended.", hub=house.settings.url)
    return _notice(mail, t("Your Basefly password was changed"), what)


async def compose_factors_changed(house: House, mail: Mail) -> Letter | None:
    """The mail that tells of a factor that came or went."""
    what = t("a passkey or an authenticator app of yours at {hub} was added or removed.", hub=house.settings.url)
    return _notice(mail, t("Your Basefly sign-in was changed"), what)


def _notice(mail: Mail, subject: str, what: str, cure: str = "") -> Letter:
    cure = cure or t("If it was not you, set a new password at once, and tell your administrator.")
    return Letter(mail.recipient, subject, paragraphs(t("Hello,"), what, cure))


COMPOSERS = {
    "password_reset": compose_reset,
    "email_verification": compose_verification,
    "email_changed": compose_email_changed,
    "password_changed": compose_password_changed,
    "factors_changed": compose_factors_changed,
}


async def _minted(house: House, account: Account, purpose: Purpose, email: str, *, by_operator: bool = False) -> str:
    """A new link; its hour begins now."""
    secret = model.mint(account.home_org_id).reveal()
    async with house.db.transaction(account.home_org_id) as tx:
        await store.insert_link(
            tx, account.id, purpose, email, secret_hash=model.fingerprint(secret), life=model.LINK_LIFE
        )
        by = None if by_operator else acting(account)
        await record(tx, by, "link.made", f"users/{account.id}", {"purpose": purpose})
    page = "reset-password" if purpose == "reset" else "verify-email"
    return f"{house.settings.url}/{page}#{secret}"


def _organization(secret: str) -> UUID:
    org_id = model.organization_of(secret)
    if org_id is None:
        raise Denied(_BAD_LINK, cure=_AGAIN)
    return org_id
