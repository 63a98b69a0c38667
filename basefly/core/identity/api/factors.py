"""One's own factors as JSON, and proving oneself anew."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import (
    RECENT,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Body,
    Request,
    Response,
    delete,
    get,
    patch,
    post,
    session_token,
)
from basefly.core.factors.model import NewTotp, Passkey, Totp
from basefly.core.identity import browser, proving
from basefly.core.identity.proving import Set
from basefly.core.identity.signing import Proof

_SETTING_UP = {**RECENT, **WITHOUT_FACTOR}


class ProofBody(Body):
    """One of these. The password proves only whoever has no factor."""

    password: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    totp: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    recovery: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    passkey: dict[str, Any] | None = None


class CodeBody(Body):
    """The six digits that the app shows."""

    code: Annotated[str, msgspec.Meta(max_length=20)]


class PasskeyBody(Body):
    """What `navigator.credentials.create` brought, as `toJSON()` of it, and what to call it."""

    credential: dict[str, Any]
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""


class NameBody(Body):
    """A name to come."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Factors(msgspec.Struct, frozen=True):
    """What one proves oneself with; `recovery_codes` is how many are left."""

    totp: Totp | None
    passkeys: list[Passkey]
    recovery_codes: int
    ways: list[str]


class Codes(msgspec.Struct, frozen=True):
    """Recovery codes, shown this once; empty when there were some already."""

    recovery_codes: list[str]


class NewPasskey(msgspec.Struct, frozen=True):
    """The passkey just made, and the first recovery codes if there were none."""

    passkey: Passkey
    recovery_codes: list[str]


@get("/me/factors", permission=SIGNED_IN, opt=WITHOUT_FACTOR, summary="List one's own factors")
async def list_factors(house: House, by: Principal) -> Factors:
    """Authenticator app, passkeys, and how many recovery codes are left."""
    own = await proving.own(house, by)
    return Factors(own.totp, own.passkeys, own.enrolled.recovery_codes, list(own.enrolled.ways or ("password",)))


@post("/me/proofs", permission=SIGNED_IN, opt=WITHOUT_FACTOR, summary="Confirm that it is oneself", status_code=204)
async def prove(request: Request, house: House, by: Principal, data: ProofBody) -> Response[None]:
    """Opens for 15 minutes what answers `step_up_needed`. The session gets a new cookie."""
    secret = session_token(request)
    if data.passkey is not None:
        fresh = await proving.by_passkey(house, by, secret, data.passkey)
    else:
        proof = Proof(Secret(data.password or ""), data.totp or "", data.recovery or "")
        fresh = await proving.by_word(house, by, secret, proof)
    return Response(None, status_code=204, cookies=[browser.kept(house, fresh)])


@post("/me/proofs/challenges", permission=SIGNED_IN, opt=WITHOUT_FACTOR, summary="Begin to prove oneself by a passkey")
async def ask_proof(request: Request, house: House) -> dict[str, Any]:
    """What `navigator.credentials.get` takes."""
    return await proving.challenge(house, session_token(request))


@post("/me/factors/totp", permission=SIGNED_IN, opt=_SETTING_UP, summary="Begin to set up an authenticator app")
async def begin_totp(house: House, by: Principal) -> NewTotp:
    """The secret for the app, this once. It counts from its first code on."""
    return await proving.begin_totp(house, by)


@post("/me/factors/totp/confirmations", permission=SIGNED_IN, opt=_SETTING_UP, summary="Confirm an authenticator app")
async def confirm_totp(request: Request, house: House, by: Principal, data: CodeBody) -> Response[Codes]:
    """Its first code makes it a factor. Every other session ends, and this one gets a new cookie."""
    return _set(house, await proving.confirm_totp(house, by, session_token(request), data.code))


@delete("/me/factors/totp", permission=SIGNED_IN, opt=RECENT, summary="Remove one's authenticator app")
async def remove_totp(request: Request, house: House, by: Principal) -> None:
    """Every other session ends."""
    await proving.remove_totp(house, by, session_token(request))


@post("/me/passkeys/challenges", permission=SIGNED_IN, opt=_SETTING_UP, summary="Begin to make a passkey")
async def begin_passkey(request: Request, house: House, by: Principal) -> dict[str, Any]:
    """What `navigator.credentials.create` takes."""
    return await proving.registration(house, by, session_token(request))


@post("/me/passkeys", permission=SIGNED_IN, opt=_SETTING_UP, summary="Keep a passkey")
async def add_passkey(request: Request, house: House, by: Principal, data: PasskeyBody) -> Response[NewPasskey]:
    """Every other session ends, and this one gets a new cookie."""
    passkey, done = await proving.register(
        house, by, session_token(request), credential=data.credential, name=data.name
    )
    cookies = [browser.kept(house, done.secret)]
    return Response(NewPasskey(passkey, done.codes), status_code=201, cookies=cookies)


@patch("/me/passkeys/{passkey_id:uuid}", permission=SIGNED_IN, summary="Rename a passkey", status_code=204)
async def rename_passkey(house: House, by: Principal, passkey_id: UUID, data: NameBody) -> None:
    """Only for oneself to tell them apart."""
    await proving.rename_passkey(house, by, passkey_id, data.name)


@delete("/me/passkeys/{passkey_id:uuid}", permission=SIGNED_IN, opt=RECENT, summary="Remove a passkey")
async def remove_passkey(request: Request, house: House, by: Principal, passkey_id: UUID) -> None:
    """It signs in no more. Every other session ends."""
    await proving.remove_passkey(house, by, session_token(request), passkey_id)


@post("/me/recovery-codes", permission=SIGNED_IN, opt=RECENT, summary="Make recovery codes")
async def make_recovery_codes(house: House, by: Principal) -> Codes:
    """Ten, shown this once, each good once; earlier ones are worth nothing any more."""
    return Codes(await proving.make_recovery_codes(house, by))


def _set(house: House, done: Set) -> Response[Codes]:
    return Response(Codes(done.codes), status_code=201, cookies=[browser.kept(house, done.secret)])


HANDLERS = (
    list_factors,
    prove,
    ask_proof,
    begin_totp,
    confirm_totp,
    remove_totp,
    begin_passkey,
    add_passkey,
    rename_passkey,
    remove_passkey,
    make_recovery_codes,
)
