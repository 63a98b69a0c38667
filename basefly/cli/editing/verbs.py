"""Labels and annotations set and removed, and workloads rolled back to what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.editing import difference
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.gateway import verbs
from basefly.cli.show.table import Table

Places = tuple[Sequence[str], str]


def mark(verb: str, words: list[str], places: Places) -> None:
    """Label or annotate objects; a word with `=` sets, one that ends in `-` removes, as for kubectl."""
    changes: dict[str, str | None] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if sign:
            changes[key] = value
        elif word.endswith("-"):
            changes[word[:-1]] = None
    objects = [word for word in words if "=" not in word and not word.endswith("-")]
    if not changes or not objects:
        raise misuse("Say which objects, and what is set or removed.", f"basefly {verb} deploy/web env=prod team-")
    verbs.do(verb, objects, places, changes=changes)


def show(objects: list[str], places: Places) -> None:
    """What workloads were: a table of their revisions, and how each differs from what they are now."""
    with connect() as hub:
        for target in verbs.targets(objects, *places):
            found = _revisions(hub, target)
            terminal.say(terminal.clean(verbs.place(target)))
            rows = [
                (str(each["number"]), each["created_at"], "present" if each["present"] else "", each["cause"])
                for each in found
            ]
            table = Table(("revision", "made", "", "cause"))
            for line in table.draw([[terminal.clean(cell) for cell in row] for row in rows]):
                terminal.say(line)
            for each in found:
                if each["difference"]:
                    terminal.note(f"to revision {each['number']}:")
                    difference.tell(each["difference"])


def rollback(objects: list[str], places: Places, revision: int | None, *, yes: bool) -> None:
    """Show what would change, ask, and do it."""
    with connect() as hub:
        for target in verbs.targets(objects, *places):
            wanted = _wanted(_revisions(hub, target), target, revision)
            terminal.note(terminal.clean(f"{verbs.place(target)} to revision {wanted['number']}:"))
            difference.tell(wanted["difference"])
    verbs.do("rollback", objects, places, yes=yes, **({"revision": revision} if revision else {}))


def _revisions(hub: Hub, target: dict[str, str]) -> list[dict[str, Any]]:
    cluster, resource, name = (quote(target[part], safe="") for part in ("cluster", "resource", "name"))
    path = f"/clusters/{cluster}/objects/{resource}/{name}/revisions"
    found: list[dict[str, Any]] = hub.get(path, {"namespace": target["namespace"]})["items"]
    return found


def _wanted(found: list[dict[str, Any]], target: dict[str, str], revision: int | None) -> dict[str, Any]:
    fitting = [each for each in found if (each["number"] == revision if revision else not each["present"])]
    if not fitting:
        what = f"no revision {revision}" if revision else "no revision before the present one"
        raise Failure(
            f"{verbs.place(target)} has {what}.",
            cure="`basefly revisions` lists those that there are.",
            exit_code=Exit.NOT_FOUND,
        )
    return fitting[0]
