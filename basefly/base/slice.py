"""What a slice plugs into the house: permissions, faces, long-lived things, controllers, and its places in menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal

from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler

from basefly.base.principal import Principal
from basefly.base.runtime.controllers import Controller
from basefly.base.runtime.house import House
from basefly.base.settings import Role


@dataclass(frozen=True)
class Nav:
    """A line of the menu, for whoever holds its permission; SIGNED_IN is for everyone."""

    label: str
    href: str
    group: str
    icon: str
    permission: str
    order: int


@dataclass(frozen=True)
class Offer:
    """Something that whoever reads a page may do to what it shows; `order` is its place in the menu."""

    label: str
    href: str
    symbol: str
    order: int = 50


Offers = Callable[[Principal, str, Mapping[str, str]], list[Offer]]
"""What somebody is offered on the page of this path and query; nothing on most."""
Controllers = Callable[[House], tuple[Controller, ...]]


@dataclass(frozen=True)
class Slice:
    """One subject, whole. `api` is mounted under /api/v1, `pages` and the WebSockets `sockets` at the root.

    `controllers` are told apart by the role whose work they do; those of "every" run in every process. `listeners` run
    as they do, but only to let in who asks, who must not wait behind what happens by itself.
    """

    name: str
    permissions: Mapping[str, str]  # "clusters:write" -> "Register, change and remove clusters"
    api: tuple[HTTPRouteHandler, ...] = ()
    pages: tuple[HTTPRouteHandler, ...] = ()
    sockets: tuple[WebsocketRouteHandler, ...] = ()
    furnish: Callable[[House], AbstractAsyncContextManager[None]] | None = None
    controllers: Mapping[Role | Literal["every"], Controllers] = field(default_factory=dict)
    listeners: Mapping[Role, Controllers] = field(default_factory=dict)
    nav: tuple[Nav, ...] = ()
    offers: Offers | None = None


def controllers(slices: Sequence[Slice], house: House) -> list[Controller]:
    """What happens by itself in a process of these roles."""
    ours = ("every", *house.settings.role)
    found: list[Controller] = []
    for slice_ in slices:
        found += (each for role, make in slice_.controllers.items() if role in ours for each in make(house.backstage))
        found += (each for role, make in slice_.listeners.items() if role in ours for each in make(house))
    return found


class Permissions(dict[str, str]):
    """Every permission of every slice, with what it allows. In the house, for whoever builds roles of them."""


def permissions(slices: Sequence[Slice]) -> Permissions:
    """All permissions; raises ValueError for one that does not carry its slice's name, which would collide one day."""
    for slice_ in slices:
        if strays := [name for name in slice_.permissions if not name.startswith(f"{slice_.name}:")]:
            raise ValueError(f"the slice {slice_.name} declares {', '.join(strays)}")
    return Permissions({name: what for slice_ in slices for name, what in slice_.permissions.items()})
