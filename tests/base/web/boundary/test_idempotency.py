"""Idempotency keys over HTTP: once, alike, by whom it was, and never twice though fifty ask at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import psycopg
import pytest

from basefly.base.web.boundary import idempotency
from tests.conftest import Urls
from tests.people import Hub, Person

VIEW = {"name": "mine", "address": "/pods?q=a"}
PATH = "/api/v1/views"


async def save(person: Person, key: str, body: dict[str, Any] = VIEW, path: str = PATH) -> httpx.Response:
    return await person.http.post(path, json=body, headers={"Idempotency-Key": key})


async def count(person: Person) -> int:
    return len((await person.http.get(PATH)).json()["items"])


class TestAgain:
    async def test_the_first_answer_comes_again(self, owner: Person) -> None:
        first, again = await save(owner, '"8e03978e"'), await save(owner, '"8e03978e"')
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["content-type"] == first.headers["content-type"]
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert await count(owner) == 1

    async def test_a_bare_token_is_the_same_key_and_the_order_of_names_means_nothing(self, owner: Person) -> None:
        await save(owner, '"8e03978e"')
        again = await save(owner, "8e03978e", {"address": VIEW["address"], "name": VIEW["name"]})
        assert again.headers["idempotency-replayed"] == "true"

    async def test_another_request_is_refused(self, owner: Person) -> None:
        await save(owner, "k")
        assert (await save(owner, "k", {**VIEW, "name": "other"})).status_code == 422
        assert await count(owner) == 1

    async def test_a_key_is_its_askers_and_its_paths(self, owner: Person, viewer: Person, stranger: Person) -> None:
        await save(owner, "k")
        for person in (viewer, stranger):
            assert "idempotency-replayed" not in (await save(person, "k")).headers
        other = await save(owner, "k", {"name": "laptop"}, "/api/v1/tokens")
        assert (other.status_code, "idempotency-replayed" in other.headers) == (201, False)

    async def test_without_a_key_each_request_counts(self, owner: Person) -> None:
        codes = [(await owner.http.post(PATH, json=VIEW)).status_code for _ in range(2)]
        assert codes == [201, 409]

    async def test_what_is_no_key_is_refused(self, owner: Person) -> None:
        for key in ('"', '""', "a b", '"a"b"', "x" * 256):
            assert (await save(owner, key)).status_code == 400, key
        assert await count(owner) == 0


class TestErrors:
    async def test_are_not_kept(self, owner: Person) -> None:
        assert (await save(owner, "k", {**VIEW, "address": "//evil"})).status_code == 422
        assert (await save(owner, "k")).status_code == 201

    async def test_a_refusal_takes_no_key(self, viewer: Person, urls: Urls) -> None:
        answer = await save(viewer, "k", {"name": "c"}, "/api/v1/clusters")
        assert answer.status_code == 403
        assert rows(urls) == []


def rows(urls: Urls) -> list[tuple[Any, ...]]:
    with psycopg.connect(urls.superuser) as connection:
        return connection.execute("select state, status, sealed, key_hash from idempotency_keys").fetchall()


class TestAtOnce:
    async def test_fifty_requests_have_one_effect(self, owner: Person) -> None:
        answers = await asyncio.gather(*(save(owner, "k") for _ in range(50)))
        codes = {each.status_code for each in answers}
        assert codes <= {201, 409}
        assert len({each.content for each in answers if each.status_code == 201}) == 1
        for each in answers:
            if each.status_code == 409:
                assert each.headers["retry-after"] == "1"
        assert await count(owner) == 1
        assert (await save(owner, "k")).headers["idempotency-replayed"] == "true"


class TestCrash:
    async def test_between_act_and_answer_does_not_act_again(
        self, owner: Person, urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def dies(*_: object) -> None:
            raise RuntimeError("the process is gone")

        monkeypatch.setattr(idempotency, "_conclude", dies)
        with pytest.raises(httpx.HTTPError):
            (await save(owner, "k")).raise_for_status()
        monkeypatch.undo()
        assert [state for state, *_ in rows(urls)] == ["acted"]
        assert (await save(owner, "k")).status_code == 409
        assert await count(owner) == 1

    async def test_before_the_act_leaves_the_key_to_the_next_in_time(self, owner: Person, urls: Urls) -> None:
        await save(owner, "k")
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("delete from views")
            connection.execute("update idempotency_keys set state = 'started', status = null, sealed = null")
        assert (await save(owner, "k")).status_code == 409
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("update idempotency_keys set held_until = now() - interval '1 second'")
        assert (await save(owner, "k")).status_code == 201
        assert await count(owner) == 1

    async def test_a_day_later_the_key_is_forgotten(self, owner: Person, urls: Urls) -> None:
        await save(owner, "k")
        with psycopg.connect(urls.superuser) as connection:
            connection.execute("update idempotency_keys set created_at = now() - interval '2 days',"
                               " expires_at = now() - interval '1 day'")  # fmt: skip
        assert (await save(owner, "k")).status_code == 409, "the view is there: it was asked for anew"


class TestSecrets:
    async def test_lie_sealed(self, owner: Person, urls: Urls) -> None:
        first = await save(owner, "key-of-mine", {"name": "laptop"}, "/api/v1/tokens")
        again = await save(owner, "key-of-mine", {"name": "laptop"}, "/api/v1/tokens")
        token = first.json()["token"]
        assert again.json()["token"] == token
        ((state, status, sealed, key),) = rows(urls)
        assert (state, status) == ("done", 201)
        assert token.encode() not in bytes(sealed)
        assert b"key-of-mine" not in bytes(key)


async def test_the_document_tells_of_the_header(owner: Person, hub: Hub) -> None:
    paths = (await owner.http.get("/api/openapi.json")).json()["paths"]
    posts = {path: each["post"] for path, each in paths.items() if "post" in each}
    assert len(posts) > 5
    for path, operation in posts.items():
        named = [each["name"] for each in operation.get("parameters", ())]
        assert ("Idempotency-Key" in named) == (operation["x-permission"] != "public"), path
