"""The whole API asked at random from its own description, with each kind of credential: nothing breaks or surprises."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from basefly.app import routed
from basefly.base.web.openapi.document import document
from tests.features.rows import register
from tests.isolation.credentials import confined, service_token, token, waiting
from tests.people import Hub, Person

# Who asks, and how many examples of each operation: enough for the suite, where every run draws others. Whoever is
# refused everywhere is asked less.
EXAMPLES = {
    "nobody": 2,
    "bad": 1,
    "viewer": 3,
    "owner": 4,
    "token": 3,
    "limited token": 3,
    "service account": 3,
    "confined": 1,
    "waiting": 1,
}
LISTING = {"nobody": 401, "bad": 401, "confined": 403, "waiting": 401}  # what it says to a list of clusters
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDS = ("/api/v1/sessions/current", "/api/v1/changes")  # one ends the session that asks, one never ends


@pytest.mark.parametrize("credential", EXAMPLES)
async def test_nothing_breaks_and_nothing_is_undocumented(
    hub: Hub, owner: Person, viewer: Person, credential: str
) -> None:
    schema = schemathesis.openapi.from_dict(document(routed()))
    async with AsyncExitStack() as stack, hub.browser() as http:
        headers = await _headers(stack, hub, owner, viewer, credential)
        assert (await http.get("/api/v1/clusters", headers=headers)).status_code == LISTING.get(credential, 200)
        wrong, count = await asyncio.to_thread(_ask_all, schema, hub.url, headers, EXAMPLES[credential])
    assert count > 100 * EXAMPLES[credential]
    assert wrong == []


async def _headers(stack: AsyncExitStack, hub: Hub, owner: Person, viewer: Person, credential: str) -> dict[str, str]:
    """What carries the credential."""
    limits = {
        "permissions": ["clusters:read", "inventory:read", "clusters:write"],
        "clusters": [str(await register(hub, owner.by.org_id, "near"))],
    }
    match credential:
        case "bad":
            return owner.bearer("basefly_" + "A" * 60)
        case "viewer" | "owner":
            return _cookie({"viewer": viewer, "owner": owner}[credential].secret)
        case "token":
            return owner.bearer(await token(owner))
        case "limited token":
            return owner.bearer(await token(owner, **limits))
        case "service account":
            return owner.bearer(await service_token(owner, **limits))
        case "confined":
            return _cookie((await confined(stack, hub, owner)).secret)
        case "waiting":
            return {"Cookie": f"basefly-pending={await waiting(stack, hub, owner)}"}
    return {}


def _cookie(secret: str) -> dict[str, str]:
    return {"Cookie": f"basefly={secret}"}


def _ask_all(schema: Any, url: str, headers: dict[str, str], examples: int) -> tuple[list[str], int]:
    wrong: list[str] = []
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ENDS:
            continue

        @settings(max_examples=examples, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

        try:
            ask()
        except Exception as error:  # noqa: BLE001  # every failure is told, not only the first
            wrong.append(f"{operation.method.upper()} {operation.path}: {str(error)[:600]}")
    return wrong, asked
