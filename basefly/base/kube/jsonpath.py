"""JSON paths as custom resource definitions write them for their columns: `.status.conditions[?(@.type=="Ready")]`.

Grammar: k8s.io/client-go/util/jsonpath, without `..`, unions and `range`, which no column of one value has use for.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

Step = Callable[[Any], Iterator[Any]]

DEEPEST = 64  # steps

_STEP = re.compile(
    r"""\.?(?:(?P<every>\*|\[\*\])
    | \[(?P<quote>['"])(?P<quoted>(?:[^'"\\]|\\.)+)(?P=quote)\]
    | \[(?P<index>-?\d+)\]
    | \[(?P<first>-?\d*):(?P<last>-?\d*)\]
    | \[\?\(\s*@(?P<tested>[^=!<>\s()]*)\s*(?:(?P<test>[=!<>]=|<|>)\s*(?P<wanted>"[^"]*"|'[^']*'|[^\s()]+)\s*)?\)\])
    | \.(?P<member>(?:[^.\[\]\\*]|\\.)+)""",
    re.VERBOSE,
)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class JSONPath(msgspec.Struct, frozen=True):
    """A path made ready. `root` is the member of the object that it begins with."""

    root: str
    steps: tuple[Step, ...]

    def first(self, value: Any) -> Any:
        """What the path finds first in the value of its root; None if there is nothing."""
        return next(_found(self.steps, value), None)


@lru_cache(maxsize=4096)
def parse(text: str) -> JSONPath | None:
    """Read a path that begins with a member; None for one that cannot be followed here."""
    text = text.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    position, root, steps = 0, "", []
    while position < len(text):
        part = _STEP.match(text, position)
        if part is None:
            return None
        name = re.sub(r"\\(.)", r"\1", part["member"] or part["quoted"] or "")
        step = _member(name) if name else _other(part)
        if step is None or (not root and not name):
            return None
        if root:
            steps.append(step)
        root, position = root or name, part.end()
    return JSONPath(root, tuple(steps)) if root and len(steps) <= DEEPEST else None


def _other(part: re.Match[str]) -> Step | None:
    if part["every"]:
        return _every
    if part["index"]:
        return _at(int(part["index"]))
    if part["first"] is not None:
        return _between(_whole(part["first"]), _whole(part["last"]))
    return _filter(part["tested"], part["test"] or "", part["wanted"] or "")


def _whole(digits: str) -> int | None:
    return int(digits) if digits.strip("-") else None


def _found(steps: tuple[Step, ...], value: Any) -> Iterator[Any]:
    if not steps:
        yield value
        return
    for next_ in steps[0](value):
        yield from _found(steps[1:], next_)


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and value.get(name) is not None:
            yield value[name]

    return step


def _every(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _at(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _between(first: int | None, last: int | None) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[first:last]

    return step


def _filter(tested: str, test: str, wanted: str) -> Step | None:
    """The entries of a list whose member is there, or is as wanted."""
    path = parse(f".it{tested}")
    if path is None:
        return None
    literal = _literal(wanted) if test else None

    def step(value: Any) -> Iterator[Any]:
        for entry in value if isinstance(value, list) else ():
            held = path.first(entry)
            if held is not None and (not test or _holds(test, held, literal)):
                yield entry

    return step


def _literal(text: str) -> Any:
    if text[0] in "\"'":
        return text[1:-1]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _holds(test: str, held: Any, wanted: Any) -> bool:
    """Whether a test holds; values of two kinds have no order, and differ."""
    try:
        return _TESTS[test](held, wanted)
    except TypeError:
        return False
