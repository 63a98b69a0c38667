"""Bodies, read strictly, and the address that really asks."""

from __future__ import annotations

import pytest

from basefly.base.errors import Malformed
from basefly.base.web.requests import client_address, strict
from tests.people import Hub, Person

JSON = {"Content-Type": "application/json"}


class TestStrict:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"a": 1, "a": 2}',
            b'{"a": {"b": 1, "b": 1}}',
            b"{",
            b"",
            b'{"a": NaN}',
            b"\xff",
            b"[" * 100_000,
            b"1e999x",
            b'{"a": "\\ud800"}',
        ],
    )
    def test_refuses(self, body: bytes) -> None:
        with pytest.raises(Malformed):
            strict(body)

    def test_reads(self) -> None:
        assert strict('{"a": ["ä", 1, null, true]}'.encode()) == {"a": ["ä", 1, None, True]}
        assert strict(b'"\\ud83d\\ude00"') == "😀"  # two halves that belong together


class TestBodies:
    async def test_a_name_twice_is_400(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/tokens", content=b'{"name": "a", "name": "b"}', headers=JSON)
        assert answer.status_code == 400
        assert "'name'" in answer.json()["detail"]

    async def test_an_unknown_field_is_422_with_its_pointer(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/tokens", json={"name": "a", "user_id": "someone else"})
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "/user_id", "detail": "Object contains unknown field `user_id`"}]

    async def test_a_missing_field_is_422_with_its_pointer(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/tokens", json={})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/name"

    @pytest.mark.parametrize("days", ["30", True, 1.5, 0, 4000])
    async def test_a_value_of_another_type_is_422(self, owner: Person, days: object) -> None:
        answer = await owner.http.post("/api/v1/tokens", json={"name": "a", "expires_in_days": days})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_in_days"

    async def test_none_at_all_is_refused(self, owner: Person) -> None:
        assert (await owner.http.post("/api/v1/tokens", headers=JSON)).status_code in (400, 422)

    async def test_another_media_type_is_415(self, owner: Person) -> None:
        answer = await owner.http.post(
            "/api/v1/tokens", content=b'{"name": "a"}', headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 415

    async def test_a_route_of_forms_says_so_to_a_program(self, owner: Person) -> None:
        token = (await owner.http.post("/api/v1/tokens", json={"name": "a"})).json()["token"]
        answer = await owner.http.post("/cluster-labels", json={}, headers=owner.bearer(token))
        assert answer.status_code == 415
        assert answer.json()["code"] == "wrong_media_type"

    async def test_too_large_a_one_is_413(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/tokens", content=b"[" + b"1," * 2_000_000, headers=JSON)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"


class TestParameters:
    async def test_a_wrong_one_is_422_and_named(self, owner: Person) -> None:
        answer = await owner.http.get("/api/v1/audit?limit=many")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/limit"

    async def test_too_large_a_one_is_422(self, owner: Person) -> None:
        assert (await owner.http.get("/api/v1/audit?limit=100000")).status_code == 422

    async def test_an_id_that_is_none_is_404(self, owner: Person) -> None:
        assert (await owner.http.delete("/api/v1/tokens/not-a-uuid")).status_code == 404


class TestAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "trusted", "expected"),
        [
            ("10.0.0.1", [], 0, "10.0.0.1"),
            ("10.0.0.1", ["1.2.3.4"], 0, "10.0.0.1"),
            ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], 1, "1.2.3.4"),
            ("10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], 2, "1.2.3.4"),
            ("10.0.0.1", ["6.6.6.6", "1.2.3.4"], 1, "1.2.3.4"),
            ("10.0.0.1", [], 1, "10.0.0.1"),
            ("10.0.0.1", ["not an address"], 1, "10.0.0.1"),
            ("10.0.0.1", ["[2001:db8::1]:443"], 1, "2001:db8::1"),
            ("10.0.0.1", ["1.2.3.4:5678"], 1, "1.2.3.4"),
        ],
    )
    def test_is_the_first_that_is_no_proxy_of_ours(
        self, peer: str, forwarded: list[str], trusted: int, expected: str
    ) -> None:
        assert client_address(peer, forwarded, trusted) == expected

    async def test_the_header_means_nothing_without_a_proxy(self, hub: Hub, owner: Person) -> None:
        await owner.http.post("/api/v1/tokens", json={"name": "a"}, headers={"X-Forwarded-For": "6.6.6.6"})
        records = (await owner.http.get("/api/v1/audit?act=token.created")).json()["items"]
        assert records[0]["address"] == "127.0.0.1"
