"""Label and field selectors in Kubernetes' own syntax, compiled to predicates over records."""

from __future__ import annotations

import re
from collections.abc import Callable

from basefly.sim.status import bad_request
from basefly.sim.store.record import Record, field, fields_of

Predicate = Callable[[Record], bool]
_TOKEN = re.compile(r"\s*(?:(==|=|!=|!|,|\(|\)|<|>)|([^\s=!,()<>]+))")
_ENDS = ("", ",")


def matcher(resource: str, labels: str, fields: str) -> Predicate | None:
    """One predicate for both selectors, or None when everything matches."""
    tests = [*_label_tests(labels), *_field_tests(resource, fields)]
    if not tests:
        return None
    return lambda record: all(test(record) for test in tests)


def label_matcher(labels: str) -> Predicate:
    """A predicate for a label selector alone."""
    tests = _label_tests(labels)
    return lambda record: all(test(record) for test in tests)


class _Tokens:
    def __init__(self, text: str) -> None:
        self.tokens = [symbol or word for symbol, word in _TOKEN.findall(text)] if text.strip() else []
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def expect(self, wanted: str) -> None:
        found = self.take()
        if found != wanted:
            raise bad_request(f"unable to parse requirement: found '{found}' expected: '{wanted}'")

    def word(self, expected: str = "identifier") -> str:
        token = self.take()
        if token in ("", "=", "==", "!=", "!", ",", "(", ")", "<", ">"):
            raise bad_request(f"unable to parse requirement: found '{token}', expected: {expected}")
        return token


def _label_tests(text: str) -> list[Predicate]:
    tokens = _Tokens(text)
    tests: list[Predicate] = []
    while tokens.next:
        tests.append(_requirement(tokens))
        if tokens.next:
            tokens.expect(",")
    return tests


def _requirement(tokens: _Tokens) -> Predicate:
    if tokens.next == "!":
        tokens.take()
        absent = tokens.word()
        return lambda record: absent not in record.labels
    if tokens.next == ",":
        raise bad_request("found ',', expected: !, identifier, or 'end of string'")
    key = tokens.word()
    if tokens.next in _ENDS:
        return lambda record: key in record.labels
    operator = tokens.take()
    if operator in ("in", "notin"):
        values = _values(tokens)
        if operator == "in":
            return lambda record: record.labels.get(key) in values
        return lambda record: record.labels.get(key) not in values
    if operator not in ("=", "==", "!=", "<", ">"):
        wanted = "in, notin, =, ==, !=, gt, lt"
        raise bad_request(f"unable to parse requirement: found '{operator}', expected: {wanted}")
    value = "" if tokens.next in _ENDS else tokens.word()
    if operator in ("<", ">"):
        return _numeric(key, operator, value)
    if operator == "!=":
        return lambda record: record.labels.get(key) != value
    return lambda record: record.labels.get(key) == value


def _values(tokens: _Tokens) -> frozenset[str]:
    tokens.expect("(")
    values = set()
    while tokens.next != ")":
        values.add("" if tokens.next == "," else tokens.word("',' or ')'"))
        if tokens.next == ",":
            tokens.take()
    tokens.take()
    return frozenset(values)


def _numeric(key: str, operator: str, value: str) -> Predicate:
    if not value.lstrip("-").isdigit():
        raise bad_request(
            f"values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )
    bound = int(value)

    def test(record: Record) -> bool:
        held = record.labels.get(key, "")
        if not held.lstrip("-").isdigit():
            return False
        return int(held) > bound if operator == ">" else int(held) < bound

    return test


def _field_tests(resource: str, text: str) -> list[Predicate]:
    """Name and namespace are at hand; for anything else the object is made, once for all terms."""
    near: list[Predicate] = []
    far: list[tuple[str, str, bool]] = []
    for term in text.split(","):
        if not term:
            continue
        parts = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", term)
        if not parts:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        path, operator, value = parts.groups()
        if path in ("metadata.name", "metadata.namespace"):
            near.append(_near(path.removeprefix("metadata."), value, equal=operator != "!="))
        elif path in fields_of(resource):
            far.append((path, value, operator != "!="))
        else:
            raise bad_request(f"field label not supported: {path}")
    return [*near, _far(far)] if far else near


def _near(name: str, wanted: str, *, equal: bool) -> Predicate:
    return lambda record: (getattr(record, name) == wanted) is equal


def _far(terms: list[tuple[str, str, bool]]) -> Predicate:
    def test(record: Record) -> bool:
        obj = record.load()
        return all((field(obj, path) == wanted) is equal for path, wanted, equal in terms)

    return test
