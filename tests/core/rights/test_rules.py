"""What roles and bindings show someone, case by case, and against another reading of the same rules."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from basefly.base.sight import Named, Profile
from basefly.core.rights.rules import Bound, Person, Rule, person, profile
from basefly.sim.access.rbac import Rule as Simulated
from basefly.sim.requests import Target

VIEW = frozenset({"Group/basefly:view"})
MIA = person("basefly:1", ["basefly:view"], {})
SERVED = ("pods", "secrets", "namespaces", "nodes", "deployments.apps", "things.example.com")


def rule(*resources: str, verbs: tuple[str, ...] = ("get",), groups: tuple[str, ...] = ("",), **more: Any) -> Rule:
    return Rule(verbs=verbs, api_groups=groups, resources=resources, **more)


def seen(*rules: Rule, namespace: str | None = None, who: Person = MIA, to: frozenset[str] = VIEW) -> Profile:
    return profile([Bound(namespace, to, rules)], who, SERVED)


class TestRules:
    @pytest.mark.parametrize(
        ("given", "whole"),
        [
            (rule("pods"), {"pods"}),
            (rule("pods", verbs=("*",)), {"pods"}),
            (rule("pods", verbs=("list", "watch")), set()),
            (rule("pods/log", "*/status"), set()),
            (rule("pods", groups=("apps",)), set()),
            (rule("deployments", groups=("apps",)), {"deployments.apps"}),
            (rule("*", groups=("apps",)), {"deployments.apps"}),
            (rule("*"), {"pods", "secrets", "namespaces", "nodes"}),
            (rule("things", groups=("*",)), {"things.example.com"}),
            (rule("pods", groups=()), set()),
            (Rule(verbs=("get",)), set()),
        ],
    )
    def test_verbs_groups_and_resources(self, given: Rule, whole: set[str]) -> None:
        assert seen(given) == Profile(frozenset(whole))

    def test_stars_are_about_kinds_to_come(self) -> None:
        assert seen(rule("*", groups=("*",))).shows("new.example.com", "shop", "a")

    def test_names(self) -> None:
        found = seen(rule("secrets", resource_names=("a",)))
        assert found.shows("secrets", "shop", "a")
        assert not found.shows("secrets", "shop", "b")
        assert not found.shows("pods", "shop", "a")

    def test_a_namespace_bounds_what_is_bound_in_it(self) -> None:
        found = seen(rule("pods", "nodes"), rule("secrets", resource_names=("a",)), namespace="shop")
        assert found.shows("pods", "shop", "x")
        assert found.shows("secrets", "shop", "a")
        assert not found.shows("pods", "bank", "x")
        assert not found.shows("nodes", "", "x")
        assert not found.shows("secrets", "bank", "a")

    def test_a_request_for_a_namespace_is_one_within_it(self) -> None:
        found = seen(rule("namespaces"), namespace="shop")
        assert found.names == {Named("namespaces", "", "shop")}
        assert seen(rule("*", groups=("*",)), namespace="shop").shows("namespaces", "", "shop")

    def test_everybody_whom_the_hub_names_is_authenticated(self) -> None:
        assert seen(rule("pods"), to=frozenset({"Group/system:authenticated"})).shows("pods", "shop", "a")
        assert not seen(rule("pods"), to=frozenset({"Group/others", "User/basefly:2"})).shows("pods", "shop", "a")

    def test_groups_of_a_place_count_there(self) -> None:
        who = person("basefly:1", [], {"shop": ["basefly:view"]})
        found = seen(rule("pods", "nodes"), who=who)
        assert found.shows("pods", "shop", "a")
        assert not found.shows("pods", "bank", "a")
        assert not found.shows("nodes", "", "a")
        assert not seen(rule("pods"), namespace="bank", who=who).shows("pods", "bank", "a")


def test_random_rules_mean_what_the_simulated_api_server_takes_them_for() -> None:
    dice = random.Random(7)  # noqa: S311  # the same on every run, and no secret
    words = {"verbs": ["get", "list", "*"], "apiGroups": ["", "apps", "*"], "resources": ["pods", "deployments", "*"]}
    allowed = 0
    for _ in range(3000):
        told = {key: dice.sample(values, dice.randint(1, 2)) for key, values in words.items()}
        told["resourceNames"] = dice.choice([[], ["a"], ["a", "b"]])
        space, resource, name = dice.choice([None, "shop"]), dice.choice(SERVED), dice.choice("abc")
        found = seen(msgspec.convert(told, Rule), namespace=space)
        where = name if resource == "namespaces" else dice.choice(["shop", "bank"])
        plural, _, group = resource.partition(".")
        target = Target(verb="get", group=group, resource=plural, namespace=where, name=name)
        may = msgspec.convert(told, Simulated).allows(target) and space in (None, where)
        assert found.shows(resource, "" if resource == "namespaces" else where, name) is may, told
        allowed += may
    assert 300 < allowed < 2700
