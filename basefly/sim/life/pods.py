"""Pods: what controllers read of them, how they are made from a template, and what is said of their containers."""

from __future__ import annotations

import zlib
from copy import deepcopy
from functools import lru_cache
from typing import Any

import msgspec

from basefly.sim.bodies import defaults
from basefly.sim.clock import now
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.life.work import Object, Work, owner_reference
from basefly.sim.rules import LETTERS
from basefly.sim.store.record import Record
from basefly.sim.usage import quantity

_POD = Catalog().named("pods")


class Owner(msgspec.Struct):
    kind: str
    name: str
    uid: str


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str
    deletion_timestamp: str = ""
    deletion_grace_period_seconds: int = 0
    owner_references: tuple[Owner, ...] = ()


class _Resources(msgspec.Struct):
    requests: dict[str, str | float] = {}


class _Container(msgspec.Struct):
    resources: _Resources = msgspec.field(default_factory=_Resources)


class _Spec(msgspec.Struct, rename="camel"):
    node_name: str = ""
    containers: tuple[_Container, ...] = ()


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Restarts(msgspec.Struct, rename="camel"):
    restart_count: int = 0


class _Status(msgspec.Struct, rename="camel"):
    phase: str = "Pending"
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: tuple[_Condition, ...] = ()
    container_statuses: tuple[_Restarts, ...] = ()


class Pod(msgspec.Struct):
    """The little of a pod that controllers go by."""

    metadata: _Metadata
    spec: _Spec
    status: _Status

    @property
    def owner(self) -> Owner | None:
        return self.metadata.owner_references[0] if self.metadata.owner_references else None

    @property
    def deleting(self) -> bool:
        return bool(self.metadata.deletion_timestamp)

    @property
    def finished(self) -> bool:
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def active(self) -> bool:
        return not self.deleting and not self.finished

    @property
    def ready(self) -> bool:
        return any(held.type == "Ready" and held.status == "True" for held in self.status.conditions)

    @property
    def requests(self) -> tuple[float, float]:
        """Cores and bytes."""
        asked = [container.resources.requests for container in self.spec.containers]
        cpu, memory = (sum(quantity(one.get(name, 0)) for one in asked) for name in ("cpu", "memory"))
        return cpu, memory


_decoder = msgspec.json.Decoder(Pod)


@lru_cache(16_384)
def view(record: Record) -> Pod:
    """What controllers read of a pod; a change is read by many of them, so the latest are kept."""
    return _decoder.decode(record.body)


def hash_of(template: Object) -> str:
    """A short name for a template, of the letters that Kubernetes uses."""
    number = zlib.crc32(msgspec.json.encode(template, order="sorted"))
    letters = []
    for _ in range(10):
        number, digit = divmod(number * 31 + 7, 27)
        letters.append(LETTERS[digit])
    return "".join(letters)


class Templates:
    """Pods by template: what is the same for all pods of one is worked out once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._made: dict[str, tuple[Object, Object]] = {}

    def forget(self, uid: str) -> None:
        self._made.pop(uid, None)

    def create(
        self, kind: str, owner: Object, name: str = "", *, labels: dict[str, str] | None = None, **spec: Any
    ) -> str:
        """Add a pod from its owner's template, with more labels and `spec`; returns its name."""
        meta, template = owner["metadata"], owner["spec"]["template"]
        before, made = self._made.get(meta["uid"], (None, {}))
        if before != template:
            made = _prepared(kind, owner)
            self._made[meta["uid"]] = (template, made)
        name = name or f"{meta['name']}-{''.join(self._work.chance.choices(LETTERS, k=5))}"
        named = {"name": name, "namespace": meta["namespace"], "generation": 1}
        held = made["metadata"]
        more = {"labels": held["labels"] | labels} if labels else {}
        self._work.create("pods", {**made, "metadata": held | named | more, "spec": made["spec"] | spec})
        return name


def _prepared(kind: str, owner: Object) -> Object:
    template = owner["spec"]["template"]
    meta = template.get("metadata") or {}
    shared = {"labels": meta.get("labels") or {}, "annotations": meta.get("annotations") or {}}
    if kind != "StatefulSet":
        shared["generateName"] = f"{owner['metadata']['name']}-"
    made: Object = {"metadata": shared | {"ownerReferences": [owner_reference(kind, owner)]}}
    made["spec"] = deepcopy(template["spec"])
    defaults.fill(_POD, made)
    return made


def container_statuses(pod: Object, state: Object, *, ready: bool = False) -> list[Object]:
    """What is said of every container; restarts and the last state are kept from before."""
    before = {held["name"]: held for held in pod["status"].get("containerStatuses", ())}
    return [
        _container(held, before.get(held["name"], {}), state, ready, pod["metadata"]["uid"])
        for held in pod["spec"]["containers"]
    ]


def _container(container: Object, before: Object, state: Object, ready: bool, uid: str) -> Object:
    image, ran = container["image"], "waiting" not in state
    told = {
        "name": container["name"],
        "state": state,
        "lastState": before.get("lastState", {}),
        "ready": ready,
        "restartCount": before.get("restartCount", 0),
        "image": image,
        "imageID": before.get("imageID", ""),
        "started": "running" in state,
    }
    if ran:
        number = zlib.crc32(f"{uid}/{told['restartCount']}".encode())
        told["containerID"] = f"containerd://{number:08x}{uid.replace('-', '')}{number:024x}"
        told["imageID"] = f"{image.rpartition(':')[0] or image}@sha256:{zlib.crc32(image.encode()):064x}"
    elif "containerID" in before:
        told["containerID"] = before["containerID"]
    return told


def running() -> Object:
    return {"running": {"startedAt": now()}}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
