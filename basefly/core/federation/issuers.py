"""What an issuer publishes of itself: its metadata (OpenID Connect Discovery 1.0) and its keys, kept for a while."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from basefly.base.errors import BaseflyError
from basefly.base.http import Answer, Caller
from basefly.base.secret import Secret
from basefly.core.federation import model
from basefly.core.federation.model import Check

T = TypeVar("T")

METADATA_LASTS = 600.0  # seconds
KEYS_LAST = 3600.0
AGAIN = 300.0  # an unknown key makes us ask at most this often, whoever invents key ids
MOST_ISSUERS = 200
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")


class ProviderFailed(BaseflyError):
    """The identity provider does not answer, or answers what it must not."""

    code, status, title = "provider_failed", 502, "The identity provider failed"


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What an issuer says of itself, as far as we need it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False
    backchannel_logout_supported: bool = False


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the token endpoint gives for a code."""

    id_token: str
    access_token: str = ""


class Keys:
    """An issuer's keys, when they were read, and when it was asked last, with or without success."""

    def __init__(self) -> None:
        self.keys: KeySet | None = None
        self.read_at = 0.0
        self.asked_at = 0.0
        self.lock = asyncio.Lock()  # of this issuer alone: a slow one must not hold up the sign-ins of others

    def known(self, kid: str | None) -> bool:
        return self.keys is not None and (kid is None or any(key.kid == kid for key in self.keys.keys))


