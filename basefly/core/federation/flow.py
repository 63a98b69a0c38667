"""A sign-in at the provider and back: authorization code with PKCE, bound to the browser that began it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, NotFound, Unauthenticated
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.access import store as members
from basefly.core.audit.actions import record
from basefly.core.factors import actions as factors
from basefly.core.factors.model import COMPANY
from basefly.core.factors.model import strong as is_strong
from basefly.core.federation import model, secret, store, verify
from basefly.core.federation.issuers import Issuers, Metadata
from basefly.core.federation.model import Claims, Flow, Provider
from basefly.core.identity import actions as identity
from basefly.core.identity import model as marks
from basefly.core.identity import signing, throttle
from basefly.core.identity import store as people
from basefly.core.identity.model import Origin, Pending, User
from basefly.core.identity.throttle import Bucket

LIFETIME = timedelta(minutes=10)
CALLBACK = "/sso/callback"
JOURNEYS = Bucket(300, 5)  # of one network, there and back: a whole office may come in at nine; nothing is guessed here
NOBODY = "This sign-in belongs to no account here."
_NOBODY_CURE = (
    "If you have an account, sign in to it in another way and link this provider in your settings. "
    "Otherwise ask an administrator of your organization."
)
_OTHER_ADDRESS = "The provider does not vouch for the e-mail address that your account has here."
_OTHER_ADDRESS_CURE = (
    "Sign in there with the account of that address. If you have another one there, ask an administrator to invite you "
    "with it; if the provider verifies no addresses, to name your domain in its settings."
)


class Began(NamedTuple):
    """Where to send the browser, and the secret that it must bring back in its cookie."""

    address: str
    browser: Secret


class Returned(NamedTuple):
    """What the provider sent the browser back with."""

    state: str
    code: str
    issuer: str | None
    error: str


class SignedIn(NamedTuple):
    """Where to go on; `session` is the secret of a session just begun, None after an identity was linked.

    `waiting` is the secret of a sign-in that a second factor must still complete.
    """

    next: str
    session: Secret | None
    waiting: Secret | None = None


async def begin(
    house: House, org_id: UUID, provider_id: UUID, origin: Origin, *, next_: str, link: Principal | None = None
) -> Began:
    """Set out. Raises NotFound, ProviderFailed, Limited."""
    await throttle.spend(house.db, "journey", network(origin.address), JOURNEYS)
    async with house.db.transaction(org_id) as tx:
        provider = await store.get_provider(tx, provider_id)
    if provider is None:
        raise NotFound("There is no such way to sign in.")
    metadata = await house.get(Issuers).metadata(provider.issuer)
    state, browser = marks.mint(org_id), Secret(secrets.token_urlsafe(32))
    nonce, verifier = secrets.token_urlsafe(32), Secret(secrets.token_urlsafe(48))
    kept = marks.fingerprint(state.reveal())
    async with house.db.transaction(org_id) as tx:
        flow = Flow(
            browser_hash=marks.fingerprint(browser.reveal()),
            provider_id=provider_id,
            nonce=nonce,
            verifier=await house.vault.seal(tx, verifier.reveal().encode(), purpose=_place(kept)),
            next=next_ if next_.startswith("/") and len(next_) <= 2000 else "/",
            link_user_id=link.user_id if link else None,
        )
        await store.insert_flow(tx, kept, flow, LIFETIME)
    words = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": house.settings.url + CALLBACK,
        "scope": " ".join(provider.scopes),
        "state": state.reveal(),
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
        **({"acr_values": " ".join(provider.acr_values)} if provider.acr_values else {}),
    }
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return Began(metadata.authorization_endpoint + joint + urlencode(words), browser)


async def finish(
    house: House, returned: Returned, browser: str, origin: Origin, *, by: Principal | None, waiting: str
) -> SignedIn:
    """Come back; `waiting` is the secret of a sign-in that waits for this. Raises Unauthenticated that says what is
    not right, ProviderFailed, Denied, Limited."""
    await throttle.spend(house.db, "journey", network(origin.address), JOURNEYS)
    org_id = marks.organization_of(returned.state)
    if org_id is None or not browser:
        raise _unknown()
    kept = marks.fingerprint(returned.state)
    async with house.db.transaction(org_id) as tx:  # committed: whatever follows, the state is used up
        flow = await store.take_flow(tx, kept, marks.fingerprint(browser))
        provider = await store.get_provider(tx, flow.provider_id) if flow else None
        client_secret = await secret.opened(tx, house.vault, provider.id) if provider else None
        verifier = await house.vault.open(tx, flow.verifier, purpose=_place(kept)) if flow else b""
    if flow is None or provider is None:
        raise _unknown()
    metadata = await house.get(Issuers).metadata(provider.issuer)
    _check_issuer(metadata, returned.issuer)
    if returned.error or not returned.code:
        raise Unauthenticated(f"The provider did not sign you in: {_word(returned.error)}.", cure="Try again.")
    form = {
        "grant_type": "authorization_code",
        "code": returned.code,
        "redirect_uri": house.settings.url + CALLBACK,
        "code_verifier": verifier.decode(),
    }
    told = await _told(house.get(Issuers), metadata, provider, client_secret, (form, flow.nonce))
    if provider.require_mfa and not model.strong(provider, told):
        await _refused(house, org_id, provider, "mfa")
        raise Denied(
            "Your organization wants a second factor, and the provider did not ask you for one.",
            cure="Sign in at the provider with a second factor, or ask an administrator to demand it there.",
        )
    claims = model.claims_of(provider, told)
    proved = (COMPANY, "mfa") if model.strong(provider, told) else (COMPANY,)
    if flow.link_user_id and by and (not waiting or by.user_id == flow.link_user_id):
        return await _link(house, org_id, provider, claims, (flow, by))
    if flow.link_user_id:
        proved = (*await _link_waiting(house, org_id, provider, claims, (flow, waiting)), *proved)
    return await _enter(house, provider, claims, proved, (org_id, flow.next, origin))


async def _told(
    issuers: Issuers,
    metadata: Metadata,
    provider: Provider,
    client_secret: Secret | None,
    sent: tuple[dict[str, str], str],
) -> dict[str, Any]:
    """The verified claims, with those of the user info where the ID token leaves some out."""
    form, nonce = sent
    tokens = await issuers.exchange(metadata, provider.client_id, client_secret, form)
    told = await verified(issuers, metadata, tokens.id_token)
    verify.check_id_token(told, issuer=provider.issuer, client_id=provider.client_id, nonce=nonce)
    wanted = {"email", *([provider.groups_claim] if provider.groups_claim else [])}
    if metadata.userinfo_endpoint and tokens.access_token and wanted - set(told):
        more = await issuers.userinfo(metadata, tokens.access_token)
        if more.get("sub") != told["sub"]:
            raise verify.Refused("The user info is of someone else (sub).")
        told = {**more, **told}
    return told


async def verified(issuers: Issuers, metadata: Metadata, token: str) -> dict[str, Any]:
    """The claims of a token that the issuer signed; its keys are read again when it names one we do not know."""
    kid = verify.header_of(token).get("kid")
    keys = await issuers.keys(metadata, kid)
    return verify.claims(token, keys, metadata.id_token_signing_alg_values_supported)


async def _enter(
    house: House, provider: Provider, claims: Claims, proved: tuple[str, ...], towards: tuple[UUID, str, Origin]
) -> SignedIn:
    org_id, next_, origin = towards
    async with house.db.transaction(org_id) as tx:
        user = await _person(tx, org_id, provider, claims)
        if user:
            await store.touch_linked(tx, provider.issuer, claims.subject, claims.email)
            await people.replace_groups(tx, user.id, provider.issuer, claims.groups)
            came = signing.arrived(house, await signing.admit(house, tx, user, origin, proved=proved))
            session_id: UUID | None
            if isinstance(came, signing.Halfway):
                session_id, done = came.id, SignedIn(next_, None, came.secret)
            else:
                session_id = await people.session_id_of(tx, marks.fingerprint(came.secret.reveal()))
                done = SignedIn(next_, came.secret)
            if session_id is None:
                raise Unauthenticated(NOBODY, cure=_NOBODY_CURE)
            await store.insert_session(
                tx,
                session_id,
                issuer=provider.issuer,
                client_id=provider.client_id,
                subject=claims.subject,
                sid=claims.sid,
            )
            detail = {"provider": provider.name, "groups": len(claims.groups)}
            await record(tx, _as(user), "session.federated", f"sessions/{session_id}", detail)
            return done
    await _refused(house, org_id, provider, "nobody")
    raise Unauthenticated(NOBODY, cure=_NOBODY_CURE)


async def _person(tx: Tx, org_id: UUID, provider: Provider, claims: Claims) -> User | None:
    """Whose identity this is; made now, if the organization wants that. None when nobody may come in."""
    if not model.domain_allowed(provider, claims):
        return None
    linked = await store.get_linked(tx, provider.issuer, claims.subject)
    if linked:
        account = await people.get_user_account(tx, linked.user_id)
        return account if account and await members.get_membership(tx, account.id) else None
    if not provider.create_role or not model.address_vouched(provider, claims):
        return None
    name = claims.name or claims.email.partition("@")[0]
    try:
        async with tx.attempt():
            user = await identity.create_user(tx, org_id, email=claims.email, name=name, password_hash=None)
    except BaseflyError:
        return None  # the address is someone's already, and links nothing by itself: they do that, signed in
    await members.insert_member(tx, user.id, provider.create_role)
    await store.insert_linked(tx, provider.issuer, claims.subject, user.id)
    detail = {"role": provider.create_role, "provider": provider.name}
    await record(tx, None, "member.added", f"members/{user.id}", detail)
    return user


async def _link(
    house: House, org_id: UUID, provider: Provider, claims: Claims, asked: tuple[Flow, Principal | None]
) -> SignedIn:
    flow, by = asked
    if by is None or by.user_id != flow.link_user_id or by.org_id != org_id or by.kind != "session":
        raise Denied("Someone else is signed in than when you set out.", cure="Begin again from your settings.")
    async with house.db.transaction(org_id) as tx:
        linked = await store.get_linked(tx, provider.issuer, claims.subject)
        if linked and linked.user_id != by.user_id:
            raise Denied("This identity is linked to another account.", cure="Sign in at the provider as yourself.")
        if not linked:
            await store.insert_linked(tx, provider.issuer, claims.subject, by.user_id)
            await record(tx, by, "identity.linked", f"users/{by.user_id}", {"provider": provider.name})
        await store.touch_linked(tx, provider.issuer, claims.subject, claims.email)
    return SignedIn(flow.next, None)


async def _link_waiting(
    house: House, org_id: UUID, provider: Provider, claims: Claims, asked: tuple[Flow, str]
) -> tuple[str, ...]:
    """Link the identity to whom a sign-in waits for, who proved already all that they have; what they proved.

    Only in the browser where they did, which the secret of the wait tells, and only with the same address: otherwise a
    colleague who knows their password would put an identity of their own in its place.
    """
    flow, waiting = asked
    async with house.db.transaction(org_id) as tx:
        found = await people.lock_pending(tx, marks.fingerprint(waiting))
        user = await people.get_user_account(tx, found.user_id) if found else None
        if found is None or user is None or user.id != flow.link_user_id or not await _enough(tx, found):
            raise _unknown()
        linked = await store.get_linked(tx, provider.issuer, claims.subject)
        if linked and linked.user_id != user.id:
            raise Denied("This identity is linked to another account.", cure="Sign in at the provider as yourself.")
        vouched = claims.email == user.email and model.address_vouched(provider, claims)
        if vouched and not linked:
            await store.insert_linked(tx, provider.issuer, claims.subject, user.id)
            await record(tx, _as(user), "identity.linked", f"users/{user.id}", {"provider": provider.name})
        await people.end_pending(tx, found.id)
    if not vouched:
        await _refused(house, org_id, provider, "address")
        raise Denied(_OTHER_ADDRESS, cure=_OTHER_ADDRESS_CURE)
    return found.proved


async def _enough(tx: Tx, found: Pending) -> bool:
    """Whether a wait is for the provider alone: whoever has a second factor has proved it."""
    return is_strong(found.proved) or not (await factors.enrolled(tx, found.user_id)).any


async def _refused(house: House, org_id: UUID, provider: Provider, why: str) -> None:
    async with house.db.transaction(org_id) as tx:
        detail = {"why": why}
        await record(tx, None, "session.refused", f"identity-providers/{provider.id}", detail, outcome="refused")


def _check_issuer(metadata: Metadata, given: str | None) -> None:
    """Against mix-up (RFC 9207): an answer says whose it is where the issuer promises that, and is ours in any case."""
    if given is None and not metadata.authorization_response_iss_parameter_supported:
        return
    if given != metadata.issuer:
        raise Unauthenticated("The answer came from another issuer than the one you were sent to.", cure="Begin again.")


def _unknown() -> Unauthenticated:
    return Unauthenticated(
        "This sign-in was not begun in this browser, took longer than ten minutes, or was used already.",
        cure="Begin again from the sign-in page.",
    )


def _word(error: str) -> str:
    """The provider's word for what went wrong, if it is one (RFC 6749, 4.1.2.1)."""
    plain = error.isascii() and error.replace("_", "").isalpha() and len(error) < 60
    return error if plain else "it does not say why"


def _challenge(verifier: Secret) -> str:
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _place(state_hash: bytes) -> str:
    return f"federation_flows/verifier/{state_hash.hex()}"


def _as(user: User) -> Principal:
    return Principal(user_id=user.id, org_id=user.home_org_id, name=user.name, email=user.email, grants=())
