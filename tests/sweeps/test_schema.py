"""The whole API asked at random from its own description, with each kind of credential: nothing breaks or surprises."""

from __future__ import annotations

import asyncio
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

from basefly.app import create_app
from basefly.base.web.openapi.document import document
from tests.people import Hub, Person

EXAMPLES = 4  # an operation; enough for the suite, where every run draws others
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDS = ("/api/v1/sessions/current", "/api/v1/changes")  # one ends the session that asks, one never ends


@pytest.mark.parametrize("credential", ["nobody", "bad", "viewer", "owner", "token"])
async def test_nothing_breaks_and_nothing_is_undocumented(
    hub: Hub, owner: Person, viewer: Person, credential: str
) -> None:
    token = (await owner.http.post("/api/v1/tokens", json={"name": "sweep"})).json()["token"]
    headers = {
        "nobody": {},
        "bad": owner.bearer("basefly_" + "A" * 60),
        "viewer": {"Cookie": f"basefly={viewer.secret}"},
        "owner": {"Cookie": f"basefly={owner.secret}"},
        "token": owner.bearer(token),
    }[credential]
    schema = schemathesis.openapi.from_dict(document(create_app(hub.house)))
    wrong, count = await asyncio.to_thread(_ask_all, schema, hub.url, headers)
    assert count > 30 * EXAMPLES / 2
    assert wrong == []


def _ask_all(schema: Any, url: str, headers: dict[str, str]) -> tuple[list[str], int]:
    wrong: list[str] = []
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ENDS:
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
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
