"""Whatever is sent to what anyone may ask, the answer is an error that says what is wrong, never a failure of ours."""

from __future__ import annotations

import json
from typing import Any

from tests.people import Hub, Person

STRANGE = ["\x00", "\ud800", "a\x00b", "\u202e", "é" * 300, "../../etc", "<script>", "' or 1=1 --", ""]


async def test_pages_that_need_no_sign_in(hub: Hub, owner: Person) -> None:
    answers: dict[str, int] = {}
    async with hub.browser() as http:
        for text in ("%00", "%ED%A0%80", "a%00b", "%E2%80%AE", "%C3%A9" * 300, "..%2f..%2fetc", "%3Cscript%3E"):
            for path in (f"/sign-in/{text}", f"/sso?name={text}&next={text}", f"/device?code={text}"):
                answers[path] = (await http.get(path)).status_code
            for name in ("state", "code", "iss", "error"):
                path = f"/sso/callback?{name}={text}"
                answers[path] = (await http.get(path, headers={"Cookie": "basefly-sso=x"})).status_code
    assert {path: status for path, status in answers.items() if status >= 500} == {}
    assert len(answers) == 7 * 7


async def test_bodies_of_every_kind(hub: Hub, owner: Person) -> None:
    provider = {"name": "x", "issuer": "https://id.example", "client_id": "x"}
    asked: list[tuple[str, dict[str, Any]]] = []
    for text in STRANGE:
        asked += [("/device-sign-ins", {"machine": text}), ("/device-sign-ins/token", {"device_code": text})]
        asked += [("/identity-providers", {**provider, name: text}) for name in (*provider, "client_secret")]
        asked += [("/identity-providers", {**provider, "group_names": {text: text}, "groups_claim": text})]
        asked += [("/service-accounts", {"name": text}), ("/tokens", {"name": text})]
        asked += [("/me/identities/unlinkings", {"issuer": text, "subject": text})]
    answers = {}
    for path, body in asked:
        answer = await owner.http.post(
            f"/api/v1{path}", content=ascii_json(body), headers={"Content-Type": "application/json"}
        )
        answers[f"{path} {body!a}"] = answer.status_code
    assert {what: status for what, status in answers.items() if status >= 500} == {}
    logout = f"/sso/logout/{owner.by.org_id}/{owner.by.org_id}"
    async with hub.browser() as http:
        told = [(await http.post(logout, data={"logout_token": text})).status_code for text in ("", "\x00", "é")]
    assert told == [400] * 3


def ascii_json(body: dict[str, Any]) -> bytes:
    """JSON with everything beyond ASCII escaped, so that a lone surrogate gets through."""
    return json.dumps(body).encode()
