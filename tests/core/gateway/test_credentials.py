"""Short-lived credentials: what they open, and what goes on beyond their end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from basefly.base.errors import Unauthenticated
from basefly.core.gateway import credentials
from tests.people import Hub, Person


async def test_what_is_open_goes_on_until_the_source_ends(
    hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "LIFETIME", timedelta(seconds=-1))
    secret = (await owner.http.post("/api/v1/gateway/credentials", json={})).json()["token"]
    with pytest.raises(Unauthenticated):
        await credentials.caller(hub.house, secret)
    again = await credentials.caller(hub.house, secret, begun=True)
    assert again.by.user_id == owner.by.user_id
    assert (await owner.http.delete("/api/v1/sessions/current")).status_code == 204
    with pytest.raises(Unauthenticated):
        await credentials.caller(hub.house, secret, begun=True)
