"""Sessions, tokens, the password and preferences as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import (
    PUBLIC,
    RECENT,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Body,
    Described,
    Request,
    Response,
    delete,
    get,
    pending_token,
    post,
    put,
    session_token,
)
from basefly.base.web.preferences import Preferences
from basefly.core.identity import actions, browser, signing, tokens
from basefly.core.identity.model import NewToken, Session, Token
from basefly.core.identity.signing import Halfway, Proof, SignedIn
from basefly.core.identity.tokens import Limits, Wish


class Credentials(Body):
    """An e-mail address and its password."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=1000)]


class Code(Body):
    """One of these: the six digits that the app shows, or a recovery code."""

    totp: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    recovery: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class Assertion(Body):
    """What `navigator.credentials.get` brought, as `toJSON()` of it."""

    credential: dict[str, Any]


class NewPassword(Body):
    """The password of now, and the one to come."""

    current: Annotated[str, msgspec.Meta(max_length=1000)]
    new: Annotated[str, msgspec.Meta(max_length=1000)]


class Name(Body):
    """How to call someone."""

    name: Annotated[str, msgspec.Meta(max_length=200)]


class TokenWish(Body):
    """What to call a token, how many days it shall last (null: until it is revoked), and what it may at most."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = 90
    permissions: list[str] | None = None  # null: all that its owner may
    clusters: list[UUID] | None = None  # null: all of them

    def wish(self) -> Wish:
        """As it shall be."""
        return Wish(self.name, self.expires_in_days, Limits(self.permissions, self.clusters))


class PreferencesWish(Body):
    """How one would like the pages; what is absent stays as it is."""

    language: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    theme: Literal["system", "light", "dark"] | None = None
    contrast: Literal["system", "normal", "high"] | None = None
    density: Literal["comfortable", "compact"] | None = None
    motion: Literal["system", "full", "reduced"] | None = None


class Person(msgspec.Struct, frozen=True):
    """Someone signed in."""

    id: UUID
    name: str
    email: str


class SecondStep(msgspec.Struct, frozen=True):
    """How a sign-in may be completed: `passkey`, `totp`, `recovery`."""

    ways: list[str]


class Sessions(msgspec.Struct, frozen=True):
    """Sessions, newest first."""

    items: list[Session]


class Tokens(msgspec.Struct, frozen=True):
    """Tokens, newest first."""

    items: list[Token]


@post(
    "/sessions",
    permission=PUBLIC,
    summary="Sign in",
    responses={202: Described(SecondStep, description="The password is right; a second step must follow")},
)
async def sign_in(request: Request, house: House, data: Credentials) -> Response[Person]:
    """Begins a session and sets its cookie, or answers 202: whoever has a second factor must prove it next.

    Programs better use an API token.
    """
    came = await signing.with_password(house, data.email, Secret(data.password), browser.origin(request))
    if isinstance(came, Halfway):
        step = SecondStep(list(came.ways))
        waiting: Response[Any] = Response(step, status_code=202, cookies=[browser.waiting(house, came.secret.reveal())])
        return waiting
    return _signed_in(house, came)


@post("/sessions/second-steps", permission=PUBLIC, summary="Complete a sign-in with a code")
async def complete_sign_in(request: Request, house: House, data: Code) -> Response[Person]:
    """A code of one's authenticator app, or a recovery code, in the browser that gave the password, in five minutes."""
    proof = Proof(totp=data.totp or "", recovery=data.recovery or "")
    return _signed_in(house, await signing.with_code(house, pending_token(request), proof, browser.origin(request)))


@post("/sessions/challenges", permission=PUBLIC, summary="Begin to sign in with a passkey")
async def ask_passkey(request: Request, house: House) -> Response[dict[str, Any]]:
    """What `navigator.credentials.get` takes, to be answered from this browser within five minutes."""
    bound, options = await signing.ask(house, pending_token(request), browser.origin(request))
    return Response(options, status_code=201, cookies=[browser.waiting(house, bound)])


