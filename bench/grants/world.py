"""A small organization in memory: people, teams, roles, grants, clusters; edited by the rules of `core.access`.

What counts is decided by the code of the product (`rights.closure`, `rights.holdings`, `model.narrowed`); around it
stands only what its actions do with a database. Time is a number of hours from a fixed moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from basefly.base.principal import Grant
from basefly.core.access.model import Held, Where
from basefly.core.access.rights import closure, holdings

PERMISSIONS = ("access:read", "access:write", "access:own", "audit:read", "inventory:read", "workloads:write")
CLUSTERS = tuple(UUID(int=number) for number in range(1, 4))
NAMESPACES = ("shop", "search")
RULES = (Where(clusters="labels", labels="env=dev"), Where(clusters="region", region="eu"))
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
OURS = ("owner", "admin", "operator", "viewer")
OWNER = Where()

Check = Callable[[Grant, Iterable[Grant], bool], bool]


@dataclass(frozen=True)
class Given:
    """A grant: to a person (P…) or a team (T…)."""

    number: int
    subject: str
    role: str
    where: Where
    ends: int | None  # hours from BEGIN


def check(grant: Grant, held: Iterable[Grant], lasting: bool) -> bool:
    """The product's own rule."""
    return closure.within(grant, held, lasting=lasting)


@dataclass
class World:
    """The organization at one moment. Every edit answers whether it was allowed; one that was not changes nothing."""

    check: Check = check
    hour: int = 0
    people: list[str] = field(default_factory=lambda: [f"P{number}" for number in range(5)])
    teams: dict[str, set[str]] = field(default_factory=lambda: {"T0": set(), "T1": set()})
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    grants: dict[int, Given] = field(default_factory=dict)
    chosen: dict[str, frozenset[UUID]] = field(default_factory=lambda: {each.rule: frozenset() for each in RULES})
    numbers: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def founded(cls, check: Check = check) -> World:
        """With its first owner."""
        world = cls(check)
        world._add("P0", "owner", OWNER, None)
        return world

    def held(self, person: str) -> list[Given]:
        """What counts for a person now: their own grants and their teams'."""
        return [
            each
            for each in self.grants.values()
            if (each.subject == person or person in self.teams.get(each.subject, ()))
            and (each.ends is None or each.ends > self.hour)
        ]

    def counted(self, given: Iterable[Given]) -> list[Grant]:
        """Grants as they count."""
        return [self._counted(each) for each in given]

    def owners(self) -> set[str]:
        """Who owns the organization: themselves and without end."""
        return {
            each.subject
            for each in self.grants.values()
            if each.role == "owner" and each.where.whole and each.ends is None and each.subject in self.people
        }

    # The edits

    def grant(self, by: str, subject: str, role: str, where: Where, ends: int | None) -> bool:
        """Give a role."""
        if (ends is not None and ends <= self.hour) or (role == "owner" and not where.whole):
            return False
        to_be = self._counted(Given(0, subject, role, where, ends))
        if not to_be.permissions or not self._may(by) or not self._within(by, [to_be]):
            return False
        self._add(subject, role, where, ends)
        return True

    def revoke(self, by: str, number: int) -> bool:
        """Take a grant away."""
        given = self.grants.get(number)
        if given is None or not self._may(by) or not self._within(by, [self._counted(given)], lasting=False):
            return False
        del self.grants[number]
        if not self.owners():
            self.grants[number] = given
            return False
        return True

    def change_role(self, by: str, role: str, permissions: frozenset[str]) -> bool:
        """Make or change a role of the organization's own."""
        touched = Grant(permissions | self.roles.get(role, frozenset()))
        if not permissions or not self._may(by, whole=True) or not self._within(by, [touched]):
            return False
        self.roles[role] = permissions
        return True

    def join(self, by: str, team: str, person: str) -> bool:
        """Put someone into a team."""
        if not self._may(by, whole=True) or not self._within(by, self.counted(self._of_team(team))):
            return False
        self.teams[team].add(person)
        return True

    def part(self, by: str, team: str, person: str) -> bool:
        """Take someone out of a team, or leave it oneself."""
        allowed = by == person or (
            self._may(by, whole=True) and self._within(by, self.counted(self._of_team(team)), lasting=False)
        )
        if not allowed or person not in self.teams[team]:
            return False
        self.teams[team].discard(person)
        return True

    def wait(self, hours: int) -> bool:
        """Let time pass."""
        self.hour += hours
        return True

    def relabel(self, rule: str, clusters: frozenset[UUID]) -> bool:
        """The clusters change their labels or their region."""
        self.chosen[rule] = clusters
        return True

    def _add(self, subject: str, role: str, where: Where, ends: int | None) -> None:
        number = next(self.numbers)
        self.grants[number] = Given(number, subject, role, where, ends)

    def _of_team(self, team: str) -> list[Given]:
        return [
            each
            for each in self.grants.values()
            if each.subject == team and (each.ends is None or each.ends > self.hour)
        ]

    def _may(self, by: str, *, whole: bool = False) -> bool:
        held = [each for each in self.counted(self.held(by)) if "access:write" in each.permissions]
        return any(each.covers() for each in held) if whole else bool(held)

    def _within(self, by: str, grants: Iterable[Grant], *, lasting: bool = True) -> bool:
        held = self.counted(self.held(by))
        return all(self.check(each, held, lasting) for each in grants)

    def _counted(self, given: Given) -> Grant:
        return counted(given, self.roles, self.chosen)


def counted(given: Given, roles: Mapping[str, frozenset[str]], chosen: Mapping[str, frozenset[UUID]]) -> Grant:
    """A grant as the product counts it."""
    ours = given.role in OURS
    held = Held(
        id=UUID(int=given.number),
        user_id=UUID(int=0),
        role=given.role if ours else None,
        role_name=given.role,
        permissions=None if ours else sorted(roles.get(given.role, ())),
        via="",
        clusters=given.where.clusters,
        cluster_ids=given.where.cluster_ids,
        labels=given.where.labels,
        region=given.where.region,
        namespaces=given.where.namespaces,
        expires_at=None if given.ends is None else BEGIN + timedelta(hours=given.ends),
    )
    return holdings.grant(held, PERMISSIONS, chosen)
