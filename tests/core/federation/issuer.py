"""An issuer that says what a test wants it to say, lies included."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from joserfc import jws
from joserfc.jwk import Key, RSAKey

CLIENT = "basefly"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
Maker = Callable[[str], str]  # from the nonce of a sign-in to an ID token


class Issuer:
    """`url` is its name; `metadata`, `keys` and `make` are what it says. `asked` counts by path."""

    def __init__(self) -> None:
        self.url = ""
        self.key: RSAKey = KEY
        self.keys: list[dict[str, Any]] = [self.public()]
        self.metadata: dict[str, Any] = {}
        self.make: Maker = lambda nonce: self.sign(self.claims(nonce))
        self.nonce = ""
        self.info: dict[str, Any] | None = None
        self.asked: dict[str, int] = {}
        self.forms: list[dict[str, str]] = []
        self.whole: web.Response | None = None  # in place of the metadata

    def public(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=False), "use": "sig"}

    def claims(self, nonce: str, **more: Any) -> dict[str, Any]:
        """What a good ID token says; None takes a claim away."""
        now = int(time.time())
        told: dict[str, Any] = {"iss": self.url, "sub": "ann", "aud": CLIENT, "exp": now + 300, "iat": now}
        told |= {"nonce": nonce, "email": "ann@acme.example", "email_verified": True, "name": "Ann", **more}
        return {name: value for name, value in told.items() if value is not None}

    def logout(self, **more: Any) -> dict[str, Any]:
        """What a good logout token says."""
        now = int(time.time())
        told: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": f"j{time.time_ns()}",
        }
        told |= {"sub": "ann", "events": {LOGOUT: {}}, **more}
        return {name: value for name, value in told.items() if value is not None}

    def sign(self, claims: dict[str, Any], alg: str = "RS256", key: Key | None = None, **header: Any) -> str:
        """A signed token; a header of None is left out."""
        given = {"alg": alg, "kid": "one", **header}
        words = {name: value for name, value in given.items() if value is not None}
        return forged(words, claims, key or self.key, alg)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Issuer]:
        """On a free port of loopback."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/me", self._me)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        self.metadata = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        }
        try:
            yield self
        finally:
            await runner.cleanup()

    def _count(self, request: web.Request) -> None:
        self.asked[request.path] = self.asked.get(request.path, 0) + 1

    async def _metadata(self, request: web.Request) -> web.StreamResponse:
        self._count(request)
        if self.whole is not None:
            return self.whole
        return web.json_response(self.metadata)

    async def _jwks(self, request: web.Request) -> web.StreamResponse:
        self._count(request)
        return web.json_response({"keys": self.keys})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self._count(request)
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response({"id_token": self.make(self.nonce), "access_token": "a", "token_type": "Bearer"})

    async def _me(self, request: web.Request) -> web.StreamResponse:
        self._count(request)
        return web.json_response(self.info)


def forged(header: dict[str, Any], claims: dict[str, Any], key: Key | None, alg: str) -> str:
    """A token with any header at all; without a key it has no signature."""
    words = [_encoded(json.dumps(part).encode()) for part in (header, claims)]
    if key is None:
        return ".".join([*words, ""])
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    algorithm = registry.get_alg(alg)
    return ".".join([*words, _encoded(algorithm.sign(".".join(words).encode(), key))])


def with_public_key(issuer: Issuer, claims: dict[str, Any]) -> str:
    """Signed with HS256, whose shared secret is the public key as everyone can read it."""
    unsigned = forged({"alg": "HS256", "kid": "one"}, claims, None, "").rstrip(".")
    secret = issuer.key.as_pem(private=False)
    return f"{unsigned}.{_encoded(hmac.digest(secret, unsigned.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
