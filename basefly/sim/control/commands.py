"""The commands that speak to a running fleet; each prints JSON, by the cluster's name."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from basefly.sim.access.certificates import SERVED
from basefly.sim.control import state
from basefly.sim.faults import Effect, Fault

Subparsers = Any  # argparse keeps their type to itself
_COMMANDS = (
    ("clusters", "what there is, with its faults", "GET", "", ()),
    ("drop-watches", "cut the connection under every open watch", "DELETE", "/watches", ()),
    ("backup", "keep the objects of now; prints their version", "POST", "/backups", ()),
    (
        "restore",
        "go back to a version: one that was backed up, or is not yet compacted",
        "PUT",
        "/version",
        ("version",),
    ),
    ("certificate", f"show another one: {', '.join(SERVED)}, new authority", "PUT", "/certificate", ("name",)),
    ("tls", "speak this version at most: 1.0, 1.1, 1.2 or 1.3", "PUT", "/tls", ("name",)),
    ("revoke", "no longer know a token", "POST", "/revocations", ("token",)),
    ("rotate-token", "give the administrator a new token", "POST", "/tokens", ()),
    ("state", "make a cluster running, stopped or restarted", "PUT", "/state", ("state",)),
    ("pace", "how many simulated seconds pass in a real one", "PUT", "/pace", ("pace",)),
    ("scenario", "play a scenario of the cluster's life", "POST", "/scenarios", ("name",)),
)
_FILTERS = {
    "verb": "get, list, watch, create, update, patch, delete or deletecollection",
    "resource": "plural name",
    "path": "a glob, such as '/api/v1/namespaces/shop/*'",
    "user": "who asked",
    "status": "of the answer",
    "limit": "how many at most (default 100)",
}
_AIM = {key: _FILTERS[key] for key in ("verb", "resource", "path")} | {
    "share": "0 to 1 of the requests or events that match (default 1)",
    "seed": "the same seed strikes the same of them (default 0)",
    "times": "end after so many",
    "duration": "end after so many seconds",
}
_MORE = [field for field in Fault.__struct_fields__ if field not in (*_AIM, "effect", "clean")]
_EFFECTS = "effects:\n" + "\n".join(f"  {effect.replace(' ', '-'):18}{effect.told}" for effect in Effect)


def add_commands(under: Subparsers) -> None:
    """Every command but `serve`."""
    for name, told, method, path, words in _COMMANDS:
        _add(under, name, told, method, path, words)
    requests = _add(under, "requests", "what was asked of a cluster, the last of it", "GET", "/requests")
    _add_options(requests, _FILTERS)
    faults = under.add_parser("fault", help="add, list, remove and clear faults").add_subparsers(required=True)
    adding = _add(faults, "add", "switch a fault on", "POST", "/faults", ("effect",))
    adding.epilog, adding.formatter_class = _EFFECTS, argparse.RawDescriptionHelpFormatter
    _add_options(adding, _AIM | dict.fromkeys(_MORE, "for the effects that name it"))
    adding.add_argument("--clean", action="store_const", const=True, help="for the effects that name it")
    adding.get_default("words").append("clean")
    _add(faults, "list", "which are on, and how often they struck", "GET", "/faults")
    _add(faults, "remove", "switch one off, by its number", "DELETE", "/faults/{number}", ("number",))
    _add(faults, "clear", "switch all off", "DELETE", "/faults")


def _add(
    under: Subparsers, name: str, told: str, method: str, path: str, words: tuple[str, ...] = ()
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = under.add_parser(name, help=told, description=told)
    for word in words:
        made.add_argument(word)
    made.add_argument("--cluster", default="all", metavar="NAME", help="which cluster (default all)")
    made.add_argument(
        "--state", dest="file", type=Path, default=state.default_path(), help="the fleet's file (default %(default)s)"
    )
    made.set_defaults(run=_run, method=method, below=path, words=list(words))
    return made


def _add_options(parser: argparse.ArgumentParser, told: dict[str, str]) -> None:
    for name, meaning in told.items():
        parser.add_argument(f"--{name}", help=meaning, metavar=name.upper())
    parser.get_default("words").extend(told)


def _run(asked: argparse.Namespace) -> None:
    given = {word: getattr(asked, word) for word in asked.words if getattr(asked, word) is not None}
    try:
        status, told = _ask(state.read(asked.file), asked, given)
    except LookupError as error:
        raise SystemExit(str(error.args[0])) from None
    except OSError as error:
        raise SystemExit(f"the fleet of {asked.file} does not answer ({error}): is it still running?") from None
    if status != 200:
        choices = f"\nchoose from: {', '.join(told['choices'])}" if told["choices"] else ""
        raise SystemExit(f"{told['error']}{choices}")
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


def _ask(fleet: state.State, asked: argparse.Namespace, given: dict[str, Any]) -> tuple[int, Any]:
    path = f"/clusters/{quote(asked.cluster, safe='')}{asked.below.format(number=given.get('number'))}"
    body = json.dumps(given) if asked.method in ("POST", "PUT") else None
    if asked.method == "GET":
        path += f"?{urlencode(given)}"
    connection = http.client.HTTPConnection("127.0.0.1", fleet.port, timeout=60)
    connection.request(asked.method, path, body, {"Authorization": f"Bearer {fleet.token}"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())
