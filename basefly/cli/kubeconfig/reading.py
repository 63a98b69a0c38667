"""Text of one kubeconfig file → Config. What is odd or hostile is refused with its place and the cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig.schema import Config

LARGEST_FILE = 8 * 1024 * 1024  # bytes; a context with its certificates takes about 6 KB
LARGEST_TREE = 200_000  # values, with every alias written out
LARGEST_MAPPING = 2000  # keys, once merge keys are written out
DEEPEST = 60


class _Loader(yaml.SafeLoader):
    """YAML as kubectl reads it: dates stay text, and nesting has an end."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"it nests deeper than {DEEPEST} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > LARGEST_MAPPING:
            raise yaml.YAMLError("its merge keys unfold into too much")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_file(path: Path) -> Config:
    """Read one file. Raises Failure that names the file; FileNotFoundError is the caller's to judge."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from None
    if len(raw) > LARGEST_FILE:
        raise _refused(path, f"it is larger than {LARGEST_FILE // 1024 // 1024} MiB")
    try:
        return read(raw.decode())
    except UnicodeDecodeError:
        raise _refused(path, "it is not UTF-8 text") from None
    except ValueError as error:
        raise _refused(path, str(error)) from None


def read(text: str) -> Config:
    """Read a kubeconfig; an empty text is an empty one. Raises ValueError that never repeats a value of the file."""
    tree = _tree(text)
    if tree is None:
        return Config()
    if not isinstance(tree, dict):
        raise ValueError("it is not a mapping with clusters, users and contexts")
    _measure(tree)
    if tree.get("kind") not in (None, "", "Config"):
        raise ValueError("its kind is not Config")
    if tree.get("apiVersion") not in (None, "", "v1"):
        raise ValueError("its apiVersion is not v1, the only one there is")
    try:
        config = msgspec.convert(_without_nulls(tree), Config)
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}. Text that looks like a number or a truth value needs quotes") from None
    for what, names in _names(config):
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise ValueError(f"{what} {twice[0]!r} is there twice; a name may appear once in a file")
    return config


def _tree(text: str) -> Any:
    """The first document, as kubectl takes it."""
    try:
        return _Loader(text).get_data()
    except RecursionError:
        raise ValueError("it contains itself") from None
    except yaml.MarkedYAMLError as error:  # its text would quote the line, and the line may be a secret
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"it is not YAML{where}: {_problem(error)}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {str(error).splitlines()[0]}") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    """What the parser missed, without the piece of text that it found instead."""
    return (error.problem or "it cannot be read").split("'")[0].rstrip(" ,:") or "an unknown tag or token"


def _measure(tree: Any) -> None:
    """Refuse a tree which aliases make large or endless, before anything walks it."""
    count = 0
    rest: list[tuple[Any, int]] = [(tree, 0)]
    while rest:
        value, depth = rest.pop()
        count += 1
        if count > LARGEST_TREE or depth > DEEPEST:
            raise ValueError("its aliases unfold into too much")
        if isinstance(value, dict):
            rest.extend((child, depth + 1) for child in value.values())
        elif isinstance(value, list):
            rest.extend((child, depth + 1) for child in value)


def _without_nulls(value: Any) -> Any:
    """In a kubeconfig null means not given; what belongs to others keeps its nulls."""
    if isinstance(value, dict):
        return {
            key: child if key == "extension" else _without_nulls(child)
            for key, child in value.items()
            if child is not None
        }
    if isinstance(value, list):
        return [_without_nulls(child) for child in value]
    return value


def _names(config: Config) -> Iterable[tuple[str, list[str]]]:
    yield "the cluster", [entry.name for entry in config.clusters]
    yield "the user", [entry.name for entry in config.users]
    yield "the context", [entry.name for entry in config.contexts]


def _refused(path: Path, why: str) -> Failure:
    return Failure(
        f"The kubeconfig {path} cannot be used: {why}.", cure="Mend the file, or name another: --kubeconfig."
    )
