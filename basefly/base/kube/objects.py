"""The few shapes of Kubernetes objects that every reader needs, decoded no further than that."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

JSON = "application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class ObjectMeta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The identity of an object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class PartialObject(msgspec.Struct, frozen=True, gc=False):
    """Any object, as far as its identity."""

    metadata: ObjectMeta = ObjectMeta()


class TypeMeta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """What an object says it is."""

    kind: str = ""
    api_version: str = ""


class ListMeta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Where a list stands and how it goes on."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """One page of a list. Some servers write null for no items."""

    metadata: ListMeta = ListMeta()
    items: list[T] | None = None


class Cause(msgspec.Struct, frozen=True, gc=False):
    """One reason within a Status."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """What a Status is about."""

    name: str = ""
    group: str = ""
    kind: str = ""
    causes: list[Cause] | None = None
    retry_after_seconds: int = 0


class Status(msgspec.Struct, frozen=True, gc=False):
    """How an API server says no (meta/v1 Status)."""

    kind: str = ""
    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None


def decode(decoder: msgspec.json.Decoder[Any], body: bytes | memoryview | msgspec.Raw) -> Any:
    """Decode, with every way in which JSON can be wrong, too deep or not UTF-8 included, as msgspec.DecodeError."""
    try:
        return decoder.decode(body)
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("it is not UTF-8") from error


_status = msgspec.json.Decoder(Status)


def status(body: bytes | memoryview | msgspec.Raw) -> Status | None:
    """The Status in `body`, or nothing if it holds no Status."""
    try:
        found: Status = decode(_status, body)
    except msgspec.DecodeError:
        return None
    return found if found.kind == "Status" else None


def without_values(resource: str, whole: dict[str, Any]) -> dict[str, Any]:
    """A live object with what must stay in the cluster taken out: a secret's values, and copies of them.

    kubectl apply keeps the whole object, values included, in an annotation, so that goes too.
    """
    if resource != "secrets":
        return whole
    cleaned = dict(whole)
    for field in ("data", "stringData"):
        if isinstance(values := cleaned.get(field), dict):
            cleaned[field] = dict.fromkeys(values, "")
    meta = dict(cleaned.get("metadata") or {})
    annotations = dict(meta.get("annotations") or {})
    if annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None) is not None:
        meta["annotations"] = annotations
        cleaned["metadata"] = meta
    return cleaned
