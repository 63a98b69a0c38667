"""Shapes of objects, written as YAML with $names for what varies, cut into stencils that make JSON at little cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml

from basefly.sim.seeds.managed import Writer, managed_fields
from basefly.sim.store.record import ordered

Values = Mapping[str, Any]
_FILES = ("cluster.yaml", "workloads.yaml", "surroundings.yaml")
_HOLE = re.compile(r'(?<!\\)"\$(\w+)"|\$\{(\w+)\}|\$(\w+)')
"""A whole JSON string takes any value; inside of a string the value is put in as text, which must need no escapes."""


class _Signature(msgspec.Struct):
    """Who wrote which members of a shape; each becomes an entry of managedFields."""

    manager: str
    time: str
    paths: tuple[str, ...]
    subresource: str = ""


class _Shape(msgspec.Struct):
    """`object` is the manifest without kind and apiVersion."""

    resource: str
    object: dict[str, Any]
    version: str = "v1"
    writers: tuple[_Signature, ...] = ()


class Owner(msgspec.Struct):
    uid: str


class Identity(msgspec.Struct, rename="camel"):
    name: str
    uid: str
    namespace: str | None
    labels: dict[str, str] | None
    owner_references: tuple[Owner, ...] | None


class _Cut:
    """A JSON text, cut at what varies."""

    def __init__(self, obj: Any) -> None:
        self._first, *pieces = _HOLE.split(msgspec.json.encode(obj).decode())
        wholes, braced, bare, self._rest = (pieces[n::4] for n in range(4))
        named = zip(wholes, braced, bare, strict=True)
        self._holes = [(whole or inner or plain, bool(whole)) for whole, inner, plain in named]

    def fill(self, values: Values) -> bytes:
        made = [self._first]
        for (name, whole), piece in zip(self._holes, self._rest, strict=True):
            value = values[name]
            made += (msgspec.json.encode(value).decode() if whole else str(value), piece)
        return "".join(made).encode()


class Stencil:
    """What makes the objects of one shape."""

    def __init__(self, shape: _Shape) -> None:
        self.resource = shape.resource
        obj = shape.object
        writers = [Writer(s.manager, s.paths, s.time, shape.version, s.subresource) for s in shape.writers]
        meta = obj["metadata"] | {"resourceVersion": "$version", "managedFields": managed_fields(obj, writers)}
        self._whole = _Cut(obj | {"metadata": ordered(meta)})
        self._identity = _Cut({key: obj["metadata"].get(key) for key in Identity.__struct_encode_fields__})

    def fill(self, version: int, values: Values) -> bytes:
        """The JSON of an object at a version."""
        return self._whole.fill({"version": str(version), **values})

    def identity(self, values: Values) -> Identity:
        """What has to be known of an object though nobody asks for it."""
        return msgspec.json.decode(self._identity.fill(values), type=Identity)


@cache
def stencil(name: str) -> Stencil:
    """The stencil of a shape, such as `pod`."""
    return Stencil(_shapes()[name])


@cache
def _shapes() -> dict[str, _Shape]:
    shapes: dict[str, Any] = {}
    for name in _FILES:
        shapes |= yaml.safe_load(resources.files("basefly.sim.seeds.shapes").joinpath(name).read_text())
    return msgspec.convert(shapes, dict[str, _Shape])
