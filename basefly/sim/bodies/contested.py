"""How the real server refuses an apply that would change what other managers hold: each of them, and each member."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from basefly.sim.bodies.owned import Object, Path
from basefly.sim.status import Cause, Refusal

_REASON = "FieldManagerConflict"


def conflicts(found: Iterable[tuple[Object, Path]]) -> Refusal:
    """The refusal; what is found are entries of managed fields with a member of theirs."""
    told = [(_manager(entry), said(path)) for entry, path in found]
    causes = [Cause(_REASON, f"conflict with {manager}", field) for manager, field in told]
    if len(told) == 1:
        manager, field = told[0]
        why = f"Apply failed with 1 conflict: conflict with {manager}: {field}"
    else:
        lines = []
        for manager in sorted({manager for manager, _ in told}):
            lines += [f"conflicts with {manager}:", *(f"- {field}" for holder, field in told if holder == manager)]
        why = f"Apply failed with {len(told)} conflicts: " + "\n".join(lines)
    return Refusal(409, "Conflict", why, causes=[msgspec.to_builtins(cause) for cause in causes])


def said(path: Path) -> str:
    """A member as fieldpath writes it: .spec.containers[name="app"].image."""
    return "".join(_step(step) for step in path)


def _step(step: str) -> str:
    kind, _, text = step.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "k":
        return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(text).items()) + "]"
    return f"[={text}]" if kind == "v" else f"[{text}]"


def _manager(entry: Object) -> str:
    told = json.dumps(entry["manager"])
    if entry.get("subresource"):
        told += f' with subresource "{entry["subresource"]}"'
    if entry["operation"] != "Update":
        return told
    return f"{told} using {entry['apiVersion']}"
