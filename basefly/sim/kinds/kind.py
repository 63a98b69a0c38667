"""One kind of object in one version: names, scope, verbs and subresources, as discovery tells them."""

from __future__ import annotations

from typing import Any

import msgspec


class Subresource(msgspec.Struct, frozen=True):
    """A part of an object under a path of its own, such as `status`; `kind` is what it speaks."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of one version. All versions of a kind share their objects under `name`."""

    group: str = ""
    version: str = ""
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    definition: str = ""
    """Name of the custom resource definition, empty for what is built in."""
    list_kind: str = ""
    schema: dict[str, Any] = {}
    columns: tuple[dict[str, Any], ...] = ()
    scale: dict[str, str] = {}
    """The paths of a custom resource's replica counts."""

    @property
    def name(self) -> str:
        """The name that people and `kubectl` use: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_name(self) -> str:
        return self.list_kind or f"{self.kind}List"

    @property
    def head(self) -> bytes:
        """How an object of this kind begins in JSON, up to its first own member."""
        return b'{"kind":"%s","apiVersion":"%s",' % (self.kind.encode(), self.api_version.encode())

    def part(self, name: str) -> Subresource | None:
        return next((part for part in self.subresources if part.name == name), None)
