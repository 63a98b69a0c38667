"""The processes that run the hub."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table


def show(output: str) -> None:
    """Every process that lives; and the clusters that none of them follows, each with the reason."""
    with connect() as hub:
        found = hub.get("/hub/processes")
    if output in ("json", "yaml"):
        terminal.write(documents.written(found, output))
    elif output == "name":
        for one in found["items"]:
            terminal.say(terminal.clean(one["name"]))
    else:
        table = Table(["name", "roles", "regions", "clusters", "version", "age", "seen"])
        for line in table.draw(_row(one) for one in found["items"]):
            terminal.say(line)
    for one in found["unfollowed"]:
        terminal.note(terminal.clean(f"{one['name']} is not followed: {one['reason']}."))


def _row(one: dict[str, Any]) -> list[str]:
    follows = str(one["clusters"]) if "sync" in one["roles"] else ""
    regions = terminal.clean(",".join(one["regions"])) or ("any" if "sync" in one["roles"] else "")
    ages = [values.age(one[moment]) for moment in ("started_at", "seen_at")]
    return [terminal.clean(one["name"]), ",".join(one["roles"]), regions, follows, one["version"], *ages]
