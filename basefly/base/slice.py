"""What a slice plugs into the house: permissions, faces, long-lived things, controllers, and its place in the menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from litestar.handlers import HTTPRouteHandler

from basefly.base.runtime.controllers import Controller
from basefly.base.runtime.house import House


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
class Slice:
    """One subject, whole. `api` is mounted under /api/v1, `pages` at the root."""

    name: str
    permissions: Mapping[str, str]  # "clusters:write" -> "Register, change and remove clusters"
    api: tuple[HTTPRouteHandler, ...] = ()
    pages: tuple[HTTPRouteHandler, ...] = ()
    furnish: Callable[[House], AbstractAsyncContextManager[None]] | None = None
    controllers: Callable[[House], tuple[Controller, ...]] | None = None
    nav: tuple[Nav, ...] = ()


class Permissions(dict[str, str]):
    """Every permission of every slice, with what it allows. In the house, for whoever builds roles of them."""


def permissions(slices: Sequence[Slice]) -> Permissions:
    """All permissions; raises ValueError for one that does not carry its slice's name, which would collide one day."""
    for slice_ in slices:
        if strays := [name for name in slice_.permissions if not name.startswith(f"{slice_.name}:")]:
            raise ValueError(f"the slice {slice_.name} declares {', '.join(strays)}")
    return Permissions({name: what for slice_ in slices for name, what in slice_.permissions.items()})
