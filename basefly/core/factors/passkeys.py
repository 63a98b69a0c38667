"""Passkeys (WebAuthn level 2): what a browser is asked to make or to sign, and whether its answer holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from basefly.base.errors import Conflict, Invalid
from basefly.base.settings import Settings
from basefly.core.factors.model import CHALLENGE_LIFE, Credential

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, WebAuthnException)


class Party(NamedTuple):
    """Whom passkeys are made for: the hub's name, and the only address whose pages may use them."""

    id: str
    origin: str


class Made(NamedTuple):
    """A new passkey whose making was verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool


class Used(NamedTuple):
    """A signature that holds."""

    sign_count: int
    synced: bool


class Refused(Exception):
    """The answer does not hold; the text is for the record, not for whoever sent it."""


def party(settings: Settings) -> Party:
    """The hub as passkeys know it. Raises Conflict where browsers make none: an address is no name."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return Party(host, f"{parts.scheme}://{parts.netloc.lower()}")
    if address.is_loopback or address.is_unspecified:
        return Party("localhost", f"{parts.scheme}://localhost{f':{parts.port}' if parts.port else ''}")
    raise Conflict(
        f"Browsers make passkeys for names, and {host} is an address.",
        cure="Ask whoever runs the hub to give it a name: BASEFLY_PUBLIC_URL=https://basefly.example.com.",
    )


def creation(party_: Party, *, challenge: bytes, handle: bytes, account: str, known: Sequence[bytes]) -> dict[str, Any]:
    """What navigator.credentials.create() is asked for; it makes none where one of `known` is."""
    options = webauthn.generate_registration_options(
        rp_id=party_.id,
        rp_name="Basefly",
        user_id=handle,
        user_name=account,
        user_display_name=account,
        challenge=challenge,
        timeout=int(CHALLENGE_LIFE.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def request(party_: Party, *, challenge: bytes) -> dict[str, Any]:
    """What navigator.credentials.get() is asked for. It names no passkey, so it tells nobody who has one."""
    options = webauthn.generate_authentication_options(
        rp_id=party_.id,
        challenge=challenge,
        timeout=int(CHALLENGE_LIFE.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def challenge_of(credential: dict[str, Any]) -> bytes:
    """The challenge that an answer says it signed. Raises Invalid for what is no answer of a browser."""
    try:
        told = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except _UNREADABLE as error:
        raise Invalid("This is no answer of a passkey.", cure="Try again in a browser that has passkeys.") from error
    return bytes(told.challenge)


def fingerprint(challenge: bytes) -> bytes:
    """What we keep of a challenge."""
    return hashlib.sha256(b"basefly challenge\0" + challenge).digest()


def names(credential: dict[str, Any]) -> tuple[bytes, bytes]:
    """The passkey and the handle of its owner, as an answer names them; empty where it does not."""
    try:
        handle = credential["response"].get("userHandle") or ""
        return base64url_to_bytes(credential["rawId"]), base64url_to_bytes(handle)
    except _UNREADABLE:
        return b"", b""


def made(party_: Party, credential: dict[str, Any], challenge: bytes) -> Made:
    """A new passkey, verified. Raises Refused."""
    try:
        found = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party_.id,
            expected_origin=party_.origin,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise Refused(str(error)) from error
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Made(found.credential_id, found.credential_public_key, found.sign_count, synced)


def used(party_: Party, credential: dict[str, Any], challenge: bytes, kept: Credential) -> Used:
    """A signature of a passkey that we keep, verified; a counter that goes back is refused. Raises Refused."""
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party_.id,
            expected_origin=party_.origin,
            credential_public_key=kept.public_key,
            credential_current_sign_count=kept.sign_count,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise Refused(str(error)) from error
    return Used(found.new_sign_count, found.credential_device_type is CredentialDeviceType.MULTI_DEVICE)
