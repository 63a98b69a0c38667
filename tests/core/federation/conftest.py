"""A certified provider beside a hub, and an organization that signs in with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.oidc.server import Provider, Visitor, running
from tests.people import Hub, Person


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider, one for all tests."""
    with running(tmp_path_factory.mktemp("oidc")) as started:
        yield started


@dataclass(frozen=True)
class Company:
    """Acme, whose people sign in at /sign-in/acme with the provider."""

    hub: Hub
    owner: Person
    provider: Provider
    provider_id: str

    def journey(self) -> Journey:
        """Someone at a browser."""
        return Journey(self.hub.browser(), Visitor(self.provider.issuer), f"/sign-in/acme/{self.provider_id}")

    async def change(self, **wish: Any) -> None:
        """Other settings of the provider."""
        path = f"/api/v1/identity-providers/{self.provider_id}"
        now = (await self.owner.http.get(path)).json()
        kept = {name: value for name, value in now.items() if name not in ("id", "confidential", "created_at")}
        answer = await self.owner.http.put(path, json={**kept, **wish})
        assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class Journey:
    """A browser at the hub, and at the provider."""

    http: httpx.AsyncClient
    visitor: Visitor
    start: str

    async def set_out(self, path: str = "") -> str:
        """The provider's address that the hub sends us to."""
        answer = await self.http.get(path or self.start)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, name: str, path: str = "") -> httpx.Response:
        """There and back; the hub's answer to the way back."""
        return await self.back(await self.visitor.sign_in(await self.set_out(path), name))

    async def back(self, address: str) -> httpx.Response:
        """What the hub says to the address that the provider sent us back to."""
        parts = urlsplit(address)
        return await self.http.get(f"{parts.path}?{parts.query}")

    async def me(self) -> httpx.Response:
        """Who the hub says that we are."""
        return await self.http.get("/api/v1/me")


@pytest.fixture
async def company(hub: Hub, owner: Person, provider: Provider) -> Company:
    """Acme with the provider; whoever signs in for the first time becomes a viewer."""
    wish: dict[str, Any] = {
        "name": "Acme ID",
        "issuer": provider.issuer,
        "client_id": "to come",
        "create_role": "viewer",
    }
    wish |= {"scopes": ["openid", "email", "profile", "groups"], "groups_claim": "groups"}
    added = await owner.http.post("/api/v1/identity-providers", json=wish)
    assert added.status_code == 201, added.text
    provider_id = added.json()["id"]
    logout = f"{hub.url}/sso/logout/{owner.by.org_id}/{provider_id}"
    client = provider.register(f"{hub.url}/sso/callback", logout)
    path = f"/api/v1/identity-providers/{provider_id}"
    known = {"client_id": client.client_id, "client_secret": client.client_secret}
    assert (await owner.http.put(path, json={**wish, **known})).status_code == 200
    assert (await owner.http.put("/api/v1/sign-in-address", json={"slug": "acme"})).status_code == 200
    return Company(hub, owner, provider, provider_id)
