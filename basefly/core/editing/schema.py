"""What may be written where in an object: fields with their types and documentation, from its cluster's own OpenAPI.

A document is named by the hash of its content, so it is read once, for whichever cluster has the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

from basefly.base.errors import NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.perform import Target, address

KEPT = 24  # documents; the largest, that of the core group, takes a few megabytes

Schema = dict[str, Any]

_KIND = "x-kubernetes-group-version-kind"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field: `type` as people say it, such as `string`, `[]object` or `map[string]string`."""

    name: str
    type: str
    description: str = ""
    required: bool = False
    values: list[str] = []
    default: Any = None


class Documents:
    """The documents that were read, by hash; those not asked for the longest go first."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Schema] = OrderedDict()

    async def get(self, house: House, by: Principal, cluster: str, place: str) -> Schema:
        """The document of a group and version, which this person may read. Raises what the cluster says, NotFound."""
        index = (await asking.get(house, by, cluster, "/openapi/v3"))["paths"]
        if place not in index:
            raise NotFound(f"The cluster has no documentation of {place}.")
        url = index[place]["serverRelativeURL"]
        found = self._held.get(url) if "hash=" in url else None
        if found is None:
            found = await asking.get(house, by, cluster, url)
            self._held[url] = found
            if len(self._held) > KEPT:
                self._held.popitem(last=False)
        self._held.move_to_end(url)
        return found


async def fields(house: House, by: Principal, target: Target, at: str) -> list[Field]:
    """The fields at a path such as `spec.template.spec.containers`; none where anything may stand."""
    cluster, _, path = await address(house, by, msgspec.structs.replace(target, name="any"))
    parts = path.strip("/").split("/")
    place = "/".join(parts[: 2 if parts[0] == "api" else 3])
    document = await house.get(Documents).get(house, by, cluster, place)
    return found(document, parts[-2], [step for step in at.split(".") if step])


def found(document: Schema, plural: str, steps: list[str]) -> list[Field]:
    """The fields at a path within the kind that a plural stands for; lists count as their members."""
    schema = _resolved(document, _kind(document, plural))
    for step in steps:
        properties = _properties(document, schema)
        below = properties.get(step) or schema.get("additionalProperties")
        if not isinstance(below, dict):
            return []
        schema = _member(document, below)
    required = set(schema.get("required", ()))
    properties = _properties(document, schema)
    return [_field(document, name, properties[name], required=name in required) for name in properties]


def _kind(document: Schema, plural: str) -> Schema:
    """The schema of a kind, by the plural that its paths end in."""
    named = next(
        (
            operation[_KIND]
            for path, operations in document.get("paths", {}).items()
            if path.rpartition("/")[0].endswith(f"/{plural}") and path.endswith("/{name}")
            for operation in operations.values()
            if isinstance(operation, dict) and _KIND in operation
        ),
        None,
    )
    for schema in document["components"]["schemas"].values() if named else ():
        if named in schema.get(_KIND, ()):
            held: Schema = schema
            return held
    raise NotFound(f"The cluster does not document {plural}.")


def _resolved(document: Schema, schema: Schema) -> Schema:
    """A schema with what it refers to; its own description counts more."""
    made: Schema = {}
    for part in (*schema.get("allOf", ()), schema):
        made |= document["components"]["schemas"].get(part.get("$ref", "").rpartition("/")[2], part)
    return made


def _member(document: Schema, schema: Schema) -> Schema:
    """What stands in a field: of a list its members."""
    schema = _resolved(document, schema)
    while schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        schema = _resolved(document, schema["items"])
    return schema


def _properties(document: Schema, schema: Schema) -> dict[str, Schema]:
    return {name: _resolved(document, each) for name, each in (schema.get("properties") or {}).items()}


def _field(document: Schema, name: str, schema: Schema, *, required: bool) -> Field:
    member = _member(document, schema)
    return Field(
        name=name,
        type="".join(_type(document, schema)),
        description=schema.get("description", ""),
        required=required,
        values=[str(value) for value in member.get("enum", ())],
        default=schema.get("default"),
    )


def _type(document: Schema, schema: Schema) -> Iterator[str]:
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        yield "[]"
        yield from _type(document, schema.get("items") or {})
    elif isinstance(schema.get("additionalProperties"), dict):
        yield "map[string]"
        yield from _type(document, schema["additionalProperties"])
    elif schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        yield "integer or string"
    else:
        yield schema.get("type") or ("string" if "oneOf" in schema else "any")
