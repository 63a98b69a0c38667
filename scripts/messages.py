"""The catalogues follow the sources: every text that people read, of Python, templates and scripts, into each .po.

`make messages` adds what is new and drops what is gone; what is left to translate is counted, and listed with --list.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from basefly.base.web.language.catalogue import HOME, PROBLEM
from basefly.base.web.language.languages import ENGLISH, LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "basefly"
SCRIPTS = ROOT / "frontend/src"
UNREAD = ("basefly/sim/", "basefly/cli/", "basefly/agent/", "basefly/migrations/")  # no page shows what these say
MARKS = {"t": 1, "tn": 2, "tp": 2, "msg": 1}  # functions, and how many of their arguments are text

_TEXT = r"""\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*"""
_CALL = re.compile(rf"(?<![\w.])(tn|tp|t)\({_TEXT}(?:,{_TEXT})?")
_WORD = re.compile(r"[a-z_-]*|[\W_]*(\{\w+\}[\W_]*)+")  # a code, or values alone, is no sentence


class Found(NamedTuple):
    """One text of the sources; `id` is a pair where it counts something."""

    id: str | tuple[str, str]
    context: str | None
    path: str


def main(arguments: list[str]) -> int:
    """Write the catalogues, and say what they lack."""
    template = wanted()
    for language in LANGUAGES:
        if language is not ENGLISH:
            catalogue = renewed(language.tag, template)
            (HOME / f"{language.tag}.po").write_bytes(written(catalogue))
            lacking = missing(catalogue)
            print(f"{language.tag}: {len(catalogue)} texts, {len(lacking)} not translated")
            if "--list" in arguments:
                print("\n".join(f"  {text!r}" for text in lacking))
    return 0


def wanted() -> Catalog:
    """Every text of the sources."""
    template = Catalog(fuzzy=False)
    for found in sorted(texts(), key=lambda one: (one.path, one.context or "", str(one.id))):
        template.add(found.id, context=found.context, locations=[(found.path, 0)])
    return template


def renewed(tag: str, template: Catalog) -> Catalog:
    """A language's catalogue with exactly the texts of the template; what was translated stays so."""
    path = HOME / f"{tag}.po"
    locale = tag.replace("-", "_")
    kept = read_po(path.open("rb"), locale=locale) if path.is_file() else Catalog(locale=locale)
    fresh = Catalog(locale=locale, fuzzy=False)
    for message in template:
        if message.id:
            old = kept.get(_first(message.id), context=message.context)
            fits = old is not None and old.pluralizable == message.pluralizable
            string = old.string if old is not None and fits else None
            fresh.add(message.id, string, context=message.context, locations=message.locations)
    return fresh


def written(catalogue: Catalog) -> bytes:
    """The catalogue as it is kept: in order, without line numbers and dates, so that changes are readable."""
    out = BytesIO()
    write_po(out, catalogue, width=120, omit_header=True, sort_output=True, include_lineno=False)
    header = f'msgid ""\nmsgstr ""\n"Language: {catalogue.locale_identifier}\\n"\n'
    header += f'"Plural-Forms: {catalogue.plural_forms}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return header.encode() + out.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """What is not translated."""
    return [_first(each.id) for each in catalogue if each.id and not _whole(each.string)]


def texts() -> Iterator[Found]:
    """What people read, wherever it is said."""
    sources = [path for path in sorted(HOUSE.rglob("*.py")) if not _name(path).startswith(UNREAD)]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources}
    errors = error_names(trees.values())
    for path, tree in trees.items():
        yield from _of_python(tree, _name(path), errors)
    for path in sorted([*HOUSE.rglob("templates/**/*.html"), *SCRIPTS.rglob("*.ts")]):
        yield from of_text(path.read_text(encoding="utf-8"), _name(path))


def of_text(source: str, path: str) -> Iterator[Found]:
    """The texts of a template or a script, which call t, tn and tp alike."""
    for name, first, second in _CALL.findall(source):
        one, two = (ast.literal_eval(text) if text else "" for text in (first, second))
        if one and (name == "t" or two):
            yield _found(name, one, two, path)


