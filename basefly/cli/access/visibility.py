"""Show and choose whose rules decide what people see."""

from __future__ import annotations

from basefly.cli import terminal
from basefly.cli.access.listing import Item, print_items
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents

_CHOICES = {"hub": "what the hub's grants give", "clusters": "of that, what each cluster's own RBAC allows"}
_STATES = {
    "agrees": "its roles decide",
    "unasked": "its roles decide; not compared yet",
    "refused": "its roles decide; could not be compared",
    "differs": "the cluster is asked",
    "unread": "shows nothing",
}


def show(output: str) -> None:
    """The choice and the clusters."""
    with connect() as hub:
        answer = hub.get("/rights")
    if output in ("json", "yaml"):
        terminal.write(documents.written(answer, output))
        return
    choice = answer["chosen"]["choice"]
    terminal.note(f"People see {_CHOICES.get(choice, terminal.clean(choice))}.")
    print_items(answer["clusters"], output, ["name", "state", "reason"], _row)


def choose(choice: str) -> None:
    """Choose."""
    with connect() as hub:
        chosen = hub.put("/rights", {"choice": choice})
    terminal.note(f"People see {_CHOICES.get(chosen['choice'], terminal.clean(chosen['choice']))}.")


def _row(item: Item) -> list[str]:
    return [item["name"], _STATES.get(item["state"], item["state"]), item["detail"]]
