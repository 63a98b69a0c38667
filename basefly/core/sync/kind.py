"""What a kind of Kubernetes object is to us: which fields are kept, how they become a row, and what its cells are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from struct import Struct
from typing import Any, Literal, NamedTuple

import msgspec

Health = Literal["ok", "warn", "bad", "idle"]
ColumnType = Literal["text", "number", "bytes", "cores", "time", "list"]


class Owner(msgspec.Struct, frozen=True, gc=False):
    """An owner reference, as far as the owner graph needs it."""

    uid: str = ""
    controller: bool = False


class Meta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The kept part of ObjectMeta. Labels stay JSON: they go into the row as they came."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: msgspec.Raw = msgspec.Raw(b"{}")
    owner_references: list[Owner] = []


class Column(msgspec.Struct, frozen=True):
    """One of a kind's own columns: the name is its key in `cells`, the type says how it is shown and sorted.

    `wide` columns are shown only where there is room, as with `kubectl get -o wide`.
    """

    name: str
    title: str
    type: ColumnType = "text"
    wide: bool = False


class Projection(NamedTuple):
    """What a kind makes of an object beyond its metadata."""

    status: str
    health: Health
    cells: Mapping[str, Any]
    owner: str = ""  # uid of what the object belongs to, where that is no owner reference


class Row(msgspec.Struct, frozen=True, gc=False):
    """An object as it is stored. `labels` and `cells` are JSON; `digest` changes when anything shown does."""

    uid: str
    namespace: str
    name: str
    resource_version: str
    created_at: str
    status: str
    health: Health
    owner_uid: str
    labels: str
    cells: str
    digest: int


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind, decoded only as far as `shape` says, and projected into a row by `project` (pure, no waiting)."""

    resource: str  # plural, with its group: "pods", "deployments.apps"
    kind: str
    short: tuple[str, ...] = ()
    group: str  # where the navigation shows it: workloads, network, config, storage, access, cluster, custom
    columns: tuple[Column, ...] = ()
    shape: type[Any]
    project: Callable[[Any], Projection]
    metadata_only: bool = False  # ask the server for PartialObjectMetadata


UNREADABLE = "Unreadable"  # the status of an object that is there, and of which nothing else can be kept
EPOCH = "1970-01-01T00:00:00Z"  # for the few objects that carry no creation time
_encode = msgspec.json.Encoder(order="sorted").encode
_number = Struct(">q").unpack


def row(kind: Kind, decoded: Any) -> Row:
    """Project one decoded object (an instance of `kind.shape`) into its row."""
    meta: Meta = decoded.metadata
    status, health, cells, owner = _projected(kind, decoded)
    owner = owner or controller(meta)
    labels = bytes(meta.labels)
    if labels == b"null":
        labels = b"{}"
    encoded = _encode(cells)
    shown = f"{status}\0{health}\0{owner}\0{meta.namespace}\0{meta.name}".encode()
    return Row(  # by place, for this is done for every event of a fleet
        meta.uid or identity(meta),
        meta.namespace,
        meta.name,
        meta.resource_version,
        meta.creation_timestamp or EPOCH,
        status,
        health,
        owner,
        labels.decode("utf-8", "replace"),
        encoded.decode(),
        _number(blake2b(encoded + labels + shown, digest_size=8).digest())[0],
    )


def identity(meta: Meta) -> str:
    """The uid; the few virtual kinds without one are known by their path."""
    return meta.uid or f"{meta.namespace}/{meta.name}"


def unreadable(uid: str, namespace: str, name: str, reason: str) -> Row:
    """The row of an object of which nothing can be kept but that it is there, and why: it is set aside, and seen."""
    cells = _encode({"unreadable": reason[:500]})
    digest = int.from_bytes(blake2b(cells, digest_size=8).digest(), "big", signed=True)
    uid, namespace, name = (
        "".join(c if c.isprintable() else "\ufffd" for c in text) for text in (uid, namespace, name)
    )
    return Row(uid, namespace, name, "", EPOCH, UNREADABLE, "warn", "", "{}", cells.decode(), digest)


def _projected(kind: Kind, decoded: Any) -> Projection:
    """What the kind makes of the object, or the reason why it can make nothing of it: one odd object hides no other."""
    try:
        return kind.project(decoded)
    except (ValueError, msgspec.MsgspecError) as error:
        return Projection(UNREADABLE, "warn", {"unreadable": str(error)})


def controller(meta: Meta) -> str:
    """The uid of the managing owner, or of the first owner, or nothing (as `kubectl` shows "Controlled By")."""
    owners = meta.owner_references
    if not owners:
        return ""
    return next((o.uid for o in owners if o.controller), owners[0].uid)


def terminating(meta: Meta, status: str, health: Health) -> tuple[str, Health]:
    """The status of an object which may be on its way out."""
    return ("Terminating", "warn") if meta.deletion_timestamp else (status, health)
