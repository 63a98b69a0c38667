"""Agents at the hub: tokens with their manifest, who waits, and what is decided; and the agent itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import Colour

_COLOURS: dict[str, Colour] = {"approved": "green", "pending": "yellow", "refused": "red", "revoked": "red"}


def token(wish: Mapping[str, Any], profile: str) -> None:
    """Make a token; print it, or the manifest with it."""
    with connect() as hub:
        made = hub.post("/agent-tokens", dict(wish))
        manifest = hub.text(f"/agent-manifest?profile={profile}") if profile else ""
    terminal.note(f"Good once, until {made['expires_at'][:16].replace('T', ' ')} UTC.")
    if wish["approval"]:
        terminal.note("Then approve its agent: basefly agents list, basefly agents approve.")
    if profile:
        terminal.write(manifest.replace("token: TOKEN", f"token: {made['token']}"))
        return
    terminal.say(f"BASEFLY_AGENT_HUB={made['hub']}")
    terminal.say(f"BASEFLY_AGENT_HUB_KEY={made['hub_key']}")
    terminal.say(f"BASEFLY_AGENT_TOKEN={made['token']}")


def show(output: str) -> None:
    """Every agent."""
    with connect() as hub:
        items = hub.get("/agents")["items"]
    if output in ("json", "yaml"):
        whole = {"items": items}
        terminal.write(documents.written(whole, output))
    elif output == "name":
        for each in items:
            terminal.say(terminal.clean(each["name"]))
    else:
        table = Table(["cluster", "state", "session", "version", "fingerprint", "last cut"])
        for line in table.draw(_row(each) for each in items):
            terminal.say(line)


def approve(which: str, *, yes: bool) -> None:
    """Approve an agent that waits, after showing its fingerprint."""
    with connect() as hub:
        found = _find(hub, which)
        terminal.note(f"Its fingerprint: {found['fingerprint']}")
        terminal.sure(f"Does the agent of {terminal.clean(found['name'])} log the same one?", yes=yes)
        hub.post(f"/agents/{found['id']}/approvals")
    terminal.note(f"Connected {terminal.clean(found['name'])}.")


def end(which: str, verb: str, *, yes: bool) -> None:
    """Refuse or revoke an agent."""
    with connect() as hub:
        found = _find(hub, which)
        terminal.sure(f"Send the agent of {terminal.clean(found['name'])} away?", yes=yes)
        hub.post(f"/agents/{found['id']}/{verb}")
    terminal.note(f"The agent of {terminal.clean(found['name'])} is sent away.")


def _find(hub: Hub, which: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = hub.get("/agents")["items"]
    found = [each for each in items if which in (each["id"], each["fingerprint"], each["name"])]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(
            f"{len(found)} agents are of {which!r}.", cure="Name one by its fingerprint: basefly agents list."
        )
    cure = "`basefly agents list` shows them."
    raise Failure(f"There is no agent {which!r}.", cure=cure, exit_code=Exit.NOT_FOUND)


def _row(each: dict[str, Any]) -> list[Cell | str]:
    state = Cell(each["state"], _COLOURS[each["state"]])
    session = Cell("connected", "green") if each["connected"] else Cell("away", "red")
    cut = f"{values.age(each['cut_at'])}: {terminal.clean(each['cut_reason'])}" if each["cut_at"] else ""
    name, version = terminal.clean(each["name"]), terminal.clean(each["version"])
    return [name, state, session, version, each["fingerprint"], cut]
