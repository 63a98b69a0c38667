"""What someone can do, counted atom by atom and without any rule of the product: the judge of its rules.

An atom is one permission, in one cluster, in one namespace, at one time. Beside the clusters that are there stand those
that may come: one of each way to fit the rules by labels and by region. So a rule is judged for all that it may choose
one day, not only for what it chooses now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product
from uuid import UUID

from bench.grants.world import CLUSTERS, NAMESPACES, PERMISSIONS, RULES, Given, World

READERS = frozenset({"access:read", "inventory:read"})
ROLES: Mapping[str, frozenset[str]] = {
    "owner": frozenset(PERMISSIONS),
    "admin": frozenset(PERMISSIONS) - {"access:own"},
    "operator": READERS | {"workloads:write"},
    "viewer": READERS,
}
WHOLE = frozenset({"access:own", "audit:read"})  # not given over a part of the organization
TO_COME = tuple(product((False, True), repeat=len(RULES)))  # clusters that may come, by the rules that they fit
SPOTS = (*NAMESPACES, "another", "the cluster itself")
HOURS = 12  # what lasts beyond is for ever

SEATS = len(CLUSTERS) + len(TO_COME)
_BITS = {
    atom: 1 << bit for bit, atom in enumerate(product(PERMISSIONS, range(SEATS), range(len(SPOTS)), range(HOURS + 2)))
}


def power(world: World, person: str) -> int:
    """All atoms that a person has from now on, as bits."""
    return united(world, world.held(person))


def united(world: World, held: Iterable[Given]) -> int:
    """All atoms of some grants."""
    total = 0
    for given in held:
        permissions = ROLES[given.role] if given.role in ROLES else world.roles.get(given.role, frozenset())
        where = given.where
        whole = where.clusters == "all" and where.namespaces is None
        total |= _atoms(
            permissions if whole else permissions - WHOLE,
            _seats(world, given),
            where.namespaces,
            world.hour,
            HOURS + 1 if given.ends is None else min(given.ends - 1, HOURS),
        )
    return total


def _seats(world: World, given: Given) -> frozenset[int]:
    where = given.where
    if where.clusters == "all":
        return frozenset(range(SEATS))
    if where.clusters == "ids":
        return frozenset(CLUSTERS.index(each) for each in where.cluster_ids or ())
    place = [rule.rule for rule in RULES].index(where.rule)
    now: frozenset[UUID] = world.chosen[where.rule]
    return frozenset(CLUSTERS.index(each) for each in now) | frozenset(
        len(CLUSTERS) + seat for seat, fits in enumerate(TO_COME) if fits[place]
    )


@lru_cache(100_000)
def _atoms(
    permissions: frozenset[str], seats: frozenset[int], namespaces: tuple[str, ...] | None, first: int, last: int
) -> int:
    spots = range(len(SPOTS)) if namespaces is None else [SPOTS.index(each) for each in namespaces]
    bits = 0
    for atom in product(permissions, seats, spots, range(min(first, HOURS), last + 1)):
        bits |= _BITS[atom]
    return bits
