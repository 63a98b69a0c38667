"""The API's own description: whole, true, and readable without anyone's server."""

from __future__ import annotations

import re
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from basefly.app import routed
from basefly.base.runtime.house import House
from basefly.base.web.openapi.document import METHODS, document
from basefly.base.web.routing import PUBLIC, permission_of
from tests.people import Hub, Person


def operations(house: House) -> dict[tuple[str, str], dict[str, Any]]:
    paths = document(routed())["paths"]
    return {(path, method): paths[path][method] for path in paths for method in METHODS if method in paths[path]}


def routes(house: House) -> dict[tuple[str, str], HTTPRouteHandler]:
    handlers = [
        (route.path_format, handler)
        for route in routed().routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
    ]
    return {(path, method.lower()): each for path, each in handlers for method in each.http_methods - {"OPTIONS"}}


class TestDocument:
    async def test_has_every_route_of_the_api_and_no_other(self, house: House) -> None:
        api = {key for key in routes(house) if key[0].startswith("/api/v1/")}
        assert len(api) > 15
        described = {key for key in operations(house) if key[0].startswith("/api/v1/")}
        assert described == api

    async def test_tells_each_permission(self, house: House) -> None:
        handlers = routes(house)
        for key, operation in operations(house).items():
            assert operation["x-permission"] == permission_of(handlers[key]), key
            assert bool(operation["security"]) == (operation["x-permission"] != PUBLIC), key

    async def test_tells_of_errors_as_problems_only(self, house: House) -> None:
        for key, operation in operations(house).items():
            errors = {code: answer for code, answer in operation["responses"].items() if not code.startswith("2")}
            assert "default" in errors, key
            for answer in errors.values():
                assert list(answer["content"]) == ["application/problem+json"], key
                assert answer["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }

    async def test_says_what_each_operation_is_for(self, house: House) -> None:
        for key, operation in operations(house).items():
            assert operation.get("summary"), key
            assert operation.get("tags"), key

    async def test_refers_only_to_what_it_holds(self, house: House) -> None:
        made = document(routed())
        assert made["openapi"].startswith("3.1")
        referred = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(made)))
        assert referred <= set(made["components"]["schemas"])
        names = [operation["operationId"] for operation in operations(house).values()]
        assert len(names) == len(set(names))

    async def test_is_served_to_whoever_is_signed_in(self, hub: Hub, viewer: Person) -> None:
        assert (await viewer.http.get("/api/openapi.json")).json()["info"]["title"] == "Basefly"
        async with hub.browser() as http:
            assert (await http.get("/api/openapi.json")).status_code == 401


class TestDocs:
    async def test_lead_to_every_operation(self, house: House, viewer: Person) -> None:
        page = (await viewer.http.get("/api/docs")).text
        led = re.findall(r'<a href="/api/docs/([^"]+)"', page)
        assert sorted(led) == sorted(operation["operationId"] for operation in operations(house).values())

    async def test_show_every_operation(self, house: House, viewer: Person) -> None:
        for (path, method), operation in operations(house).items():
            page = (await viewer.http.get(f"/api/docs/{operation['operationId']}")).text
            assert f'data-method="{method.upper()}" data-path="{path.replace("/", "&#x2f;")}"' in page
            assert operation["x-permission"] in page or "none: anyone" in page

    async def test_begin_with_an_index_of_their_subjects(self, viewer: Person) -> None:
        page = (await viewer.http.get("/api/docs")).text
        subjects = re.findall(r'<h2 id="(tag-\w+)">', page)
        assert re.findall(r'<a class="facet" href="#(tag-\w+)">', page) == subjects != []

    async def test_lead_back_where_there_is_no_such_operation(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/docs/no-such-operation", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert 'href="/api/docs"' in answer.text

    async def test_show_code_as_code(self, viewer: Person) -> None:
        for path in ("/api/docs", "/api/docs/list_objects"):
            page = re.sub(r"<(script|textarea)\b.*?</\1>", "", (await viewer.http.get(path)).text, flags=re.DOTALL)
            assert "<code>" in page
            assert "`" not in page

    async def test_ask_no_foreign_host(self, viewer: Person) -> None:
        for path in ("/api/docs", "/api/docs/list_objects"):
            page = (await viewer.http.get(path)).text
            assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
