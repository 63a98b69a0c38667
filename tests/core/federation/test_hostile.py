"""What an attacker or a broken provider may send: each of it is refused, and the same sign-in without it works."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiohttp import web
from joserfc.jwk import RSAKey

from basefly.base.http import Caller
from basefly.core.federation.issuers import AGAIN, Issuers, ProviderFailed
from tests.core.federation.issuer import CLIENT, LOGOUT, Issuer, forged, with_public_key
from tests.people import Hub, Person


@dataclass
class Attack:
    """A browser at a hub whose organization trusts the issuer."""

    hub: Hub
    owner: Person
    issuer: Issuer
    provider_id: str
    http: httpx.AsyncClient

    async def set_out(self) -> dict[str, str]:
        """What the provider is asked for."""
        answer = await self.http.get(f"/sign-in/acme/{self.provider_id}")
        assert answer.status_code == 303, answer.text
        words = {name: one for name, (one,) in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        self.issuer.nonce = words["nonce"]
        return words

    async def back(self, **words: str) -> httpx.Response:
        return await self.http.get("/sso/callback", params=words)

    async def sign_in(self) -> httpx.Response:
        asked = await self.set_out()
        return await self.back(code="c", state=asked["state"])

    async def change(self, **wish: Any) -> None:
        path = f"/api/v1/identity-providers/{self.provider_id}"
        body = {"name": "Acme", "issuer": self.issuer.url, "client_id": CLIENT, "create_role": "viewer", **wish}
        answer = await self.owner.http.put(path, json=body)
        assert answer.status_code == 200, answer.text

    async def log_out(self, token: str) -> httpx.Response:
        path = f"/sso/logout/{self.owner.by.org_id}/{self.provider_id}"
        return await self.http.post(path, data={"logout_token": token})

    async def signed_in(self) -> bool:
        return (await self.http.get("/api/v1/me")).status_code == 200


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().running() as issuer:
        yield issuer


@pytest.fixture
async def attack(hub: Hub, owner: Person, issuer: Issuer) -> AsyncIterator[Attack]:
    wish = {"name": "Acme", "issuer": issuer.url, "client_id": CLIENT, "create_role": "viewer"}
    added = await owner.http.post("/api/v1/identity-providers", json=wish)
    await owner.http.put("/api/v1/sign-in-address", json={"slug": "acme"})
    async with hub.browser() as http:
        yield Attack(hub, owner, issuer, added.json()["id"], http)


def resigned(issuer: Issuer, given: str, /, **claims: Any) -> str:
    told = {**issuer.claims(given), **claims}
    return issuer.sign({name: value for name, value in told.items() if value is not None})


STRANGER = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
IN_HEADER: dict[str, Any] = {
    "jku": "https://evil.example/keys",
    "x5u": "https://evil.example/cert",
    "jwk": STRANGER.as_dict(private=False),
    "x5c": ["MIIB"],
    "crit": ["exp"],
}
CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "for another client": {"aud": "someone-else"},
    "for nobody": {"aud": None},
    "for several, given to another": {"aud": [CLIENT, "someone-else"], "azp": "someone-else"},
    "for several, given to nobody": {"aud": [CLIENT, "someone-else"]},
    "of another sign-in": {"nonce": "another"},
    "without nonce": {"nonce": None},
    "expired": {"exp": 1_700_000_000},
    "never expiring": {"exp": None},
    "expiring in words": {"exp": "tomorrow"},
    "of the future": {"iat": 4_000_000_000},
    "not yet": {"nbf": 4_000_000_000},
    "of nobody": {"sub": None},
    "of an empty name": {"sub": ""},
}

WRONG: list[dict[str, Any]] = [
    {"events": None},
    {"events": {"other": {}}},
    {"events": {LOGOUT: None}},
    {"nonce": "n"},
    {"jti": None},
    {"sub": None},
    {"aud": "someone-else"},
    {"iss": "https://evil.example"},
    {"exp": 1_700_000_000},
    {"iat": 1_700_000_000},
]

ASTRAY: list[tuple[str, str | None]] = [
    ("issuer", "https://evil.example"),
    ("token_endpoint", "http://evil.example/token"),
    ("jwks_uri", "file:///etc/passwd"),
    ("authorization_endpoint", "javascript:alert(1)"),
    ("token_endpoint", None),
]


class TestIdToken:
    async def test_a_good_one_signs_in(self, attack: Attack) -> None:
        answer = await attack.sign_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        assert await attack.signed_in()

    async def test_the_exchange_proves_the_challenge(self, attack: Attack) -> None:
        asked = await attack.set_out()
        assert asked["code_challenge_method"] == "S256"
        await attack.back(code="c", state=asked["state"])
        (form,) = attack.issuer.forms
        assert (form["grant_type"], form["code"], len(form["code_verifier"])) == ("authorization_code", "c", 64)

    async def test_claims_that_are_not_right(self, attack: Attack) -> None:
        answers = {}
        for what, claims in CLAIMS.items():
            attack.issuer.make = partial(resigned, attack.issuer, **claims)
            answers[what] = (await attack.sign_in()).status_code
        assert answers == dict.fromkeys(CLAIMS, 401)
        assert not await attack.signed_in()

    async def test_headers_that_bring_their_own_key(self, attack: Attack) -> None:
        answers = {}
        for name, value in IN_HEADER.items():
            header = {"alg": "RS256", "kid": "one", name: value}
            attack.issuer.make = partial(self.with_header, attack.issuer, header)
            answers[name] = (await attack.sign_in()).status_code
        assert answers == dict.fromkeys(IN_HEADER, 401)
        assert not await attack.signed_in()

    @staticmethod
    def with_header(issuer: Issuer, header: dict[str, Any], nonce: str) -> str:
        return forged(header, issuer.claims(nonce), issuer.key, "RS256")

    async def test_no_signature(self, attack: Attack) -> None:
        attack.issuer.make = lambda nonce: forged({"alg": "none"}, attack.issuer.claims(nonce), None, "none")
        await self.refused(attack)

    async def test_the_public_key_as_a_shared_secret(self, attack: Attack) -> None:
        attack.issuer.make = lambda nonce: with_public_key(attack.issuer, attack.issuer.claims(nonce))
        await self.refused(attack)

    async def test_a_shared_secret_among_the_keys(self, attack: Attack) -> None:
        attack.issuer.keys.append({"kty": "oct", "kid": "two", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})
        answer = await attack.sign_in()
        assert answer.status_code == 303  # it is passed over, and the good key still works

    async def test_another_s_key_under_the_same_name(self, attack: Attack) -> None:
        attack.issuer.make = lambda nonce: attack.issuer.sign(attack.issuer.claims(nonce), key=STRANGER)
        await self.refused(attack)

    async def test_an_algorithm_that_the_issuer_does_not_name(self, attack: Attack) -> None:
        attack.issuer.make = lambda nonce: attack.issuer.sign(attack.issuer.claims(nonce), alg="RS512")
        await self.refused(attack)

    async def test_an_algorithm_that_the_key_is_not_for(self, attack: Attack) -> None:
        attack.issuer.metadata["id_token_signing_alg_values_supported"] = ["RS256", "RS512"]
        attack.issuer.keys[0]["alg"] = "RS512"
        await self.refused(attack)

    async def test_no_token_at_all(self, attack: Attack) -> None:
        tokens = ["", "a.b", "a.b.c", "e30.e30.", "x" * 20_000, "é.é.é"]
        answers = []
        for token in tokens:
            attack.issuer.make = partial(lambda given, _nonce: given, token)
            answers.append((await attack.sign_in()).status_code)
        assert answers == [401] * len(tokens)

    async def test_user_info_of_someone_else(self, attack: Attack) -> None:
        attack.issuer.metadata["userinfo_endpoint"] = f"{attack.issuer.url}/me"
        attack.issuer.make = lambda nonce: resigned(attack.issuer, nonce, email=None)
        attack.issuer.info = {"sub": "bob", "email": "ann@acme.example"}
        await self.refused(attack)

    async def refused(self, attack: Attack) -> None:
        answer = await attack.sign_in()
        assert answer.status_code == 401, answer.text
        assert "basefly" not in answer.cookies
        assert not await attack.signed_in()


class TestWayBack:
    async def test_the_same_state_twice(self, attack: Attack) -> None:
        asked = await attack.set_out()
        kept = dict(attack.http.cookies)
        assert (await attack.back(code="c", state=asked["state"])).status_code == 303
        attack.http.cookies.clear()
        attack.http.cookies.update(kept)
        assert (await attack.back(code="c", state=asked["state"])).status_code == 401

    async def test_a_failed_exchange_uses_it_up_too(self, attack: Attack) -> None:
        asked = await attack.set_out()
        kept = dict(attack.http.cookies)
        assert (await attack.back(error="access_denied", state=asked["state"])).status_code == 401
        attack.http.cookies.update(kept)
        assert (await attack.back(code="c", state=asked["state"])).status_code == 401

    async def test_another_browser(self, attack: Attack) -> None:
        asked = await attack.set_out()
        async with attack.hub.browser() as victim:
            answer = await victim.get("/sso/callback", params={"code": "c", "state": asked["state"]})
            assert answer.status_code == 401
            await victim.get(f"/sign-in/acme/{attack.provider_id}")  # with a cookie of its own it is no better
            answer = await victim.get("/sso/callback", params={"code": "c", "state": asked["state"]})
            assert answer.status_code == 401
        assert attack.issuer.forms == []

    async def test_too_late(self, attack: Attack) -> None:
        asked = await attack.set_out()
        async with attack.hub.house.db.transaction(attack.owner.by.org_id) as tx:
            await tx.execute("update federation_flows set expires_at = now()")
        assert (await attack.back(code="c", state=asked["state"])).status_code == 401

    async def test_a_state_that_nobody_gave(self, attack: Attack) -> None:
        await attack.set_out()
        assert [(await attack.back(code="c", state=each)).status_code for each in ("", "x", "é", "A" * 64)] == [401] * 4

    async def test_mix_up_of_issuers(self, attack: Attack) -> None:
        asked = await attack.set_out()
        answer = await attack.back(code="c", state=asked["state"], iss="https://evil.example")
        assert answer.status_code == 401
        assert attack.issuer.forms == []  # the code went to nobody

    async def test_no_issuer_where_one_is_promised(self, attack: Attack) -> None:
        attack.issuer.metadata["authorization_response_iss_parameter_supported"] = True
        assert (await attack.sign_in()).status_code == 401
        asked = await attack.set_out()
        assert (await attack.back(code="c", state=asked["state"], iss=attack.issuer.url)).status_code == 303

    async def test_what_the_provider_says_is_not_shown(self, attack: Attack) -> None:
        asked = await attack.set_out()
        answer = await attack.back(error="<script>alert(1)</script>", state=asked["state"])
        assert "alert(1)" not in answer.text

    async def test_leads_to_no_other_site(self, attack: Attack) -> None:
        answer = await attack.http.get(f"/sign-in/acme/{attack.provider_id}?next=//evil.example")
        words = {name: one for name, (one,) in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        attack.issuer.nonce = words["nonce"]
        assert (await attack.back(code="c", state=words["state"])).headers["location"] == "/"


class TestSecondFactor:
    @pytest.mark.parametrize("said", [{}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": "0"}, {"acr": ["gold"]}])
    async def test_is_refused_where_it_is_required(self, attack: Attack, said: dict[str, Any]) -> None:
        await attack.change(require_mfa=True, acr_values=["gold"])
        attack.issuer.make = lambda nonce: resigned(attack.issuer, nonce, **said)
        assert (await attack.sign_in()).status_code == 403
        assert not await attack.signed_in()

    @pytest.mark.parametrize("said", [{"amr": ["pwd", "mfa"]}, {"acr": "gold"}])
    async def test_is_taken(self, attack: Attack, said: dict[str, Any]) -> None:
        await attack.change(require_mfa=True, acr_values=["gold"])
        attack.issuer.make = lambda nonce: resigned(attack.issuer, nonce, **said)
        assert (await attack.sign_in()).status_code == 303


class TestLogoutToken:
    @pytest.fixture(autouse=True)
    async def in_session(self, attack: Attack) -> None:
        attack.issuer.make = lambda nonce: resigned(attack.issuer, nonce, sid="s1")
        await attack.sign_in()
        assert await attack.signed_in()

    @pytest.mark.parametrize("said", [{}, {"sid": "s1"}, {"sid": "s1", "sub": None}])
    async def test_a_good_one_ends_the_session(self, attack: Attack, said: dict[str, Any]) -> None:
        answer = await attack.log_out(attack.issuer.sign(attack.issuer.logout(**said), typ="logout+jwt"))
        assert answer.status_code == 200, answer.text
        assert not await attack.signed_in()

    async def test_a_wrong_one_ends_nothing(self, attack: Attack) -> None:
        answers = []
        for said in WRONG:
            answer = await attack.log_out(attack.issuer.sign(attack.issuer.logout(**said)))
            answers.append((answer.status_code, answer.json().get("error")))
        assert answers == [(400, "invalid_request")] * len(WRONG)
        assert await attack.signed_in()

    async def test_of_someone_else_ends_nothing(self, attack: Attack) -> None:
        for said in ({"sid": "s2"}, {"sub": "bob"}, {"sub": "bob", "sid": "s1"}):
            answer = await attack.log_out(attack.issuer.sign(attack.issuer.logout(**said)))
            assert answer.status_code == 200
        assert await attack.signed_in()

    async def test_an_id_token_is_none(self, attack: Attack) -> None:
        answer = await attack.log_out(attack.issuer.sign(attack.issuer.claims("n")))
        assert answer.status_code == 400
        assert await attack.signed_in()

    async def test_without_a_signature(self, attack: Attack) -> None:
        answer = await attack.log_out(forged({"alg": "none"}, attack.issuer.logout(), None, "none"))
        assert answer.status_code == 400
        assert await attack.signed_in()

    async def test_is_taken_once(self, attack: Attack) -> None:
        token = attack.issuer.sign(attack.issuer.logout())
        assert (await attack.log_out(token)).status_code == 200
        await attack.sign_in()
        assert (await attack.log_out(token)).status_code == 400
        assert await attack.signed_in()


class TestIssuer:
    async def test_an_unknown_key_makes_us_ask_once_in_five_minutes(self, issuer: Issuer) -> None:
        now = [1000.0]
        caller = Caller(private=True)
        issuers = Issuers(caller, clock=lambda: now[0])
        metadata = await issuers.metadata(issuer.url)
        for _ in range(5):
            await issuers.keys(metadata, "one")
        assert issuer.asked["/jwks"] == 1
        issuer.keys.append({**RSAKey.generate_key(2048, {"kid": "two"}).as_dict(private=False)})
        assert not [key for key in (await issuers.keys(metadata, "two")).keys if key.kid == "two"]
        now[0] += AGAIN
        assert [key for key in (await issuers.keys(metadata, "two")).keys if key.kid == "two"]
        for _ in range(5):
            await issuers.keys(metadata, "invented")
        assert issuer.asked["/jwks"] == 2
        await caller.close()

    async def test_metadata_that_leads_astray(self, issuer: Issuer) -> None:
        caller, good = Caller(private=True), dict(issuer.metadata)
        for name, value in ASTRAY:
            issuer.metadata = {**good, name: value}
            with pytest.raises(ProviderFailed, match=name):
                await Issuers(caller).metadata(issuer.url)
        issuer.metadata = good
        assert (await Issuers(caller).metadata(issuer.url)).issuer == issuer.url
        await caller.close()

    async def test_answers_that_are_no_metadata(self, attack: Attack) -> None:
        wholes = [
            web.Response(status=302, headers={"Location": f"{attack.issuer.url}/jwks"}),
            web.Response(status=500),
            web.Response(text="no json"),
            web.Response(body=b" " * 600 * 1024),
        ]
        answers = []
        for whole in wholes:
            attack.issuer.whole = whole
            answers.append((await attack.http.get(f"/sign-in/acme/{attack.provider_id}")).status_code)
        assert answers == [502] * len(wholes)
        assert "/jwks" not in attack.issuer.asked  # no redirect was followed

    async def test_a_private_one_is_not_dialed_unless_that_is_set(self, issuer: Issuer) -> None:
        caller = Caller(private=False)
        with pytest.raises(ProviderFailed, match="loopback"):
            await Issuers(caller).metadata(issuer.url)
        await caller.close()
        assert issuer.asked == {}


async def test_of_another_organization_is_not_there(attack: Attack, stranger: Person) -> None:
    path = f"/api/v1/identity-providers/{attack.provider_id}"
    for method, given in (("GET", None), ("DELETE", None), ("POST", None)):
        address = f"{path}/tests" if method == "POST" else path
        answer = await stranger.http.request(method, address, json=given)
        assert answer.status_code == 404
    answer = await attack.http.post(
        f"/sso/logout/{stranger.by.org_id}/{attack.provider_id}", data={"logout_token": "x"}
    )
    assert answer.status_code == 400
