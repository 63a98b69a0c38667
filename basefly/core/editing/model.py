"""An object while it is edited: what of it is a person's to write, whose fields change, two edits made one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from basefly.core.gateway.verbs.model import MANAGER

Object = dict[str, Any]
Steps = tuple[str, ...]

_THEIRS = frozenset(
    {
        "managedFields",
        "resourceVersion",
        "uid",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    }
)
_GONE = object()


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A field manager, and the fields of its that an edit changes; `steps` are their paths as FieldsV1 has them."""

    manager: str
    operation: str
    subresource: str
    since: str
    fields: list[str]
    steps: list[Steps]


def editable(whole: Object) -> Object:
    """The object without its status and what the cluster keeps of it."""
    kept = {key: value for key, value in whole.items() if key != "status"}
    kept["metadata"] = {key: value for key, value in whole.get("metadata", {}).items() if key not in _THEIRS}
    return kept


def complete(edited: Object, live: Object) -> Object:
    """An edited object as the cluster takes it: that very object, at that version, with the status that it has."""
    meta = edited["metadata"] | {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
    return edited | {"metadata": meta} | ({"status": live["status"]} if "status" in live else {})


def owners(live: Object, edited: Object) -> list[Owner]:
    """Who else owns what an edit would change or remove, as server-side apply would find it."""
    found, before = [], editable(live)
    for entry in live["metadata"].get("managedFields") or ():
        steps = list(_touched(entry.get("fieldsV1") or {}, before, edited, ()))
        if steps and entry.get("manager") != MANAGER:
            found.append(
                Owner(
                    manager=entry.get("manager", ""),
                    operation=entry.get("operation", ""),
                    subresource=entry.get("subresource", ""),
                    since=entry.get("time", ""),
                    fields=[said(each) for each in steps],
                    steps=steps,
                )
            )
    return found


def left(edited: Object, live: Object, steps: Iterable[Steps]) -> Object:
    """The edit without what it does to these fields: they stay as they are."""
    for each in steps:
        edited = _restored(edited, live, each)
    return edited


def said(steps: Steps) -> str:
    """A path as people read it: .spec.containers[name="app"].image."""
    return "".join(_said(step) for step in steps)


def onto(original: Any, mine: Any, theirs: Any) -> tuple[Any, list[str]]:
    """My edit of `original` made to `theirs`, and the paths where both had changed the same (there mine counts)."""
    both: list[str] = []
    return _onto(original, mine, theirs, ("", both)), both


def _onto(original: Any, mine: Any, theirs: Any, told: tuple[str, list[str]]) -> Any:
    path, both = told
    if mine in (original, theirs):
        return theirs
    if theirs == original:
        return mine
    if isinstance(mine, dict) and isinstance(theirs, dict) and isinstance(original, dict):
        merged = {}
        for key in dict.fromkeys([*theirs, *mine]):
            was, one, other = (side.get(key, _GONE) for side in (original, mine, theirs))
            merged[key] = _onto(was, one, other, (f"{path}.{key}", both))
        return {key: value for key, value in merged.items() if value is not _GONE}
    was, one, other = (_by_name(side) for side in (original, mine, theirs))
    if was is not None and one is not None and other is not None:
        return list(_onto(was, one, other, told).values())
    both.append(path)
    return mine


def _by_name(value: Any) -> Mapping[str, Any] | None:
    """A list whose members have names, such as containers, by these."""
    if not isinstance(value, list) or not all(isinstance(each, dict) and "name" in each for each in value):
        return None
    found = {f"[{each['name']}]": each for each in value}
    return found if len(found) == len(value) else None


def _touched(tree: Mapping[str, Any], old: Any, new: Any, path: Steps) -> Iterator[Steps]:
    """The paths within a FieldsV1 whose value would be another."""
    for step, held in tree.items():
        if step == ".":
            continue
        before, after = _at(old, step), _at(new, step)
        if before == after or before is _GONE:
            continue
        if after is _GONE or not (held.keys() - {"."}):
            yield (*path, step)
        else:
            yield from _touched(held, before, after, (*path, step))


def _at(value: Any, step: str) -> Any:
    kind, _, text = step.partition(":")
    if kind == "f":
        return value.get(text, _GONE) if isinstance(value, dict) else _GONE
    index = _index(value, step)
    return _GONE if index is None else value[index]


def _index(value: Any, step: str) -> int | None:
    """Where in a list the member is that a step names by its keys or its value."""
    if not isinstance(value, list):
        return None
    kind, _, text = step.partition(":")
    wanted = json.loads(text)
    if kind == "i":
        return wanted if wanted < len(value) else None
    for place, each in enumerate(value):
        if each == wanted or (kind == "k" and isinstance(each, dict) and _has(each, wanted)):
            return place
    return None


def _has(member: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    """Whether a member has these keys; the protocol of a port may be left out, and is then what it is by default."""
    return all(member.get(key, "TCP" if key == "protocol" else None) == value for key, value in keys.items())


def _restored(edited: Any, live: Any, steps: Sequence[str]) -> Any:
    """`edited` with what `live` has at a path; what is above it is made where it is no longer there."""
    step, rest = steps[0], steps[1:]
    before, after = _at(live, step), _at(edited, step)
    value = _restored(after, before, rest) if rest and after is not _GONE else before
    if step.startswith("f:"):
        return (edited if isinstance(edited, dict) else {}) | {step[2:]: value}
    index = _index(edited, step)
    members = list(edited) if isinstance(edited, list) else []
    return [*members, value] if index is None else [*members[:index], value, *members[index + 1 :]]


def _said(step: str) -> str:
    kind, _, text = step.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "k":
        return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(text).items()) + "]"
    return f"[={text}]" if kind == "v" else f"[{text}]"


def masked(before: Object | None, after: Object) -> tuple[Object | None, Object]:
    """Two states of a secret without its values, though one sees which of them differ; other kinds as they are."""
    if after.get("kind") != "Secret":
        return before, after
    was, now = ((each or {}).get("data") or {} for each in (before, after))
    old = {key: "***" if now.get(key) == value else "*** (before)" for key, value in was.items()}
    new = {key: "***" if was.get(key, value) == value else "*** (after)" for key, value in now.items()}
    plain = dict.fromkeys(after.get("stringData") or {}, "***")
    shown = after | ({"data": new} if now else {}) | ({"stringData": plain} if plain else {})
    return (before | {"data": old}) if before else None, shown