@post("/sessions/passkeys", permission=PUBLIC, summary="Sign in with a passkey")
async def sign_in_with_passkey(request: Request, house: House, data: Assertion) -> Response[Person]:
    """The browser's answer; it needs no password, and completes a sign-in that waits for its second step."""
    came = await signing.with_passkey(
        house, data.credential, bound=pending_token(request), origin=browser.origin(request)
    )
    return _signed_in(house, came)


@get("/sessions", permission=SIGNED_IN, summary="List one's own sessions")
async def list_sessions(request: Request, house: House, tx: Tx, by: Principal) -> Sessions:
    """Sessions that stand, newest first."""
    return Sessions(await actions.sessions(tx, by, session_token(request), house.settings.session_idle))


@delete("/sessions/current", permission=SIGNED_IN, opt=WITHOUT_FACTOR, summary="Sign out")
async def sign_out(request: Request, house: House, tx: Tx, by: Principal) -> Response[None]:
    """Ends the session that asks, and takes its cookie away."""
    await actions.sign_out(tx, by, session_token(request))
    return Response(None, status_code=204, cookies=[browser.gone(house)], headers=browser.FORGET)


@delete("/sessions/{session_id:uuid}", permission=SIGNED_IN, summary="End one of one's sessions")
async def end_session(tx: Tx, by: Principal, session_id: UUID) -> None:
    """Whatever that browser has open closes within ten seconds."""
    await actions.end_session(tx, by, session_id)


@put("/me/password", permission=SIGNED_IN, opt=RECENT, summary="Change one's password", status_code=204)
async def change_password(request: Request, house: House, by: Principal, data: NewPassword) -> None:
    """Ends every other session of this person."""
    await actions.change_password(house, by, Secret(data.current), Secret(data.new), session_token(request))


@put("/me/name", permission=SIGNED_IN, summary="Change one's name")
async def change_name(tx: Tx, by: Principal, data: Name) -> Name:
    """How others see one."""
    return Name(await actions.change_name(tx, by, data.name))


@get("/me/preferences", permission=SIGNED_IN, summary="Get one's preferences")
async def get_preferences(tx: Tx, by: Principal) -> Preferences:
    """An empty language is the browser's, an empty time zone UTC; `system` is as the device has it."""
    return await actions.preferences(tx, by)


@put("/me/preferences", permission=SIGNED_IN, summary="Change one's preferences")
async def change_preferences(tx: Tx, by: Principal, data: PreferencesWish) -> Preferences:
    """Fields that are absent stay as they are."""
    wish = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    return await actions.change_preferences(tx, by, wish)


@get("/tokens", permission=SIGNED_IN, summary="List one's own API tokens")
async def list_tokens(tx: Tx, by: Principal) -> Tokens:
    """Tokens that are not revoked, newest first. Their secrets are known to nobody any more."""
    return Tokens(await actions.tokens(tx, by))


@post("/tokens", permission=SIGNED_IN, opt=RECENT, summary="Make an API token")
async def create_token(tx: Tx, by: Principal, data: TokenWish) -> NewToken:
    """The answer holds the token, this once. It has one's own rights or part of them. Only a session makes tokens."""
    return await tokens.create(tx, by, data.wish())


@delete("/tokens/{token_id:uuid}", permission=SIGNED_IN, summary="Revoke one of one's API tokens")
async def revoke_token(tx: Tx, by: Principal, token_id: UUID) -> None:
    """It is refused from the next request on."""
    await actions.revoke_token(tx, by, token_id)


def _signed_in(house: House, came: SignedIn) -> Response[Person]:
    user, secret = came
    cookies = [browser.kept(house, secret), browser.came(house)]
    return Response(Person(user.id, user.name, user.email), status_code=201, cookies=cookies)


HANDLERS = (
    sign_in,
    complete_sign_in,
    ask_passkey,
    sign_in_with_passkey,
    list_sessions,
    sign_out,
    end_session,
    change_password,
    change_name,
    get_preferences,
    change_preferences,
    list_tokens,
    create_token,
    revoke_token,
)
