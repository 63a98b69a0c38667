"""What roles and bindings let someone see of one cluster. Pure.

The rules are those of the API server's RBAC authorizer (k8s.io/kubernetes, plugin/pkg/auth/authorizer/rbac and
pkg/apis/rbac/v1/evaluation_helpers.go). Seeing an object is `get` on it: of the verbs that read, the only one that can
be asked of a single object by its name. Roles that aggregate others carry those rules in their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from basefly.base.sight import Kinds, Named, Profile, holds

VERB = "get"
NAMESPACES = "namespaces"
EVERYBODY = "Group/system:authenticated"  # the API server puts everybody into it whom somebody else vouches for
_ANY = "*"


class Rule(msgspec.Struct, rename="camel", frozen=True):
    """A rule of a role, as far as it is about objects."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether it lets anyone see anything."""
        return (_ANY in self.verbs or VERB in self.verbs) and bool(self.api_groups) and bool(self.resources)

    def covers(self, resource: str) -> bool:
        """Whether it is about a resource, such as "deployments.apps". Of a subresource ("pods/log") it is not."""
        plural, _, group = resource.partition(".")
        return (_ANY in self.api_groups or group in self.api_groups) and (
            _ANY in self.resources or plural in self.resources
        )

    @property
    def about_everything(self) -> bool:
        """Whether it is about every kind that there may ever be."""
        return _ANY in self.api_groups and _ANY in self.resources


class Bound(msgspec.Struct, frozen=True):
    """Rules given to subjects ("Group/basefly:view"), in one namespace, or everywhere (None)."""

    namespace: str | None
    subjects: frozenset[str]
    rules: tuple[Rule, ...]


class Person(msgspec.Struct, frozen=True):
    """The subjects that someone is in a cluster: everywhere, and in namespaces where their grants give more."""

    everywhere: frozenset[str]
    within: frozenset[tuple[str, frozenset[str]]] = frozenset()

    @property
    def subjects(self) -> frozenset[str]:
        """All that they are anywhere."""
        return self.everywhere.union(*(subjects for _, subjects in self.within))


def person(user: str, everywhere: Iterable[str], within: Mapping[str, Iterable[str]]) -> Person:
    """Someone of this user and these groups; `within` are their groups in single namespaces."""

    def subjects(groups: Iterable[str]) -> frozenset[str]:
        return frozenset({f"User/{user}", EVERYBODY, *(f"Group/{group}" for group in groups)})

    return Person(subjects(everywhere), frozenset((space, subjects(groups)) for space, groups in within.items()))


def profile(bound: Iterable[Bound], who: Person, resources: Iterable[str]) -> Profile:
    """What someone sees of a cluster that serves these resources."""
    given, served = tuple(bound), frozenset(resources)
    rules = _given(given, None, who.everywhere)
    whole, names = _kinds(rules, served), {Named(r, None, n) for r, n in _names(rules, served)}
    within = dict(who.within)
    spaces: set[tuple[str, Kinds]] = set()
    for space in {each.namespace for each in given if each.namespace is not None} | within.keys():
        rules = _given(given, space, within.get(space, who.everywhere))
        kinds = _kinds(rules, served)
        more = kinds if kinds is None or whole is None else kinds - whole - {NAMESPACES}
        if whole is not None and (more is None or more):
            spaces.add((space, more))
        names |= {Named(r, space, n) for r, n in _names(rules, served) if r != NAMESPACES and not holds(kinds, r)}
        if holds(kinds, NAMESPACES) or (NAMESPACES, space) in _names(rules, served):
            names.add(Named(NAMESPACES, "", space))  # a request for a namespace is one within it
    kept = _beyond(names, whole)
    return Profile(whole, frozenset(spaces), kept)


def profiles() -> Callable[[frozenset[Bound], Person, frozenset[str]], Profile]:
    """`profile`, which works out only once what many clusters have alike."""
    known: dict[tuple[frozenset[Bound], Person, frozenset[str]], Profile] = {}

    def remembered(bound: frozenset[Bound], who: Person, resources: frozenset[str]) -> Profile:
        key = (bound, who, resources)
        if key not in known:
            known[key] = profile(bound, who, resources)
        return known[key]

    return remembered


def _given(bound: Iterable[Bound], space: str | None, subjects: frozenset[str]) -> list[Rule]:
    """The rules that read, of what is bound to these subjects there: everywhere, or within a namespace too."""
    return [
        rule
        for each in bound
        if each.namespace in (None, space) and not each.subjects.isdisjoint(subjects)
        for rule in each.rules
        if rule.reads
    ]


def _kinds(rules: Iterable[Rule], served: frozenset[str]) -> Kinds:
    """The kinds of which the rules show every object."""
    unnamed = [rule for rule in rules if not rule.resource_names]
    if any(rule.about_everything for rule in unnamed):
        return None
    return frozenset(resource for resource in served if any(rule.covers(resource) for rule in unnamed))


def _names(rules: Iterable[Rule], served: frozenset[str]) -> set[tuple[str, str]]:
    """The objects that the rules show by their names."""
    return {
        (resource, name)
        for rule in rules
        if rule.resource_names
        for resource in served
        if rule.covers(resource)
        for name in rule.resource_names
    }


def _beyond(names: set[Named], whole: Kinds) -> frozenset[Named]:
    """The names that say more than that their kind is seen anyway."""
    anywhere = {(each.resource, each.name) for each in names if each.namespace is None}
    return frozenset(
        each
        for each in names
        if not holds(whole, each.resource) and (each.namespace is None or (each.resource, each.name) not in anywhere)
    )