class Issuers:
    """Asks issuers, and remembers what they said. One a process; `clock` is monotonic seconds."""

    def __init__(self, caller: Caller, clock: Callable[[], float] = time.monotonic) -> None:
        self.caller = caller
        self._clock = clock
        self._metadata: dict[str, tuple[float, Metadata]] = {}
        self._keys: dict[str, Keys] = {}

    async def metadata(self, issuer: str, *, fresh: bool = False) -> Metadata:
        """What the issuer says of itself. Raises ProviderFailed that says what is wrong."""
        kept = self._metadata.get(issuer)
        if kept and not fresh and self._clock() - kept[0] < METADATA_LASTS:
            return kept[1]
        found = await self._discover(issuer)
        _remember(self._metadata, issuer, (self._clock(), found))
        return found

    async def keys(self, metadata: Metadata, kid: str | None) -> KeySet:
        """The issuer's keys; asked for anew when they are old, or when `kid` is not among them."""
        kept = self._keys.get(metadata.jwks_uri) or Keys()
        _remember(self._keys, metadata.jwks_uri, kept)
        async with kept.lock:
            now = self._clock()
            old = kept.keys is None or now - kept.read_at >= KEYS_LAST
            if old or (not kept.known(kid) and now - kept.asked_at >= AGAIN):
                kept.asked_at = now
                kept.keys = await self._key_set(metadata.jwks_uri)
                kept.read_at = now
            if kept.keys is None:
                raise ProviderFailed(f"{metadata.jwks_uri} holds no key that can be used.")
            return kept.keys

    async def exchange(
        self, metadata: Metadata, client_id: str, secret: Secret | None, form: Mapping[str, str]
    ) -> Tokens:
        """Trade a code for tokens, with the way of proving ourselves that the issuer takes."""
        headers, words = {}, dict(form)
        if secret is None:
            words["client_id"] = client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            words |= {"client_id": client_id, "client_secret": secret.reveal()}
        what = "The provider's token endpoint"
        answer = await self._ask(what, self.caller.post(metadata.token_endpoint, words, headers))
        if answer.status != 200:
            raise ProviderFailed(f"{what} refused the exchange: {_why(answer)}.", cure=_cure(answer))
        return _read(what, answer, Tokens)

    async def userinfo(self, metadata: Metadata, access_token: str) -> dict[str, Any]:
        """What the issuer tells of the one signed in beside the ID token."""
        what = "The provider's user info"
        headers = {"Authorization": f"Bearer {access_token}"}
        answer = await self._ask(what, self.caller.get(metadata.userinfo_endpoint, headers))
        if answer.status != 200:
            raise ProviderFailed(f"{what} was refused: {_why(answer)}.")
        return _read(what, answer, dict[str, Any])

    async def check(self, issuer: str, *, confidential: bool) -> list[Check]:
        """Look at an issuer as a sign-in would, and say of each thing how it is."""
        try:
            metadata = await self.metadata(issuer, fresh=True)
        except ProviderFailed as error:
            return [Check("discovery", ok=False, detail=f"{error.detail} {error.cure}".strip())]
        checks = [Check("discovery", ok=True, detail=f"{_well_known(issuer)} answers, and is of this issuer.")]
        try:
            self._keys.pop(metadata.jwks_uri, None)
            count = len((await self.keys(metadata, None)).keys)
            checks.append(Check("keys", ok=count > 0, detail=f"{count} keys at {metadata.jwks_uri}."))
        except ProviderFailed as error:
            checks.append(Check("keys", ok=False, detail=error.detail))
        offered = metadata.code_challenge_methods_supported
        pkce = "S256" in (offered or ("S256",))
        checks.append(Check("pkce", ok=pkce, detail=f"Code challenges: {', '.join(offered) if offered else 'unsaid'}."))
        ways = metadata.token_endpoint_auth_methods_supported
        fits = bool({"client_secret_basic", "client_secret_post"} & set(ways)) if confidential else "none" in ways
        checks.append(Check("client", ok=fits, detail=f"Clients prove themselves by: {', '.join(ways)}."))
        return checks

    async def _discover(self, issuer: str) -> Metadata:
        address = _well_known(issuer)
        answer = await self._ask(address, self.caller.get(address))
        if answer.status != 200:
            cure = "Check the issuer: its metadata lies at .well-known/openid-configuration below it."
            raise ProviderFailed(f"{address} answered {answer.status}.", cure=cure)
        found = _read(address, answer, Metadata)
        if found.issuer != issuer:
            cure = "Write the issuer exactly as the provider does, the slash at its end included."
            raise ProviderFailed(f"{address} is of another issuer: {found.issuer[:200]}.", cure=cure)
        for name in ENDPOINTS:
            value = getattr(found, name)
            if value and (why := model.issuer_problem(value.partition("?")[0], private=self.caller.private)):
                raise ProviderFailed(f"{address} names a {name} that is not taken. {why}")
        return found

    async def _key_set(self, address: str) -> KeySet:
        answer = await self._ask(address, self.caller.get(address))
        if answer.status != 200:
            raise ProviderFailed(f"{address} answered {answer.status}.")
        found = _read(address, answer, dict[str, Any])
        wanted = [key for key in found.get("keys", []) if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        keys = [made for key in wanted if (made := _key(key)) is not None]
        if not keys:
            raise ProviderFailed(f"{address} holds no key that can be used.")
        return KeySet([key for each in keys for key in each.keys])

    async def _ask(self, what: str, call: Any) -> Answer:
        try:
            answer: Answer = await call
        except (OSError, TimeoutError) as error:
            cure = "Check the address, and that the hub's network reaches it."
            raise ProviderFailed(f"{what} does not answer: {error}.", cure=cure) from error
        return answer


def _key(key: dict[str, Any]) -> KeySet | None:
    """One key; None for what is no public key of a kind we know. A secret key would turn the public one into it."""
    if key.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        return KeySet.import_key_set({"keys": [key]})
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _well_known(issuer: str) -> str:
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def _read(what: str, answer: Answer, into: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderFailed(f"{what} does not say what it must: {error}.") from error


def _why(answer: Answer) -> str:
    """The error's name as the endpoint says it (RFC 6749, 5.2), of which nothing but plain words is passed on."""
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = {}
    word = said.get("error")
    plain = isinstance(word, str) and word.replace("_", "").isalnum() and word.isascii() and len(word) < 60
    return f"{word} ({answer.status})" if plain else str(answer.status)


def _cure(answer: Answer) -> str:
    if answer.status == 401 or b"invalid_client" in answer.body:
        return "Check the client id and the client secret."
    return "Try again from the sign-in page; if it stays so, compare the redirect address and the client's settings."


def _remember(kept: dict[str, T], name: str, thing: T) -> None:
    kept.pop(name, None)
    kept[name] = thing
    if len(kept) > MOST_ISSUERS:
        del kept[next(iter(kept))]
