"""The shapes of built-in objects, from the field tags of k8s.io/api: numbers, JSON names, types and merge keys."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec


class Form(IntEnum):
    """How a field holds its type. A value that is zero is left out of JSON, what a pointer points to is not."""

    VALUE = 0
    LIST = 1
    MAP = 2
    POINTER = 3


class Field(NamedTuple):
    """A field's JSON name, empty where Go inlines it; its type, one letter for scalars or a message's name."""

    name: str
    type: str
    form: Form = Form.VALUE


class Messages(msgspec.Struct, frozen=True):
    """`kinds` leads from apiVersion/kind to a message; `merge` from a message's list fields to their merge keys.

    `always` has what Go writes even where it is empty; `keys` how apply tells members apart: a list by the keys of its
    members, a set by none, and None is a member that belongs to one manager as a whole.
    """

    kinds: dict[str, str]
    messages: dict[str, dict[int, Field]]
    merge: dict[str, dict[str, str]]
    always: dict[str, dict[str, Any]]
    keys: dict[str, dict[str, list[str] | None]]

    def of(self, api_version: str, kind: str) -> str | None:
        """The message of a kind; DeleteOptions belong to every group."""
        if kind == "DeleteOptions":
            return "meta.DeleteOptions"
        return self.kinds.get(f"{api_version}/{kind}")

    def member(self, message: str, name: str) -> tuple[Field, str | None] | None:
        """A field by its JSON name, and its merge key: None for a list that is replaced as a whole."""
        for field in self.messages.get(message, {}).values():
            if field.name == name:
                return field, self.merge.get(message, {}).get(name)
            if not field.name and (found := self.member(field.type, name)):
                return found
        return None


@cache
def messages() -> Messages:
    text = resources.files("basefly.sim.bodies").joinpath("messages.json").read_bytes()
    return msgspec.json.decode(text, type=Messages)
