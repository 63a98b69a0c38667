"""Why one may or may not, and who may."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from typing import Any

from basefly.cli import terminal
from basefly.cli.access.listing import Item, ends, find, member, print_items
from basefly.cli.access.places import known, named, told
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents

_MISSES = {
    "ended": "it has ended",
    "elsewhere": "it does not reach this place",
    "lesser": "its role has not this permission",
}


def why(permission: str, cluster: str, namespace: str, who: str, *, output: str) -> None:
    """Whether someone may; a Failure with the exit code of a denial if not."""
    with connect() as hub:
        names = _names(hub)
        params = _asked(permission, cluster, namespace, names)
        if who:
            params["member"] = member(hub, who)["id"]
        answer = hub.get("/access/explanation", params)
    if output in ("json", "yaml"):
        terminal.write(documents.written(answer, output))
        return
    name = terminal.clean(answer["member"]["name"])
    if answer["allowed"]:
        terminal.say(f"{name} may: {permission}.")
        for reason in answer["member"]["reasons"]:
            terminal.say(f"  {_said(reason, names)}")
        if answer["beyond"]:
            terminal.say(terminal.clean(answer["beyond"]))
        return
    misses = [f"{_said(each, names)}: {_MISSES[each['miss']]}" for each in answer["misses"]]
    granting = ", ".join(f"{terminal.clean(p['name'])} <{terminal.clean(p['email'])}>" for p in answer["granting"])
    raise Failure(
        f"{name} may not: no grant gives {permission} there.",
        cure=f"Ask {granting}." if granting else "Nobody but an owner can give it.",
        notes=tuple(misses),
        exit_code=Exit.DENIED,
    )


def who(permission: str, cluster: str, namespace: str, output: str) -> None:
    """Everyone who may, a line for each grant."""
    with connect() as hub:
        names = _names(hub)
        items = hub.get("/access/holders", _asked(permission, cluster, namespace, names))["items"]
    if output in ("json", "yaml", "name"):
        print_items(items, output, [], lambda _item: [], name="email")
        return
    rows = [{"person": person, "reason": reason} for person in items for reason in person["reasons"]]
    print_items(rows, output, ["name", "email", "role", "through", "over", "ends"], lambda row: _row(row, names))


def review(output: str) -> None:
    """Who has what, a line for each member and grant."""
    with connect() as hub:
        items = hub.get("/access/review")["items"]
        names = named(hub, items)
    headings = ["name", "email", "role", "through", "over", "since", "by", "ends", "reason"]
    if output == "csv":
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(headings)
        rows.writerows([_harmless(cell) for cell in _entry(item, names)] for item in items)
        return
    print_items(items, output, headings, lambda item: _entry(item, names), name="email")


def _entry(item: Item, names: Mapping[str, str]) -> list[str]:
    place = told(item["where"], names) if item["role"] else ""
    end = ends(item) if item["role"] else ""
    first = [item["name"], item["email"], item["role"], item["via"], place]
    return [*first, item["since"] or "", item["granted_by"], end, item["reason"]]


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    clean = terminal.clean(cell)
    return f"'{clean}" if clean.startswith(("=", "+", "-", "@")) else clean


def _row(row: Item, names: Mapping[str, str]) -> list[str]:
    person, reason = row["person"], row["reason"]
    via = reason["via"] or "-"
    return [person["name"], person["email"], reason["role"], via, told(reason["where"], names), _end(reason)]


def _said(reason: Item, names: Mapping[str, str]) -> str:
    via = f" ({reason['via']})" if reason["via"] else ""
    end = "" if _end(reason) == "never" else f", until {_end(reason)}"
    return terminal.clean(f"{reason['role']}{via} over {told(reason['where'], names)}{end}")


def _end(reason: Item) -> str:
    return ends({"expires_at": reason["ends_at"]})


def _names(hub: Hub) -> dict[str, str]:
    """The clusters in sight; none for someone who sees none."""
    try:
        return {cluster["id"]: cluster["name"] for cluster in known(hub)}
    except Failure as failure:
        if failure.exit_code is not Exit.DENIED:
            raise
        return {}


def _asked(permission: str, cluster: str, namespace: str, names: Mapping[str, str]) -> dict[str, Any]:
    params = {"permission": permission, "namespace": namespace}
    if cluster:
        items = [{"id": id_, "name": name} for id_, name in names.items()]
        params["cluster"] = find(items, cluster, "cluster")["id"]
    return {key: value for key, value in params.items() if value}
