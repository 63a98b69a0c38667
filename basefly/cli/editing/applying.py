"""Files applied to clusters: read here, tried and applied by the hub, a line for each object."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.editing import difference
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect

SUFFIXES = (".yaml", ".yml", ".json")
UNDONE = ("conflict", "refused", "failed")


def apply(names: list[str], clusters: Sequence[str], namespace: str, how: dict[str, bool], *, yes: bool) -> None:
    """Try it, show what would change, ask, and do it; with `dry_run` only the first two."""
    if not clusters:
        raise misuse("To which cluster?", "Name one or more with --cluster: files are never applied to all of them.")
    files = [{"name": name, "text": text} for name, text in _read(names)]
    body = {"files": files, "clusters": list(clusters), "namespace": namespace, "take_over": how["take_over"]}
    with connect(answer=None) as hub:
        terminal.note(f"Trying {len(files)} files on {len(clusters)} clusters…", "dim")
        tried = _sent(hub, {**body, "dry_run": True})
        for result in tried:
            if result["difference"]:
                terminal.note(terminal.clean(f"{_place(result)}:"))
                difference.tell(result["difference"])
        pointless = all(result["outcome"] in ("unchanged", *UNDONE) for result in tried)
        if not how["dry_run"] and not pointless:
            terminal.sure(f"{_counted(tried)}. Apply?", yes=yes)
            tried = _sent(hub, {**body, "dry_run": False})
    _told(tried)


def _sent(hub: Hub, body: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = hub.post("/manifests", body)["results"]
    return results


def _read(names: list[str]) -> Iterator[tuple[str, str]]:
    """Every file that is meant, folders whole and in the order of their names."""
    for name in names:
        if name == "-":
            yield "stdin", sys.stdin.read()
            continue
        path = Path(name)
        found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES) if path.is_dir() else [path]
        if not found:
            raise misuse(f"There is no manifest in {name}.", f"Files end in {', '.join(SUFFIXES)}.")
        for each in found:
            yield str(each), _text(each)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise misuse(f"{path} is no text in UTF-8.") from None


def _told(results: list[dict[str, Any]]) -> None:
    """A line for each object on stdout; a Failure when some were not applied."""
    for result in results:
        detail = f": {result['detail']}" if result["detail"] else ""
        terminal.say(terminal.clean(f"{result['outcome']:<10}{_place(result)}{detail}"))
    undone = [result for result in results if result["outcome"] in UNDONE]
    if undone:
        first = undone[0]
        raise Failure(
            f"{len(undone)} of {len(results)} were not applied, the first in {first['file']}, line {first['line']}.",
            cure=first["cure"],
            exit_code=Exit.ERROR if len(undone) == len(results) else Exit.PARTIAL,
        )


def _counted(results: list[dict[str, Any]]) -> str:
    counts = Counter(result["outcome"] for result in results)
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _place(result: dict[str, Any]) -> str:
    """As `get -o name` writes it."""
    within = f"{result['namespace']}/" if result["namespace"] else ""
    return f"{result['cluster_name']}:{within}{result['kind'].lower()}/{result['name']}"
