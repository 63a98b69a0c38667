"""One object, whole: as its cluster has it for `get NAME -o yaml`, and told to people for `describe`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Kinds
from basefly.cli.fleet.query import Asked, rows
from basefly.cli.show import description

CLUSTER_ANNOTATION = "basefly.io/cluster"  # tells objects apart where several clusters answer at once

Item = dict[str, Any]


def whole(hub: Hub, items: list[Item]) -> Any:
    """The objects of these rows; one stands alone, several in a List in which each names its cluster."""
    found = [(item, fetch(hub, item)) for item in items]
    for item, answer in found:
        if not answer["live"]:
            terminal.warn(f"{terminal.clean(item['cluster']['name'])}: {outdated(answer)}; only its outline is known")
    if len(found) == 1:
        return _readable(found[0][1]["object"])
    objects = [_readable(answer["object"], item["cluster"]["name"]) for item, answer in found]
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def _readable(whole_object: Item, cluster: str = "") -> Item:
    """Without the managed fields, as kubectl prints it; with the name of its cluster if that is given."""
    meta = {name: value for name, value in (whole_object.get("metadata") or {}).items() if name != "managedFields"}
    if cluster:
        meta["annotations"] = {**(meta.get("annotations") or {}), CLUSTER_ANNOTATION: cluster}
    return {**whole_object, "metadata": meta}


def fetch(hub: Hub, item: Item, part: str = "") -> Any:
    """The object of a row, or a part of what is known about it ("graph", "events")."""
    path = (
        f"/clusters/{item['cluster']['id']}/objects/{quote(item['resource'], safe='')}/{quote(item['name'], safe='')}"
    )
    namespace = {"namespace": item["namespace"]} if item.get("namespace") else {}
    return hub.get(f"{path}/{part}" if part else path, namespace)


def outdated(answer: Item) -> str:
    """Why an answer is not live, and from when it is."""
    reason = terminal.clean(answer.get("reason") or "the cluster does not answer").rstrip(".")
    return f"{reason}; known as of {answer['as_of']}" if answer.get("as_of") else reason


def describe(hub: Hub, asked: Asked) -> Exit:
    """Tell all about each object that fits; PARTIAL when a cluster did not answer."""
    if not all(ref.name for ref in asked.references):
        raise misuse("Say which object.", "basefly describe KIND NAME")
    kinds, fresh = Kinds(hub), Freshness()
    wanted = [(kinds.named(ref.kind), ref) for ref in asked.references]
    items = [item for resource, ref in wanted for page in rows(hub, asked, resource, ref, fresh) for item in page]
    all_live = [_tell(hub, item, first=place == 0) for place, item in enumerate(items)]
    exit_code = fresh.tell()
    if not items:
        ref = asked.references[0]
        raise Failure(
            f"There is no {ref.kind} {ref.name!r}.",
            cure=f"`basefly search {ref.name}` looks for it everywhere.",
            exit_code=Exit.NOT_FOUND,
        )
    return exit_code if all(all_live) else Exit.PARTIAL


def _tell(hub: Hub, item: Item, *, first: bool) -> bool:
    """Describe one object; whether it came live."""
    answer = fetch(hub, item)
    graph, events = fetch(hub, item, "graph"), fetch(hub, item, "events")["items"]
    if not first:
        terminal.say("\n" + "─" * 40 + "\n")
    age = "live" if answer["live"] else outdated(answer)
    terminal.write(description.text(item, answer["object"], age, graph, events))
    return bool(answer["live"])
