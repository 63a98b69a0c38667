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
    (reference, *others) = parse(word)
    places = [reference.cluster] if reference.cluster else clusters
    if others or not reference.name:
        raise misuse("Whose log?", "Name one object: pod/web-1, or deploy/web for all of its pods.")
    if len(places) != 1:
        raise misuse(f"In which cluster is {reference.kind}/{reference.name}?", "Name one with --cluster.")
    path = f"/clusters/{quote(places[0], safe='')}/objects/{quote(reference.kind)}/{quote(reference.name)}/log"
    where = reference.namespace or namespace
    with connect() as hub, hub.lines(path, {**params, **({"namespace": where} if where else {})}) as lines:
        for line in lines:
            terminal.say(terminal.clean_lines(line))
            terminal.flush()