def error_names(trees: Iterable[ast.Module]) -> set[str]:
    """The names of all classes of errors that may be told."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {"BaseflyError"}
    while more := {name for name, above in bases.items() if above & names} - names:
        names |= more
    return names


def _of_python(tree: ast.Module, path: str, errors: set[str]) -> Iterator[Found]:
    constants = _constants(tree)
    local = {id(node): names for scope in ast.walk(tree) for node, names in _within(scope)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node, path, constants | local.get(id(node), {}), errors)
        elif isinstance(node, ast.ClassDef) and node.name in errors:
            said = (text for text in [*_titles(node), *_of_error(node, constants)] if not _WORD.fullmatch(text))
            yield from (Found(text, PROBLEM, path) for text in said)


def _of_call(node: ast.Call, path: str, constants: dict[str, ast.expr], errors: set[str]) -> Iterator[Found]:
    name = _called(node.func)
    if name in MARKS:
        given = [text for argument in node.args[: MARKS[name]] for text in _said(argument, constants)]
        if len(given) == MARKS[name]:
            yield _found(name, given[0], given[-1], path)
    elif name == "sentence":
        yield from (Found(text, PROBLEM, path) for text in _said(node.args[0], constants))
    elif name == "Nav":
        named = [word.value for word in node.keywords if word.arg in ("label", "group")]
        yield from (Found(text, None, path) for one in [*node.args[:3:2], *named] for text in _said(one, {}))
    elif name == "Column":
        yield from (Found(text, None, path) for one in node.args[1:2] for text in _said(one, {}))
    told = [word.value for word in node.keywords if word.arg == "cure"]
    if name in errors or name == "_refuse":
        told += node.args[:1]
    elif name == "FieldError":
        told += node.args[1:2]
    elif name == "_wrong":  # what both models of forms call it: a field's pointer, what is wrong, the cure
        told += node.args[1:3]
    said = (text for argument in told for text in _said(argument, constants))
    yield from (Found(text, PROBLEM, path) for text in said if not _WORD.fullmatch(text))


def _found(name: str, one: str, two: str, path: str) -> Found:
    if name == "tn":
        return Found((one, two), None, path)
    return Found(two, one, path) if name == "tp" else Found(one, None, path)


def _said(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    """The texts that an expression may be; values within one become {names}."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return [_message(parts)]
        case ast.IfExp(body=one, orelse=other):
            return [*_said(one, constants), *_said(other, constants)]
        case ast.Name(id=name) if name in constants:
            return _said(constants[name], {})
        case ast.Tuple(elts=parts) | ast.Dict(values=parts):
            return [text for part in parts for text in _said(part, constants)]
    return []


def _message(parts: list[ast.expr]) -> str:
    words: list[str] = []
    names: list[str] = []
    for part in parts:
        if isinstance(part, ast.Constant):
            words.append(str(part.value))
        elif isinstance(part, ast.FormattedValue):
            name = _value_name(part.value)
            names.append(name if name not in names else f"{name}{len(names)}")
            words.append(f"{{{names[-1]}}}")
    return "".join(words)


def _value_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
    return "value"


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def _of_error(node: ast.ClassDef, constants: dict[str, ast.expr]) -> Iterator[str]:
    """What the errors of a class say by themselves: to their base, and out of a table of sentences."""
    for line in ast.walk(node):
        match line:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))), args=[ast.expr() as said, *_]):
                yield from _said(said, constants)
            case ast.Subscript(value=ast.Name(id=table)) if table in constants:
                yield from _said(constants[table], {})


def _within(scope: ast.AST) -> Iterator[tuple[ast.Call, dict[str, ast.expr]]]:
    """The calls of a function, each with what the function has given a name: `detail = "…"`, said more than once."""
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    named: dict[str, ast.expr] = {
        target.id: line.value
        for line in ast.walk(scope)
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant | ast.JoinedStr | ast.IfExp)
        for target in line.targets
        if isinstance(target, ast.Name)
    }
    yield from ((node, named) for node in ast.walk(scope) if isinstance(node, ast.Call))


def _titles(node: ast.ClassDef) -> Iterator[str]:
    for line in node.body:
        match line:
            case ast.AnnAssign(target=ast.Name(id="title"), value=ast.Constant(value=str(title))):
                yield title
            case ast.Assign(targets=[ast.Name(id="advice")], value=ast.Constant(value=str(advice))):
                yield advice
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = zip(names, values, strict=True)
                yield from (
                    str(value.value)
                    for name, value in pairs
                    if isinstance(name, ast.Name) and name.id == "title" and isinstance(value, ast.Constant)
                )


def _called(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _first(id_: str | tuple[str, ...] | list[str]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


def _whole(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and (isinstance(string, str) or all(string or ()))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
