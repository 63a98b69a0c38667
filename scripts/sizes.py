"""The size check: files, folders, functions, parameters and nesting stay small enough to be read in one sitting.

Hard limits end with exit code 1. Habits are the tighter figures that the code aims at; they are listed with --habits.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {".py", ".js", ".mjs", ".css", ".html", ".sql", ".go", ".sh"}
SEQUENCES = {"basefly/migrations"}  # a numbered sequence only ever grows
SLICES = ("basefly/core/", "basefly/features/")
SLICE_LINES = 3000
PLUGS = {"kinds", "channels", "providers", "prices"}  # one file each of its own; a slice is not larger for having many
# The parameters of a route are what may be asked of it, and those of a command are its options.
MADE = {"__pycache__", "node_modules", "dist", "build"}  # what git would ignore, for whoever has no git
ROUTES = {"get", "post", "put", "patch", "delete", "command"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)


class Limit(NamedTuple):
    """What is measured, the figure aimed at, and the figure that stops the build."""

    what: str
    habit: int
    hard: int


FILE = Limit("lines in the file", 400, 500)
FOLDER = Limit("source files in the folder", 12, 12)
FUNCTION = Limit("lines in the function", 40, 60)
PARAMETERS = Limit("parameters", 6, 6)
NESTING = Limit("levels of nesting", 3, 3)
SLICE = Limit("lines in the slice", SLICE_LINES, SLICE_LINES)


class Excess(NamedTuple):
    """One figure above its habit, and whether it is above the hard limit too."""

    where: str
    size: int
    limit: Limit

    @property
    def hard(self) -> bool:
        return self.size > self.limit.hard

    def __str__(self) -> str:
        bound = self.limit.hard if self.hard else self.limit.habit
        return f"{self.where}: {self.size} {self.limit.what}, at most {bound}"


def main(arguments: list[str]) -> int:
    """Measure every tracked source file and say what is too large."""
    excesses = list(measure(ROOT))
    broken = [excess for excess in excesses if excess.hard]
    habits = [excess for excess in excesses if not excess.hard]
    for excess in broken:
        print(f"too large  {excess}")
    if "--habits" in arguments:
        for excess in habits:
            print(f"habit      {excess}")
    print(f"sizes: {len(broken)} above a limit, {len(habits)} above a habit (--habits lists them)")
    return 1 if broken else 0


def measure(root: Path) -> Iterator[Excess]:
    """Every figure above its habit in the sources of the work tree at `root`."""
    paths = [path for path in tracked(root) if path.suffix in SOURCES]
    folders: Counter[str] = Counter()
    slices: Counter[str] = Counter()
    for path in paths:
        name = path.relative_to(root).as_posix()
        lines = path.read_text().count("\n")
        yield from above(name, lines, FILE)
        if path.name != "__init__.py":
            folders[path.relative_to(root).parent.as_posix()] += 1
        if name.startswith(SLICES) and path.suffix == ".py" and not PLUGS & set(name.split("/")):
            slices["/".join(name.split("/")[:3])] += lines
        if path.suffix == ".py":
            yield from functions(name, ast.parse(path.read_text()))
    for folder, count in folders.items():
        if folder not in SEQUENCES:
            yield from above(folder, count, FOLDER)
    for slice_, lines in slices.items():
        yield from above(slice_, lines, SLICE)


def tracked(root: Path) -> list[Path]:
    """The files that git knows or would add; what is ignored is not ours."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):  # no git, or an unpacked archive
        return sorted(path for path in root.rglob("*") if path.is_file() and not made(path.relative_to(root)))
    return sorted({root / name for name in names.split("\0") if name and (root / name).is_file()})


def made(path: Path) -> bool:
    """Whether a path, from the root, looks like something that was built or installed."""
    return any(part.startswith(".") or part in MADE for part in path.parts)


def functions(name: str, tree: ast.AST) -> Iterator[Excess]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            where = f"{name}:{node.lineno} {node.name}()"
            yield from above(where, length(node), FUNCTION)
            if not named_by_others(node):
                yield from above(where, parameters(node), PARAMETERS)
            yield from above(where, nesting(node.body), NESTING)


def above(where: str, size: int, limit: Limit) -> Iterator[Excess]:
    if size > limit.habit:
        yield Excess(where, size, limit)


def length(node: Function) -> int:
    """Lines from `def` to the end, without the docstring: explaining is never too long."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def named_by_others(node: Function) -> bool:
    """Whether no caller lists the parameters: a route's come with the request, a test's are its fixtures."""
    decorators = (ast.unparse(d.func) if isinstance(d, ast.Call) else ast.unparse(d) for d in node.decorator_list)
    return node.name.startswith("test_") or not ROUTES.isdisjoint(decorators)


def parameters(node: Function) -> int:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in given)


def nesting(body: list[ast.stmt], depth: int = 0) -> int:
    """The deepest branch or loop; `with` does not branch, `elif` is no deeper than its `if`."""
    deepest = depth
    for statement in body:
        if isinstance(statement, (*BRANCHES, ast.With, ast.AsyncWith)):
            inner = depth + isinstance(statement, BRANCHES)
            for block in blocks(statement):
                same = isinstance(statement, ast.If) and is_elif(statement, block)
                deepest = max(deepest, nesting(block, depth if same else inner))
    return deepest


def blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        if block := getattr(statement, field, None):
            yield block
    for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield part.body


def is_elif(statement: ast.If, block: list[ast.stmt]) -> bool:
    return block is statement.orelse and len(block) == 1 and isinstance(block[0], ast.If)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
