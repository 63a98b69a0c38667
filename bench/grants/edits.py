"""Sequences of random edits, each judged: what anyone gains by it, whoever made it had; and an owner stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from basefly.core.access.model import Where
from bench.grants.power import power
from bench.grants.world import CLUSTERS, NAMESPACES, OURS, PERMISSIONS, RULES, Check, World, check

T = TypeVar("T")
Choose = Callable[[int], int]  # a number below another one
OWN_ROLES = ("R0", "R1")
KINDS = (*["grant"] * 8, *["revoke"] * 3, "role", "role", "join", "join", "part", "wait", "relabel")


class Exceeded(AssertionError):
    """Somebody got more than whoever gave it had, or the organization lost its last owner."""


def run(choose: Choose, steps: int, rule: Check = check) -> Counter[str]:
    """A sequence of edits; how many of each kind were allowed. Raises Exceeded."""
    world = World.founded(rule)
    allowed: Counter[str] = Counter()
    for _ in range(steps):
        kind = _pick(choose, KINDS)
        by = _pick(choose, world.people)
        before = {person: power(world, person) for person in world.people}
        changed = _edit(world, choose, kind, by)
        allowed[kind if changed else f"{kind} refused"] += 1
        if kind == "wait":
            before = {person: power(world, person) for person in world.people}
        _judge(world, before, None if kind in ("wait", "relabel") else by, kind)
    return allowed


def _judge(world: World, before: dict[str, int], by: str | None, kind: str) -> None:
    if not world.owners():
        raise Exceeded(f"{kind} by {by} left no owner")
    if by is None:
        return
    for person in world.people:
        gained = power(world, person) & ~before[person]
        if gained & ~before[by]:
            raise Exceeded(f"{kind} by {by} gave {person} what {by} has not: {world.grants}")


def _edit(world: World, choose: Choose, kind: str, by: str) -> bool:
    match kind:
        case "grant":
            subject = _pick(choose, [*world.people, *world.teams])
            role = _pick(choose, [*OURS, *(role for role in OWN_ROLES if role in world.roles)])
            return world.grant(by, subject, role, _where(choose), _ends(choose, world.hour))
        case "revoke":
            return bool(world.grants) and world.revoke(by, _pick(choose, sorted(world.grants)))
        case "role":
            return world.change_role(by, _pick(choose, OWN_ROLES), _some(choose, PERMISSIONS))
        case "join":
            return world.join(by, _pick(choose, sorted(world.teams)), _pick(choose, world.people))
        case "part":
            return world.part(by, _pick(choose, sorted(world.teams)), _pick(choose, world.people))
        case "wait":
            return world.wait(1 + choose(2))
        case _:
            return world.relabel(_pick(choose, RULES).rule, _some(choose, CLUSTERS))


def _where(choose: Choose) -> Where:
    namespaces = tuple(sorted(_some(choose, NAMESPACES))) if choose(3) == 0 else ()
    kind = choose(5)
    named = namespaces or None
    if kind < 2:
        return Where(namespaces=named)
    if kind == 2:
        ids = tuple(sorted(_some(choose, CLUSTERS))) or CLUSTERS[:1]
        return Where(clusters="ids", cluster_ids=ids, namespaces=named)
    rule = RULES[kind - 3]
    return Where(clusters=rule.clusters, labels=rule.labels, region=rule.region, namespaces=named)


def _ends(choose: Choose, hour: int) -> int | None:
    return hour + choose(7) if choose(2) else None


def _pick(choose: Choose, options: Sequence[T]) -> T:
    return options[choose(len(options))]


def _some(choose: Choose, options: Sequence[T]) -> frozenset[T]:
    bits = choose(2 ** len(options))
    return frozenset(each for place, each in enumerate(options) if bits >> place & 1)
