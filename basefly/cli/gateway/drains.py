"""Drains from the command line: looked at beforehand, ordered, followed, cancelled and resumed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table

LOOK = 1.0  # s between looks
LONGEST = 15.0  # s between tries to reach a hub that went away
OPEN = ("running", "cancelling")


def start(nodes: Sequence[str], cluster: str, options: Mapping[str, Any], *, wait: bool) -> None:
    """Order a drain, and follow it unless nobody waits."""
    with connect() as hub:
        drain = hub.post("/drains", {"cluster": cluster, "nodes": list(nodes), **options})
        terminal.note(f"Draining {', '.join(drain['nodes'])} as drain {drain['id']}.")
        if wait:
            _follow(hub, drain["id"])
        else:
            terminal.say(drain["id"])


def plan(nodes: Sequence[str], cluster: str, options: Mapping[str, Any]) -> None:
    """What would happen to each pod."""
    asked = {name: options[name] for name in ("force", "delete_emptydir_data")}
    with connect() as hub:
        items = hub.get("/drain-plan", {"cluster": cluster, "node": list(nodes), **asked})["items"]
    table = Table(["pod", "what", "why"])
    rows = ([f"{each['namespace']}/{each['name']}", each["verdict"], each["why"]] for each in items)
    for line in table.draw([terminal.clean(text) for text in row] for row in rows):
        terminal.say(line)


def follow(drain: str) -> None:
    """Follow a drain to its end."""
    with connect() as hub:
        _follow(hub, drain)


def show_all(cluster: str, output: str) -> None:
    """The latest drains."""
    with connect() as hub:
        items = hub.get("/drains", {"cluster": cluster} if cluster else {})["items"]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
        return
    table = Table(["id", "cluster", "nodes", "state", "pods", "by", "age"])
    for line in table.draw(_row(each) for each in items):
        terminal.say(line)


def cancel(drain: str, *, wait: bool) -> None:
    """Give a drain up."""
    with connect() as hub:
        hub.post(f"/drains/{drain}/cancellations")
        terminal.note(f"Cancelling drain {drain}.")
        if wait:
            _follow(hub, drain, wanted="cancelled")


def resume(drain: str, *, wait: bool) -> None:
    """Let a drain go on that stopped."""
    with connect() as hub:
        hub.post(f"/drains/{drain}/resumptions")
        terminal.note(f"Drain {drain} goes on.")
        if wait:
            _follow(hub, drain)


def _follow(hub: Hub, drain: str, wanted: str = "done") -> None:
    """A line for whatever is new, until it ends; Ctrl-C leaves it running."""
    try:
        found = _watched(hub, drain)
    except KeyboardInterrupt:
        terminal.note(f"The drain goes on: basefly drains --follow {drain}, or end it: basefly cancel-drain {drain}.")
        raise
    state, told = found["drain"]["state"], found["drain"]
    if state != wanted:
        notes = [f"{pod['namespace']}/{pod['name']}: {pod['why']} {pod['cure']}" for pod in _stuck(found)]
        raise Failure(
            f"The drain is {state}. {told['why']}".strip(),
            cure=f"{told['cure']} basefly resume-drain {drain}".strip() if state != "cancelled" else "",
            notes=tuple(terminal.clean(note) for note in notes),
            exit_code=Exit.ERROR,
        )
    terminal.note(f"{', '.join(told['nodes'])}: {state}.")


def _watched(hub: Hub, drain: str) -> dict[str, Any]:
    seen: dict[str, str] = {}
    pause = LOOK
    while True:
        try:
            found: dict[str, Any] = hub.get(f"/drains/{drain}")
        except Failure as failure:
            if failure.exit_code is not Exit.UNREACHABLE or pause == LONGEST:
                raise
            pause = min(pause * 2, LONGEST)
        else:
            pause = LOOK
            _tell(found["pods"], seen)
            if found["drain"]["state"] not in OPEN:
                return found
        time.sleep(pause)


def _tell(pods: Sequence[Mapping[str, Any]], seen: dict[str, str]) -> None:
    """A line for each pod that is not where it was."""
    for pod in pods:
        line = _line(pod)
        if seen.get(pod["uid"]) != line:
            seen[pod["uid"]] = line
            terminal.say(line)
    terminal.flush()


def _stuck(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [pod for pod in found["pods"] if pod["cure"] and pod["state"] not in ("gone", "skipped")]


def _line(pod: Mapping[str, Any]) -> str:
    told = f"  {pod['why']}" if pod["why"] else ""
    return terminal.clean(f"{pod['state']:<9}{pod['namespace']}/{pod['name']}{told}")


def _row(drain: Mapping[str, Any]) -> list[str]:
    pods, nodes = drain["pods"], drain["nodes"]
    named = ", ".join(nodes[:3]) + (f" +{len(nodes) - 3}" if len(nodes) > 3 else "")
    told = [drain["id"], drain["cluster"]["name"], named, drain["state"]]
    left = f"{pods['gone']}/{pods['pods'] - pods['skipped']}"
    return [terminal.clean(text) for text in (*told, left, drain["started_by"])] + [values.age(drain["created_at"])]


def one(clusters: Sequence[str]) -> str:
    """The cluster that is meant."""
    if len(clusters) != 1:
        raise misuse("In which cluster?", "Name one with --cluster.")
    return clusters[0]
