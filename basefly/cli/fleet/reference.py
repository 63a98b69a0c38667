"""How people point at objects: KIND NAME, KIND/NAME, and CLUSTER:NAMESPACE/KIND/NAME as `-o name` prints them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from basefly.cli.exits import misuse

_PLAIN = re.compile(r"[\w.-]+")  # names of clusters may hold colons, slashes and spaces, as those of EKS do


class Reference(NamedTuple):
    """An object, or all of a kind where `name` is empty. Empty cluster or namespace: wherever it is."""

    kind: str
    name: str = ""
    namespace: str = ""
    cluster: str = ""


def parse(words: list[str]) -> list[Reference]:
    """Read the arguments of `get` and `describe`; raises Failure when they make no sense."""
    if any("/" in word for word in words[:1]):
        return [_single(word) for word in words]
    kinds = [kind for kind in words[0].split(",") if kind] if words else []
    if not kinds:
        raise misuse("Say which kind.", "For example `basefly get pods`, or `basefly get deploy/web`.")
    if len(kinds) > 1 and len(words) > 1:
        raise misuse("Several kinds and a name do not go together.", "Write KIND/NAME for each object.")
    return [Reference(kind, name) for kind in kinds for name in words[1:] or [""]]


def _single(word: str) -> Reference:
    """[CLUSTER:][NAMESPACE/]KIND/NAME. A colon behind the first slash belongs to a name such as system:node."""
    head, _, rest = word.partition("/")
    cluster, colon, first = head.rpartition(":")
    first = first if colon else head
    parts = [first, *rest.split("/", 1)] if rest.count("/") else [first, rest]
    if not all(parts):
        raise misuse(f"{word!r} names no object.", "Write KIND/NAME or CLUSTER:NAMESPACE/KIND/NAME.")
    namespace, kind, name = parts if len(parts) == 3 else ("", *parts)
    return Reference(kind, name, namespace, cluster)


def name_of(item: dict[str, Any]) -> str:
    """The reference to a row, as `-o name` prints it; with the cluster's id where its name would not read back."""
    group = item["resource"].partition(".")[2]
    kind = item["kind"].lower() + (f".{group}" if group else "")
    namespace = f"{item['namespace']}/" if item.get("namespace") else ""
    cluster = item["cluster"]["name"] if _PLAIN.fullmatch(item["cluster"]["name"]) else item["cluster"]["id"]
    return f"{cluster}:{namespace}{kind}/{item['name']}"
