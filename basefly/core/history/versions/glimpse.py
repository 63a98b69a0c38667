"""From the bytes of an object to what is kept of it: what people write, without what a cluster adds by itself. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from basefly.base.kube.objects import decode
from basefly.base.kube.watch import Body
from basefly.core.history.model import ONLY_ALONE
from basefly.core.sync.witness import Glimpse

MOST = 256 * 1024  # bytes of what is kept of one object; of a larger one only its labels and that it changed
_BESIDE = ("kind", "apiVersion", "metadata", "status")  # members that are no content
# Annotations that controllers keep for themselves, or that repeat the object, a secret's values included.
_NOISE = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration",
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "node.alpha.kubernetes.io/ttl",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
})  # fmt: skip


class _Owner(msgspec.Struct, frozen=True, gc=False):
    controller: bool = False


class _Managed(msgspec.Struct, frozen=True, gc=False):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str = ""


class _Meta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    uid: str = ""
    labels: dict[str, msgspec.Raw] | None = None  # values stay as they are: some annotations are long
    annotations: dict[str, msgspec.Raw] | None = None
    finalizers: list[str] | None = None
    owner_references: list[_Owner] | None = None
    managed_fields: list[_Managed] | None = None


class _Whole(NamedTuple):
    meta: _Meta
    content: dict[str, Any]


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_metas = msgspec.json.Decoder(_Meta)
_values = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_encode = msgspec.json.Encoder().encode


class Looking:
    """Looks at the objects of one organization; `key` makes the marks of secrets' values."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, resource: str, body: Body) -> Glimpse | None:
        """What is kept of an object; nothing of one that cannot be read, or that only follows from its owner."""
        try:
            meta, content = _taken_apart(body)
            if resource in ONLY_ALONE and any(owner.controller for owner in meta.owner_references or ()):
                return None
            if resource == "secrets":
                content = self._marked(meta.uid, content)
        except msgspec.DecodeError:
            return None
        text = _encode({"metadata": _described(meta)} | content)
        digest = int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
        if len(text) > MOST:
            told = f"{len(text)} bytes, more than are kept; mark {digest & 0xFFFFFFFF:08x}"
            text = _encode({"metadata": _described(meta), "omitted": told})
        wrote = _last(meta.managed_fields or [])
        return Glimpse(digest, text, wrote.manager, wrote.subresource or wrote.operation, wrote.time)

    def _marked(self, uid: str, content: dict[str, Any]) -> dict[str, Any]:
        """A secret with a mark in the place of each value: alike for the same value of the same key, and no more."""
        values = _values.decode(content.pop("data", b"null")) or {}
        content.pop("stringData", None)
        return content | {"data": {key: self._mark(f"{uid}/{key}", bytes(raw)) for key, raw in values.items()}}

    def _mark(self, place: str, value: bytes) -> str:
        return f"(hidden, mark {blake2b(place.encode() + b'=' + value, digest_size=4, key=self._key).hexdigest()})"


def _taken_apart(body: Body) -> _Whole:
    members = decode(_members, body)
    meta = decode(_metas, members.get("metadata", b"{}"))
    return _Whole(meta, {name: raw for name, raw in members.items() if name not in _BESIDE})


def _described(meta: _Meta) -> dict[str, Any]:
    """Of the metadata what people write."""
    notes = {key: text for key, text in (meta.annotations or {}).items() if key not in _NOISE}
    parts = {"labels": meta.labels, "annotations": notes, "finalizers": meta.finalizers}
    return {name: part for name, part in parts.items() if part}


def _last(managed: list[_Managed]) -> _Managed:
    """Whoever wrote to it last, beside its status."""
    wrote = (each for each in managed if each.subresource != "status")
    return max(wrote, key=lambda each: each.time, default=_Managed())
