"""The chance and the time of a seeded cluster, and the metadata that its objects share."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from basefly.sim.seeds.managed import Writer, managed_fields

Object = dict[str, Any]
T = TypeVar("T")
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class World:
    """Objects by resource, as they are planted. The same `chance` and `at` make the same objects."""

    chance: random.Random
    at: datetime
    planted: dict[str, list[Object]] = field(default_factory=dict)
    shared: dict[int, Object] = field(default_factory=dict)
    """What is worked out once for many objects, by the id of what it was worked out from."""

    @classmethod
    def of(cls, seed: str, at: datetime | None = None) -> World:
        chance = random.Random(seed)  # noqa: S311  # names and sizes that a seed repeats, no secrets
        return cls(chance, (at or datetime.now(UTC)).replace(microsecond=0))

    def add(self, resource: str, obj: Object, *writers: Writer) -> Object:
        """Plant an object; each writer becomes an entry of its managedFields."""
        if writers:
            obj["metadata"]["managedFields"] = managed_fields(obj, writers)
        self.planted.setdefault(resource, []).append(obj)
        return obj

    def metadata(
        self,
        name: str,
        namespace: str = "",
        *,
        age: timedelta,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        owner: Object | None = None,
    ) -> Object:
        """Metadata with a uid and the time of creation; `owner` is an ownerReference."""
        meta: Object = {"name": name, "namespace": namespace, "uid": self.uid(), "creationTimestamp": self.ago(age)}
        meta |= {"labels": labels or {}, "annotations": annotations or {}}
        return meta | ({"ownerReferences": [owner]} if owner else {})

    def uid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        return "".join(self.chance.choices(_SUFFIX, k=length))

    def pick(self, choices: Sequence[T]) -> T:
        return self.chance.choice(choices)

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def age(self, least: timedelta, most: timedelta) -> timedelta:
        """A duration between two others, in whole seconds."""
        return timedelta(seconds=self.chance.randint(int(least.total_seconds()), int(most.total_seconds())))

    def ago(self, age: timedelta) -> str:
        return (self.at - age).isoformat().removesuffix("+00:00") + "Z"


def owned_by(obj: Object, api_version: str, kind: str) -> Object:
    """The ownerReference of a controller."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
