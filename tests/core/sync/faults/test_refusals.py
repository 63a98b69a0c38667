"""The fault table: clusters that are busy, fail, know us not, let us not, or show a wrong certificate (44, 48-50)."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from basefly.core.sync import freshness
from basefly.sim.faults import Effect
from tests.core.sync.faults.conftest import PATIENCE, World
from tests.core.sync.faults.test_silence import answering


async def test_44_i8_retry_after_is_obeyed(world: World) -> None:
    """Asked to stay away for 3 s, each kind stays away for 3 s, however short our own waits are."""
    world.cluster.requests.clear()
    with world.cluster.faults.inject(Effect.TOO_MANY, resource="pods", seconds=3.0):
        world.cluster.faults.drop_watches()
        began = time.monotonic()
        await world.until(lambda: len(_asked(world, 429)) >= 3, within=30)
        assert time.monotonic() - began >= 2 * 3.0
    await world.settles(within=20)


async def test_44_i9_a_refused_connection_is_taken_up_soon_after_it_is_accepted_again(world: World) -> None:
    await world.cluster.stop()
    await world.says("pods", "retrying", "refused")
    world.change()
    await asyncio.sleep(2.0)
    await world.cluster.start()
    began = time.monotonic()
    await world.settles()
    assert time.monotonic() - began < 10


REFUSED = {
    "expired": "has expired",
    "not yet valid": "not valid yet",
    "wrong host": "for another name",
    "other authority": "not signed by the authority",
}


@pytest.mark.parametrize("certificate", REFUSED)
async def test_48_i6_a_wrong_certificate_is_refused_and_its_fault_is_named(certificate: str, world: World) -> None:
    world.cluster.present(certificate)
    world.cluster.cut()
    await world.says("pods", "retrying", REFUSED[certificate])
    before = len(world.cluster.requests)
    await asyncio.sleep(1.0)
    assert len(world.cluster.requests) == before  # not a request, not a token went over such a connection
    world.cluster.present("valid")
    world.change()
    await world.settles()


async def test_48_i6_another_authority_is_refused(world: World) -> None:
    world.cluster.rotate_authority()
    world.cluster.cut()
    await world.says("pods", "retrying", "not signed by the authority")


async def test_48_i6_a_tls_of_old_is_refused(world: World) -> None:
    """How a server says that it is too old is not the simulator's; see tests/base/kube/test_connecting.py."""
    world.cluster.tls(ssl.TLSVersion.TLSv1)
    world.cluster.cut()
    await world.says("pods", "retrying")
    before = len(world.cluster.requests)
    await asyncio.sleep(1.0)
    assert len(world.cluster.requests) == before
    world.cluster.tls(ssl.TLSVersion.TLSv1_3)
    world.change()
    await world.settles()


async def test_49_i3_i6_a_revoked_token_is_said_and_the_cluster_is_asked_once_in_a_while(world: World) -> None:
    token = world.cluster.admin_token
    users = dict(world.cluster.tokens)
    world.cluster.revoke(token)
    world.cluster.faults.drop_watches()
    stream = await world.says("pods", "failed", "401")
    missing = freshness.missing(answering(world), [stream], datetime.now(UTC))
    assert missing is not None
    assert missing.as_of is not None  # since when
    await asyncio.sleep(0.5)  # every kind has heard it by now
    world.cluster.requests.clear()
    await asyncio.sleep(4 * PATIENCE.refused)
    tried = _asked(world, 401, everywhere=True)
    assert 1 <= len(tried) <= 4  # not once for each kind
    world.cluster.tokens.update(users)
    world.change()
    await world.settles()
    assert (await world.says("pods", "live")).reason == ""


async def test_50_i3_a_kind_we_may_no_longer_read_is_marked_and_its_rows_are_not_called_live(world: World) -> None:
    world.cluster.faults.add(Effect.FORBIDDEN, resource="secrets")
    world.cluster.faults.drop_watches()
    stream = await world.says("secrets", "denied", "forbidden")
    rows = await world.rows("secrets")
    await asyncio.sleep(1.0)
    missing = freshness.missing(answering(world), [stream], datetime.now(UTC))
    assert missing is not None
    assert missing.reason.startswith("not permitted")
    assert missing.as_of is not None
    assert (datetime.now(UTC) - missing.as_of).total_seconds() >= 1.0
    assert await world.rows("secrets") == rows
    world.change()
    await world.says("pods", "live")
    world.cluster.faults.clear()
    await world.settles()
    await world.says("secrets", "live")


def _asked(world: World, status: int, *, everywhere: bool = False) -> list[Any]:
    return [r for r in world.cluster.requests if r.status == status and (everywhere or r.target.resource == "pods")]
