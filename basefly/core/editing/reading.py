"""YAML from people: objects as Kubernetes means them, each with its line; what is unclear is refused, no bomb goes off.

The loader takes words as Kubernetes does (sigs.k8s.io/yaml): `yes` and `on` are true, 2020-01-01 and 12:30 are texts.
Aliases and merges are followed as long as what they amount to stays small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec
import yaml

from basefly.base.errors import FieldError, Invalid

SIZE = 3 * 2**19  # bytes of all files together; a request to the hub has at most 2 MiB
DOCUMENTS = 1000
DEPTH = 64
VALUES = 400_000  # with what aliases repeat

Object = dict[str, Any]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it is there
_VERSION = re.compile(r"(?:[a-z0-9.-]+/)?v[0-9a-z]+")
_LIST = re.compile(r"[A-Za-z]*List")


class File(msgspec.Struct, frozen=True):
    """A file as it was given."""

    name: str
    text: str


class Document(msgspec.Struct, frozen=True):
    """An object of a file: the how manyth document it is, and the line it begins in."""

    file: str
    number: int
    line: int
    object: Object


class _Loader(_LOADER):  # type: ignore[misc]  # chosen above
    """Plain words become what Kubernetes makes of them."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_NULL, _BOOL, _INT, _FLOAT, _STR, _MERGE = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "merge")
)
_WORDS = (
    (_BOOL, r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    (_NULL, r"~|null|Null|NULL|", "~nN\0"),
    (_INT, r"[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)", "-+0123456789"),
    (_FLOAT, r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    (_MERGE, r"<<", "<"),
)
for _tag, _pattern, _firsts in _WORDS:
    _Loader.add_implicit_resolver(
        _tag, re.compile(rf"(?:{_pattern})\Z"), list(_firsts.replace("\0", "")) + [""] * ("\0" in _firsts)
    )
_TRUE = frozenset({"yes", "true", "on"})


def one(text: str, name: str = "the text") -> Object:
    """The only object of a text. Raises Invalid."""
    found = read([File(name, text)])
    if len(found) != 1:
        raise _wrong(name, 0, f"it holds {len(found)} objects, and one is wanted", "Apply several as files instead.")
    return found[0].object


def read(files: list[File]) -> list[Document]:
    """Every object of every file, those of lists by themselves. Raises Invalid with the file, document and line."""
    size = sum(len(file.text.encode()) for file in files)
    if size > SIZE:
        detail = f"All files together have {size / 2**20:.1f} MiB, and at most {SIZE / 2**20} are taken at once."
        raise Invalid(detail, errors=(FieldError("/files", detail),), cure="Apply them in parts.")
    found = [document for file in files for document in _documents(file)]
    if not found:
        detail = "There is no object in it."
        raise Invalid(detail, errors=(FieldError("/files", detail),), cure="Give YAML or JSON of Kubernetes objects.")
    if len(found) > DOCUMENTS:
        detail = f"There are {len(found)} objects, and at most {DOCUMENTS} are taken at once."
        raise Invalid(detail, errors=(FieldError("/files", detail),), cure="Apply them in parts.")
    return found


def _documents(file: File) -> Iterator[Document]:
    try:
        nodes = list(yaml.compose_all(file.text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise _wrong(file.name, line, f"it is no YAML: {getattr(error, 'problem', None) or 'unreadable'}") from error
    except (RecursionError, ValueError) as error:
        raise _wrong(file.name, 0, "it is no YAML that anybody means") from error
    for number, node in enumerate(nodes, 1):
        place = _Place(file.name, number)
        value = _Builder(place).value(node)
        if value is not None:
            yield from _objects(value, place, node.start_mark.line + 1)


class _Place(NamedTuple):
    file: str
    number: int


def _objects(value: Any, place: _Place, line: int) -> Iterator[Document]:
    if not isinstance(value, dict):
        raise _wrong(place.file, line, f"document {place.number} is no object")
    if isinstance(value.get("items"), list) and _LIST.fullmatch(str(value.get("kind"))):
        for item in value["items"]:
            yield from _objects(item, place, line)
        return
    metadata = value.get("metadata")
    for name, there in (("apiVersion", value), ("kind", value), ("name", metadata)):
        if not isinstance(there, dict) or not isinstance(there.get(name), str) or not there[name]:
            path = "metadata.name" if name == "name" else name
            raise _wrong(place.file, line, f"document {place.number} has no {path}")
    if not _VERSION.fullmatch(value["apiVersion"]):
        raise _wrong(place.file, line, f"document {place.number} has an apiVersion that cannot be one")
    yield Document(place.file, place.number, line, value)


class _Builder:
    """Makes plain values of nodes: no tags but those of plain words, no key twice, nothing deep or endless."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._left = VALUES

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        self._left -= 1
        if depth > DEPTH or self._left < 0:
            raise self._wrong(node, "it is nested too deeply, or repeats too much by aliases")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, depth + 1) for each in node.value]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        raise self._wrong(node, "it holds something that YAML does not know")

    def _mapping(self, node: yaml.MappingNode, depth: int) -> Object:
        made: Object = {}
        merged: Object = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged |= self._merged(value, depth)
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(key, "a key is no text")
            if key.value in made:
                raise self._wrong(key, f"the key {key.value!r} stands twice in one mapping")
            made[key.value] = self.value(value, depth + 1)
        return merged | made

    def _merged(self, node: yaml.Node, depth: int) -> Object:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: Object = {}
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                raise self._wrong(node, "only mappings can be merged")
            merged |= self._mapping(source, depth + 1)
        return merged

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        match node.tag:
            case t if t == _STR:
                return text
            case t if t == _NULL:
                return None
            case t if t == _BOOL:
                return text.lower() in _TRUE
            case t if t == _INT:
                return _integer(text)
            case t if t == _FLOAT:
                return float(text)
        raise self._wrong(node, f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} means nothing to Kubernetes")

    def _wrong(self, node: yaml.Node, reason: str) -> Invalid:
        return _wrong(self._place.file, node.start_mark.line + 1, f"in document {self._place.number} {reason}")


def _integer(text: str) -> int:
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdecimal():
        return sign * int(digits, 8)  # as the YAML of Kubernetes has it
    return sign * int(digits, 0)


def _wrong(file: str, line: int, reason: str, cure: str = "") -> Invalid:
    where = f"{file}, line {line}" if line else file
    detail = f"{where}: {reason}."
    return Invalid(
        detail, errors=(FieldError("/text", detail),), cure=cure or "Mend it there and try again.", line=line
    )
