"""Who owns which member of an object: types as apply sees them, and sets of paths as FieldsV1 writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from basefly.sim.bodies.messages import Form, messages
from basefly.sim.bodies.shape import members
from basefly.sim.kinds.kind import Kind

Object = dict[str, Any]
Path = tuple[str, ...]
_CUSTOM, _INSIDE = "custom", "inside a custom object"
_NOT_OWNED = {("f:apiVersion",), ("f:kind",), ("f:metadata",)} | {
    ("f:metadata", f"f:{name}")
    for name in "name generateName namespace uid resourceVersion generation creationTimestamp managedFields".split()
}


class Type(NamedTuple):
    """A value's message, if it has one; for a list its keys (none for a set, None for a list with one owner)."""

    message: str = ""
    keys: tuple[str, ...] | None = None
    items: str = ""
    atomic: bool = False


def type_of(kind: Kind) -> Type:
    return Type(messages().of(kind.api_version, kind.kind) or _CUSTOM)


def member(known: Type, name: str) -> Type:
    """The type of a member; of what has no types, maps are divided and lists are not."""
    if known.message in (_CUSTOM, _INSIDE):
        return Type("meta.ObjectMeta" if known.message == _CUSTOM and name == "metadata" else _INSIDE)
    if known.message not in messages().messages or name not in members(known.message):
        return Type()
    field, owner = members(known.message)[name]
    declared = messages().keys.get(owner, {})
    keys = declared.get(name)
    if field.form is Form.LIST:
        return Type(keys=None if keys is None else tuple(keys), items=field.type)
    return Type("" if field.form is Form.MAP else field.type, atomic=name in declared)


def identity(known: Type, held: Any) -> str:
    """How the member of a list is named in a path."""
    if not isinstance(held, dict):
        return f"v:{msgspec.json.encode(held).decode()}"
    keys = {key: held.get(key, "TCP" if key == "protocol" else None) for key in sorted(known.keys or ())}
    return f"k:{msgspec.json.encode({key: value for key, value in keys.items() if value is not None}).decode()}"


def leaves(kind: Kind, obj: Object) -> dict[Path, Any]:
    """Everything in an object that can be owned, by its path."""
    found = _walk(type_of(kind), obj, ())
    return {path: value for path, value in found if path not in _NOT_OWNED}


def _walk(known: Type, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and not known.atomic:
        if known.message == _INSIDE:
            yield path, None
        for name, held in value.items():
            yield from _walk(member(known, name), held, (*path, f"f:{name}"))
    elif isinstance(value, list) and value and known.keys is not None:
        for held in value:
            step = (*path, identity(known, held))
            yield step, None
            if isinstance(held, dict):
                yield from _walk(Type(known.items), held, step)
    else:
        yield path, value


def encoded(paths: Iterable[Path]) -> Object:
    """Paths as a FieldsV1, where what is owned itself and in parts has a dot."""
    tree: Object = {}
    for path in sorted(paths):
        held = tree
        for step in path:
            held = held.setdefault(step, {})
    return _dotted(tree, set(paths), ())


def _dotted(tree: Object, owned: set[Path], path: Path) -> Object:
    kept = {step: _dotted(held, owned, (*path, step)) for step, held in tree.items()}
    return ({".": {}} if kept and path in owned else {}) | kept


def decoded(fields: Object, path: Path = ()) -> Iterator[Path]:
    """The paths of a FieldsV1."""
    for step, held in fields.items():
        if step == "." or not held:
            yield path if step == "." else (*path, step)
        else:
            yield from decoded(held, (*path, step))
