"""The credentials that somebody can come with, beside a whole session: limited, of machines, unfinished."""

from __future__ import annotations

from contextlib import AsyncExitStack
from uuid import UUID

from tests.core.factors.people import CREDENTIALS, with_app
from tests.isolation.world import word
from tests.people import Hub, Person, join


async def token(person: Person, **limits: object) -> str:
    """A token of a person's; `limits` are its permissions and clusters."""
    return await _made(person, "/api/v1/tokens", {"name": word(), **limits})


async def service_token(owner: Person, **limits: object) -> str:
    """A token of a service account that operates."""
    account = await owner.http.post("/api/v1/service-accounts", json={"name": word(), "role": "operator"})
    assert account.status_code == 201, account.text
    return await _made(owner, f"/api/v1/service-accounts/{account.json()['id']}/tokens", {"name": word(), **limits})


async def want_factor(hub: Hub, org_id: UUID) -> None:
    """From now on everybody of the organization needs a second factor."""
    async with hub.house.db.transaction(org_id) as tx:
        await tx.execute("update organizations set second_factor_required = true where id = %s", [org_id])


async def confined(stack: AsyncExitStack, hub: Hub, owner: Person) -> Person:
    """An administrator without the second factor that is wanted."""
    person = await stack.enter_async_context(join(hub, word(), "admin", owner.by.org_id))
    await want_factor(hub, owner.by.org_id)
    return person


async def waiting(stack: AsyncExitStack, hub: Hub, owner: Person) -> str:
    """The secret of a sign-in of the owner's that has the password and waits for its second step."""
    await with_app(owner)
    http = await stack.enter_async_context(hub.browser())
    assert (await http.post("/api/v1/sessions", json=CREDENTIALS)).status_code == 202
    return str(http.cookies["basefly-pending"])


async def _made(person: Person, path: str, body: dict[str, object]) -> str:
    answer = await person.http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["token"]
    return secret
