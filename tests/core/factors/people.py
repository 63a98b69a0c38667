"""People with factors, set up over HTTP as they would do it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pyotp

from basefly.base.web.boundary.recall import Recall
from tests.core.factors.authenticator import Authenticator
from tests.people import PASSWORD, Hub, Person

CREDENTIALS = {"email": "mia@example.com", "password": PASSWORD}


class App:
    """An authenticator app. Each code is of a later step than the one before, as far as the hub allows."""

    def __init__(self, secret: str) -> None:
        self.totp = pyotp.TOTP(secret)
        self._last = 0

    def code(self) -> str:
        """A code that is good for some seconds still, and that was not given before; waits for its time if it must."""
        while (step := self._next()) > self._now() + 1:
            time.sleep(0.5)
        self._last = step
        return self.totp.at(step * 30)

    def _next(self) -> int:
        return max(self._last + 1, int(time.time() + 8) // 30 - 1)  # the step before, unless it is over in a moment

    def _now(self) -> int:
        return int(time.time()) // 30


async def with_app(person: Person | httpx.AsyncClient) -> tuple[App, list[str]]:
    """Set an app up; the recovery codes come with it. The person's cookie is the session's new one."""
    http = person.http if isinstance(person, Person) else person
    made = await http.post("/api/v1/me/factors/totp")
    assert made.status_code == 201, made.text
    app = App(made.json()["secret"])
    answer = await http.post("/api/v1/me/factors/totp/confirmations", json={"code": app.code()})
    assert answer.status_code == 201, answer.text
    return app, answer.json()["recovery_codes"]


def authenticator(hub: Hub) -> Authenticator:
    """A device whose browser has the hub's page open."""
    return Authenticator(hub.url.replace("127.0.0.1", "localhost"))


async def with_passkey(hub: Hub, person: Person, name: str = "laptop") -> Authenticator:
    """Make a passkey."""
    device = authenticator(hub)
    options = (await person.http.post("/api/v1/me/passkeys/challenges")).json()
    wish = {"credential": device.create(options), "name": name}
    answer = await person.http.post("/api/v1/me/passkeys", json=wish)
    assert answer.status_code == 201, answer.text
    return device


async def sign_in(http: httpx.AsyncClient, device: Authenticator) -> httpx.Response:
    """Sign in with a passkey."""
    options: dict[str, Any] = (await http.post("/api/v1/sessions/challenges")).json()
    return await http.post("/api/v1/sessions/passkeys", json={"credential": device.get(options)})


async def grow_old(hub: Hub, person: Person) -> None:
    """Let more time go by since the last proof than it is good for."""
    async with hub.house.db.transaction(person.by.org_id) as tx:
        await tx.execute(
            "update sessions set proved_at = now() - interval '16 minutes' where user_id = %s", [person.by.user_id]
        )
    hub.house.get(Recall).forget()
