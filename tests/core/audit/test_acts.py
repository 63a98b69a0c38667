"""Every route that changes something can leave a record: found in the code that it reaches, route by route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from basefly.app import SLICES
from basefly.core.audit.actions import record

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# Unsafe by their method, though they change nothing.
CHANGE_NOTHING = {
    "POST /kubeconfigs": "reads a kubeconfig that is too long, and too secret, for an address",
    "POST /cluster-checks": "tries credentials that are not kept",
    "POST /sessions/challenges": "asks a browser for a proof; what it proves is on record",
    "POST /me/proofs/challenges": "the same",
    "POST /me/passkeys/challenges": "the same; the passkey made of it is on record",
    "POST /me/factors/totp": "shows a secret that counts for nothing until it is confirmed, which is on record",
    "POST /settings/security/totp": "the same, as a page",
    "POST /settings/identities": "leads to the provider; what is linked on the way back is on record",
    "POST /password-resets": "tells nobody whether the address is someone's; the password set anew is on record",
    "POST /forgot-password": "the same, as a page",
    "POST /device-sign-ins": "nobody is known yet; who approves or refuses is on record",
}


def unsafe() -> Iterator[tuple[str, HTTPRouteHandler]]:
    for slice_ in SLICES:
        for handler in (*slice_.api, *slice_.pages):
            if handler.http_methods & UNSAFE:
                yield from ((f"{min(handler.http_methods)} {path}", handler) for path in sorted(handler.paths))


ROUTES = dict(unsafe())


@pytest.mark.parametrize("route", [each for each in ROUTES if each not in CHANGE_NOTHING])
def test_every_change_reaches_the_record(route: str) -> None:
    assert record in reached(ROUTES[route].fn), f"{route} leaves no trace of who did it"


@pytest.mark.parametrize("route", CHANGE_NOTHING)
def test_what_changes_nothing_is_there_and_records_nothing(route: str) -> None:
    assert record not in reached(ROUTES[route].fn)


def test_there_are_many() -> None:
    assert len(ROUTES) > 30


def test_the_search_finds_what_is_called_and_nothing_else() -> None:
    assert helper in reached(caller)
    assert record not in reached(caller)


def helper() -> None: ...


def caller() -> Callable[[], None]:
    return lambda: helper()  # noqa: PLW0108  # the call is what is looked for


def reached(start: Callable[..., Any]) -> set[Any]:
    """The functions of ours that a function names, and those that they name, to the end."""
    seen: set[Any] = set()
    waiting = [start]
    while waiting:
        function = waiting.pop()
        if isinstance(function, FunctionType) and function not in seen:
            seen.add(function)
            waiting += named(function)
    return seen


def named(function: FunctionType) -> Iterator[Any]:
    names = set(words(function.__code__))
    own = function.__globals__.get(function.__qualname__.partition(".")[0])
    if isinstance(own, type):  # a method's own class, whose others it calls through self
        yield from (vars(own)[inner] for inner in names if inner in vars(own))
    for name in names & function.__globals__.keys():
        thing = function.__globals__[name]
        if isinstance(thing, ModuleType) and thing.__name__.startswith("basefly."):
            yield from (getattr(thing, inner) for inner in names if inner in vars(thing))
        elif isinstance(thing, type) and thing.__module__.startswith("basefly."):
            yield from (vars(thing)[inner] for inner in names if inner in vars(thing))
        elif getattr(thing, "__module__", "").startswith(("basefly.", __name__)):
            yield thing


def words(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from words(constant)
