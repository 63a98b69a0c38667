"""Server-side apply: what a manager says is merged in, what it no longer says goes, what another holds is refused."""

from __future__ import annotations

from typing import Any, NamedTuple

from basefly.sim.bodies.contested import conflicts
from basefly.sim.bodies.owned import Object, Path, Type, decoded, encoded, identity, leaves, member, type_of
from basefly.sim.bodies.strategic import ordered
from basefly.sim.kinds.kind import Kind


class Writer(NamedTuple):
    """Who writes: a field manager, through which part of the object, and when."""

    manager: str
    part: str
    time: str


def apply(kind: Kind, old: Object, config: Object, by: Writer, *, force: bool) -> Object:
    """The object after an apply, `managedFields` included; `old` is empty where there was none.

    A member that another manager holds with another value is refused with 409, unless `force` takes it.
    """
    said, there = leaves(kind, config), leaves(kind, old)
    mine, others = _split(old, by)
    if old and not mine and not others:
        others = [{"manager": "before-first-apply", "operation": "Update", "apiVersion": kind.api_version}
                  | _fields(set(there))]  # fmt: skip
    taken = {path for path, value in said.items() if path in there and there[path] != value}
    contested = {path for path in taken if any(path in _paths(entry) for entry in others)}
    if contested and not force:
        raise conflicts((entry, path) for entry in others for path in sorted(_paths(entry) & contested))
    others = [left for entry in others if (left := _without(entry, contested))]
    held = set().union(*(_paths(entry) for entry in others)) if others else set()
    new: Object = _merge(type_of(kind), old, config)
    new = _remove(type_of(kind), new, encoded(mine - said.keys() - held))
    entry = {"manager": by.manager, "operation": "Apply", "apiVersion": kind.api_version}
    if leaves(kind, new) != there:
        entry["time"] = by.time
    entry |= _fields(set(said)) | ({"subresource": by.part} if by.part else {})
    entries = sorted([*([_same(entry, old)] if said else []), *others], key=_order)
    new["metadata"] = new["metadata"] | {"managedFields": entries}
    return new


def _order(entry: Object) -> tuple[str, str, str]:
    return entry["operation"], entry.get("time", ""), entry["manager"]


def track(kind: Kind, old: Object, new: Object, by: Writer) -> list[Object]:
    """The managed fields after an ordinary write: who writes a member takes it from whoever applied it."""
    entries: list[Object] = old["metadata"]["managedFields"]
    before, after = leaves(kind, old), leaves(kind, new)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    gone = before.keys() - after.keys()
    if not changed and not gone:
        return entries
    key = ("Update", by.manager, by.part)
    mine = {path for entry in entries if _key(entry) == key for path in _paths(entry)}
    kept = [left for entry in entries if _key(entry) != key and (left := _without(entry, changed | gone))]
    own = {"manager": by.manager, "operation": "Update", "apiVersion": kind.api_version, "time": by.time}
    own |= _fields((mine - gone) | changed) | ({"subresource": by.part} if by.part else {})
    return [*kept, own] if own["fieldsV1"] else kept


def _split(old: Object, by: Writer) -> tuple[set[Path], list[Object]]:
    """What this manager applied, and the entries of the others."""
    entries = (old.get("metadata") or {}).get("managedFields") or []
    own = [entry for entry in entries if _key(entry) == ("Apply", by.manager, by.part)]
    return {path for entry in own for path in _paths(entry)}, [entry for entry in entries if entry not in own]


def _key(entry: Object) -> tuple[str, str, str]:
    return entry["operation"], entry["manager"], entry.get("subresource", "")


def _paths(entry: Object) -> set[Path]:
    return set(decoded(entry["fieldsV1"]))


def _fields(paths: set[Path]) -> Object:
    return {"fieldsType": "FieldsV1", "fieldsV1": encoded(paths)}


def _without(entry: Object, paths: set[Path]) -> Object | None:
    left = _paths(entry) - paths
    return entry | _fields(left) if left else None


def _same(entry: Object, old: Object) -> Object:
    """The entry as it was, if its fields are; one that changes nothing keeps the time of its last change."""
    for held in (old.get("metadata") or {}).get("managedFields") or ():
        if held | {"time": ""} == entry | {"time": ""} or ("time" not in entry and _key(held) == _key(entry)):
            return entry | {name: held[name] for name in ("time",) if name in held}
    return entry


def _merge(known: Type, old: Any, said: Any) -> Any:
    if isinstance(said, dict) and isinstance(old, dict) and not known.atomic:
        return old | {name: _merge(member(known, name), old.get(name), value) for name, value in said.items()}
    if isinstance(said, list) and isinstance(old, list) and known.keys is not None:
        wanted = {identity(known, held): held for held in said}
        live = {identity(known, held): held for held in old}
        merged = [_merge(Type(known.items), live.get(key), held) for key, held in wanted.items()]
        merged += [held for key, held in live.items() if key not in wanted]
        return ordered(lambda held: identity(known, held), merged, old, list(wanted))
    return said


def _remove(known: Type, value: Any, tree: Object) -> Any:
    """A value without what a FieldsV1 names; emptied lists and maps go with their members."""
    if isinstance(value, list):
        kept = []
        for held in value:
            named = tree.get(identity(known, held))
            if named is None:
                kept.append(held)
            elif named and "." not in named:
                kept.append(_remove(Type(known.items), held, named))
        return kept
    left = dict(value)
    for step, named in tree.items():
        name = step[2:]
        if name not in left:
            continue
        if named:
            left[name] = _remove(member(known, name), left[name], named)
        if not named or (not left[name] and not member(known, name).message):
            del left[name]
    return left
