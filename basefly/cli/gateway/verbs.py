"""Verbs from the command line: the same verb for one object or many, over clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from basefly.cli import terminal
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect


def do(verb: str, words: Sequence[str], places: tuple[Sequence[str], str], *, yes: bool = True, **needs: Any) -> None:
    """Do it to KIND/NAME or KIND NAME… in these clusters and this namespace; a line for each object."""
    clusters, namespace = places
    named = objects(words)
    if not clusters:
        raise misuse("Which cluster? A verb changes something, so it is never done to all by itself.",
                     "Name one or more: --cluster prod-eu.")  # fmt: skip
    targets = [
        {"cluster": cluster, "resource": kind, "namespace": namespace, "name": name}
        for cluster in clusters
        for kind, name in named
    ]
    told = ", ".join(f"{kind}/{name}" for kind, name in named)
    terminal.sure(f"{verb.capitalize()} {told} in {', '.join(clusters)}?", yes=yes)
    with connect() as hub:
        results = hub.post("/object-changes", {"verb": verb, "objects": targets, **needs})["results"]
    for result in results:
        terminal.say(_line(result))
    undone = [result for result in results if result["outcome"] != "done"]
    if undone:
        all_ = len(undone) == len(results)
        raise Failure(
            f"{len(undone)} of {len(results)} were not done.",
            cure=next((result["cure"] for result in undone if result["cure"]), ""),
            exit_code=Exit.ERROR if all_ else Exit.PARTIAL,
        )


def objects(words: Sequence[str]) -> list[tuple[str, str]]:
    """KIND/NAME…, or KIND NAME… as kubectl takes them."""
    if all("/" in word for word in words):
        pairs = [word.partition("/")[::2] for word in words]
    else:
        kind, *names = words
        pairs = [(kind, name) for name in names]
    if not pairs or not all(kind and name and "/" not in name for kind, name in pairs):
        raise misuse("Which object?", "Name it as for kubectl: deploy/web, or deploy web.")
    return [(kind, name) for kind, name in pairs]


def _line(result: dict[str, Any]) -> str:
    target = result["object"]
    place = f"{target['resource']}/{target['name']}"
    where = " in ".join(part for part in (target["namespace"], target["cluster"]) if part)
    told = f": {result['detail']}" if result["detail"] else ""
    return terminal.clean(f"{result['outcome']:<8}{place}  {where}{told}")
