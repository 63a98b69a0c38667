"""Routes that must not start."""

from __future__ import annotations

from typing import Any

import litestar
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from basefly.base.slice import Slice, permissions
from basefly.base.web import PUBLIC, SIGNED_IN, Body, get, post
from basefly.base.web.routing import check


class Loose(msgspec.Struct):
    name: str


class Strict(Body):
    name: str


def refused(*handlers: HTTPRouteHandler) -> str:
    for handler in handlers:
        litestar.Litestar([handler], openapi_config=None)
    with pytest.raises(ValueError, match="must not start") as caught:
        check(handlers, ["clusters:read"])
    return str(caught.value)


class TestCheck:
    def test_takes_what_is_marked(self) -> None:
        @get("/a", permission="clusters:read")
        async def a() -> None: ...

        @post("/b", permission=SIGNED_IN)
        async def b(data: Strict) -> None: ...

        check([a, b], ["clusters:read"])

    def test_refuses_a_route_without_permission(self) -> None:
        @litestar.get("/bare")
        async def bare() -> None: ...

        assert "/bare: needs a permission" in refused(bare)

    def test_refuses_a_permission_that_no_slice_declares(self) -> None:
        @get("/odd", permission="clusters:explode")
        async def odd() -> None: ...

        assert "clusters:explode" in refused(odd)

    def test_refuses_a_body_that_takes_anything(self) -> None:
        @post("/loose", permission=PUBLIC)
        async def loose(data: Loose) -> None: ...

        @post("/any", permission=PUBLIC)
        async def anything(data: dict[str, Any]) -> None: ...

        told = refused(loose, anything)
        assert "/loose: its body Loose takes unknown fields" in told
        assert "/any: its body must be a Struct" in told

    def test_refuses_who_asks_where_anyone_may(self) -> None:
        @get("/who", permission=PUBLIC)
        async def who(by: str) -> None: ...

        assert "/who: takes `by`, though nobody need be signed in" in refused(who)

    def test_refuses_what_is_no_name_of_a_permission(self) -> None:
        with pytest.raises(ValueError, match="slice:verb"):
            get("/", permission="everything")


class TestPermissions:
    def test_are_named_after_their_slice(self) -> None:
        with pytest.raises(ValueError, match="cost"):
            permissions([Slice(name="cost", permissions={"clusters:read": "No"})])

    def test_are_gathered_from_all(self) -> None:
        slices = [Slice(name="a", permissions={"a:read": "A"}), Slice(name="b", permissions={"b:read": "B"})]
        assert permissions(slices) == {"a:read": "A", "b:read": "B"}
