"""Label selectors in Kubernetes' own syntax, as conditions on the labels of a row.

Grammar: k8s.io/apimachinery/pkg/labels/selector.go. `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`,
joined by commas, all of which must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from basefly.base.errors import FieldError, Invalid

Operator = Literal["in", "notin", "exists", "absent"]


class Requirement(msgspec.Struct, frozen=True):
    """One condition on one label. As in Kubernetes, `notin` also holds where the label is absent."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()


_KEY = r"(?P<key>(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*{_KEY.replace('key', 'missing')}"
    rf"|{_KEY}\s*(?:(?P<equals>!=|==|=)\s*(?P<value>{_VALUE})"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)
_SET_VALUE = re.compile(_VALUE)


def parse(text: str) -> tuple[Requirement, ...]:
    """Read a selector; an empty one selects everything. Raises Invalid that shows where reading stopped."""
    requirements: list[Requirement] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _REQUIREMENT.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        requirements.append(_requirement(match, text))
        position = match.end()
    if text.endswith(","):
        raise _unreadable(text, len(text))
    return tuple(requirements)


def holds(requirements: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether labels meet every requirement."""
    return all(_met(each, labels) for each in requirements)


def _met(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "in":
            return value in requirement.values
        case "notin":
            return value not in requirement.values
        case "exists":
            return value is not None
        case "absent":
            return value is None


def _requirement(match: re.Match[str], text: str) -> Requirement:
    if match["absent"]:
        return Requirement(match["missing"], "absent")
    if match["equals"]:
        return Requirement(match["key"], "notin" if match["equals"] == "!=" else "in", (match["value"],))
    if match["set"]:
        values = tuple(value.strip() for value in match["values"].split(","))
        if not all(_SET_VALUE.fullmatch(value) for value in values):
            raise _unreadable(text, match.start("values"))
        return Requirement(match["key"], match["set"], values)  # type: ignore[arg-type]  # the pattern admits in, notin
    return Requirement(match["key"], "exists")


def _unreadable(text: str, position: int) -> Invalid:
    rest = text[position : position + 20]
    detail = f"The label selector {text!r} cannot be read at character {position + 1}: {rest!r}."
    return Invalid(
        detail,
        errors=(FieldError("/labels", detail),),
        cure="Write it as kubectl does: app=web,tier in (front,back),!legacy",
    )


def written(selector: dict[str, Any]) -> str:
    """A LabelSelector as it stands in a query; of a ReplicationController, which has but labels, too."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in selector.items())
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or []:
        values = f" ({','.join(each.get('values') or [])})"
        parts.append({
            "In": f"{each['key']} in{values}",
            "NotIn": f"{each['key']} notin{values}",
            "Exists": each["key"],
            "DoesNotExist": f"!{each['key']}",
        }[each["operator"]])  # fmt: skip
    return ",".join(parts)
