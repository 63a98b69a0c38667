"""Verbs from the command line: the same verb for one object or many, over clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from basefly.cli import terminal
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.fleet.reference import parse

SHOWN = 5  # objects that a question names


def do(verb: str, words: Sequence[str], places: tuple[Sequence[str], str], *, yes: bool = True, **needs: Any) -> None:
    """Do it to objects, named as `get` names them, in these clusters and this namespace; a line for each object."""
    meant = targets(list(words), *places)
    told = ", ".join(place(target) for target in meant[:SHOWN]) + (" …" if len(meant) > SHOWN else "")
    terminal.sure(f"{verb.capitalize()} {told}?", yes=yes)
    with connect() as hub:
        results = hub.post("/object-changes", {"verb": verb, "objects": meant, **needs})["results"]
    for result in results:
        terminal.say(_line(result))
    undone = [result for result in results if result["outcome"] != "done"]
    if undone:
        raise Failure(
            f"{len(undone)} of {len(results)} were not done.",
            cure=next((result["cure"] for result in undone if result["cure"]), ""),
            exit_code=Exit.ERROR if len(undone) == len(results) else Exit.PARTIAL,
        )


def targets(words: list[str], clusters: Sequence[str], namespace: str) -> list[dict[str, str]]:
    """Every object in every cluster that is meant: its own, where it names one, else those of --cluster."""
    found = []
    for reference in parse(words):
        if not reference.name:
            raise misuse(f"Which {reference.kind}?", "Name it: deploy/web, or deploy web.")
        places = [reference.cluster] if reference.cluster else clusters
        if not places:
            raise misuse(
                f"In which cluster is {reference.kind}/{reference.name}?",
                "Name one or more with --cluster: what changes something is never done to all by itself.",
            )
        where = reference.namespace or namespace
        found += [
            {"cluster": cluster, "resource": reference.kind, "namespace": where, "name": reference.name}
            for cluster in places
        ]
    return found


def _line(result: dict[str, Any]) -> str:
    told = f": {result['detail']}" if result["detail"] else ""
    told += f" made {result['made']}" if result.get("made") else ""
    return terminal.clean(f"{result['outcome']:<8}{place(result['object'])}{told}")


def place(target: dict[str, str]) -> str:
    """As `get -o name` writes it."""
    within = f"{target['namespace']}/" if target["namespace"] else ""
    return f"{target['cluster']}:{within}{target['resource']}/{target['name']}"
