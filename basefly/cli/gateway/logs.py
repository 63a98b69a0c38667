"""What containers say, on the terminal."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from basefly.cli import terminal
from basefly.cli.exits import misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.fleet.reference import parse


def show(word: list[str], clusters: list[str], namespace: str, params: dict[str, Any]) -> None:
    """Print the lines of one object as they come."""
    if not word:
        raise misuse("Whose log?", "Name an object, pod/web-1 or deploy/web, or choose pods by their labels with -l.")
    (reference, *others) = parse(word)
    places = [reference.cluster] if reference.cluster else clusters
    if others or not reference.name:
        raise misuse("Whose log?", "Name one object: pod/web-1, or deploy/web for all of its pods.")
    if len(places) != 1:
        raise misuse(f"In which cluster is {reference.kind}/{reference.name}?", "Name one with --cluster.")
    path = f"/clusters/{quote(places[0], safe='')}/objects/{quote(reference.kind)}/{quote(reference.name)}/log"
    where = reference.namespace or namespace
    _print(path, {**params, **({"namespace": where} if where else {})})


def show_selected(
    selector: str,
    objects: list[str] | None,
    places: tuple[list[str], str],
    params: dict[str, Any],
    everywhere: dict[str, bool],
) -> None:
    """Print the lines of the pods that have these labels."""
    clusters, namespace = places
    if objects:
        raise misuse("An object and -l do not go together.", "Leave one of them out.")
    if bool(clusters) == everywhere["clusters"]:
        raise misuse("In which clusters?", "Name them with --cluster, or say --all-clusters.")
    if namespace and everywhere["namespaces"]:
        raise misuse("-n and -A do not go together.", "Leave one of them out.")
    asked = params | {"labels": selector, "cluster": clusters}
    _print("/logs", asked if everywhere["namespaces"] else asked | {"namespace": [namespace or "default"]})


def _print(path: str, params: dict[str, Any]) -> None:
    with connect() as hub, hub.lines(path, params) as lines:
        for line in lines:
            terminal.say(terminal.clean_lines(line))
            terminal.flush()
